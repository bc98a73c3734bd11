"""Logs that refuse, fill up, lock, dawdle, are of another version or too long, under a running session.

More of them stand in tests/crash/test_faults.py.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from rocket_magic import Rocketry, VirtualClock
from rocket_magic._protocols import Action
from rocket_magic.conds import after_success, daily, every
from rocket_magic.exc import RepositoryError, TaskLoggingError
from rocket_magic.instants import SECOND
from rocket_magic.log import Record
from tests.crash.oracle import violations
from tests.crash.test_faults import FaultyRepo
from tests.faults.support import Heart, Program, actions, wait_for


def ran_in_worker(path):
    """Leave a trace of having run."""
    Path(path).touch()


@pytest.mark.slow
def test_no_code_of_a_process_without_its_record(tmp_path):
    """F41, D4: in a process too; the error names the log and what it said."""
    app = Rocketry(execution="process", logger_repo=FaultyRepo("run"))
    trace = tmp_path / "ran"
    app.task(daily, name="work", func=ran_in_worker, parameters={"path": str(trace)})
    with pytest.raises(TaskLoggingError, match="No space left"):
        app.run()
    threading.Event().wait(0.3)
    assert not trace.exists()
    assert app.session.scheduler.state == "crashed"
    assert app.session["work"].status is None


def test_a_background_session_says_why_it_stopped():
    """F41, I4: nobody waits for `start_thread`, so the state tells the error."""
    app = Rocketry(execution="thread", logger_repo=FaultyRepo("run"))
    app.task(daily, name="work", func=lambda: None)
    app.session.start_thread()
    wait_for(lambda: app.session.scheduler.state == "crashed")
    assert "No space left" in app.session.snapshot_state().problem
    assert app.session.stop(wait=5)


@pytest.mark.parametrize("mode", ["main", "async", "thread"])
def test_an_outcome_that_is_refused_stops_the_session_unless_silenced(mode):
    """F43: the code ran once, the outcome counts as happened, the error names the log."""
    ran = []
    app = Rocketry(execution=mode, logger_repo=FaultyRepo("success"))
    app.task(daily, name="work", func=lambda: ran.append(1))
    with pytest.raises(TaskLoggingError, match="No space left"):
        app.run()
    assert ran == [1]
    assert app.session["work"].status == "success"
    assert app.session.log.lost == 1


def test_a_log_that_refuses_the_runs_of_one_task():
    """F42: with writes refused for ever, starts are held, code never runs, and shutdown works."""
    repo, ran = FaultyRepo("run"), []
    app = Rocketry(execution="thread", logger_repo=repo, silence_task_logging=True, log_retry="20 ms")
    app.task(every("10 ms"), name="work", func=lambda: ran.append(1))
    app.session.start_thread()
    wait_for(lambda: app.session.scheduler.state == "held" and repo.tries >= 3)
    assert "No space left" in app.session.snapshot_state().problem
    assert app.session.stop(wait=5)
    assert ran == []
    assert repo.tries < 12  # with backoff: no storm


def mounted(*options: str) -> bool:
    """Mount something; whether it could be done."""
    return subprocess.run(["mount", *options], capture_output=True, check=False).returncode == 0


@pytest.fixture(params=[("csv", 64, 40), ("sqlite", 512, 300)], ids=["csv", "sqlite"])
def small_disk(request, tmp_path) -> Iterator[tuple[str, Path]]:
    """The URL of a log on a tiny file system, and a file whose removal makes room."""
    kind, size, filled = request.param
    folder = tmp_path / "disk"
    folder.mkdir()
    if not mounted("-t", "tmpfs", "-o", f"size={size}k", "tmpfs", str(folder)):
        pytest.skip("needs to be root to mount a small disk")
    filler = folder / "filler"
    filler.write_bytes(bytes(filled * 1024))
    yield {"csv": f"csv:{folder}/log.csv", "sqlite": f"sqlite:///{folder}/log.db"}[kind], filler
    subprocess.run(["umount", "-l", folder], check=True)


def test_a_disk_that_is_full_and_free_again(small_disk, caplog):
    """F44, I1, I4: starts are held and no row is torn; one error; then everything goes on."""
    url, filler = small_disk
    ran = []
    app = Rocketry(execution="main", logger_repo=url, silence_task_logging=True, log_retry="20 ms")
    app.task(every("2 ms"), name="work", func=lambda: ran.append(1))
    with caplog.at_level(logging.ERROR, "rocketry.scheduler"):
        app.session.start_thread()
        wait_for(lambda: "the task log can't be written" in str(app.session.snapshot_state().problem))
        n = len(ran)
        threading.Event().wait(0.2)
        assert len(ran) <= n + 1
        app.session["work"].start_cond = every("100 ms")
        filler.unlink()
        wait_for(lambda: len(ran) > n + 3)
    assert app.session.stop(wait=10)
    assert app.session.log.flush()
    assert app.session.log.lost == 0
    assert violations(app.session.get_task_log()) == []
    told = [record for record in caplog.records if "starts are held" in record.getMessage()]
    assert len([record for record in caplog.records if record.exc_info]) <= 2, told
    app.session.log.close()
    again = Rocketry(execution="main", logger_repo=url)
    rows = again.session.get_task_log()
    assert len([row for row in rows if row.action == "run"]) == len(ran)
    assert violations(rows) == []
    again.session.log.close()


@pytest.mark.slow
def test_a_slow_log_leaves_all_but_dependent_starts_alone(machine):
    """F45: 500 ms per write; the loop, snapshots and questions answer at once, the order stays."""
    repo = FaultyRepo(delay=0.5)
    app = Rocketry(execution="thread", logger_repo=repo)
    app.task(daily, name="first", func=lambda: None)
    app.task(after_success("first"), name="second", func=lambda: None)
    app.session.start_thread()
    clock = app.session.clock
    longest = 0
    while actions(app, "second") != ["run", "success"]:
        asked = clock.uptime()
        app.session.snapshot()
        app.session["second"].explain()
        looked = threading.Event()
        app.session._board.inbox.post(looked.set)
        assert looked.wait(5)
        longest = max(longest, clock.uptime() - asked)
        threading.Event().wait(0.01)
    assert longest < (0.25 + machine.lag) * SECOND
    assert app.session.stop(wait=5)
    assert violations(app.session.get_task_log()) == []


@pytest.mark.slow
def test_a_log_that_hangs_does_not_hold_up_a_forced_stop():
    """F45, L14: a write that never returns; the shutdown comes to an end all the same."""
    repo, go = FaultyRepo(), threading.Event()
    add = repo.add
    repo.add = lambda item: (go.wait(20), add(item))[1]
    app = Rocketry(execution="thread", logger_repo=repo, grace=0.2)
    app.task(daily, name="work", func=lambda: None)
    app.session.start_thread()
    app.session.snapshot()
    threading.Event().wait(0.1)
    try:
        stopped = app.session.stop(force=True, wait=1.5)
        state = app.session.scheduler.state
    finally:
        go.set()
        app.session.stop(force=True, wait=5)
    assert (stopped, state) == (True, "stopped")


LOCKER = """
import sqlite3, time
db = sqlite3.connect({path!r}, isolation_level=None)
db.execute("BEGIN EXCLUSIVE")
say("locked")
time.sleep({seconds})
db.execute("COMMIT")
say("free")
time.sleep(5)
"""


@pytest.mark.slow
def test_another_process_locks_the_database(tmp_path, machine):
    """F46, I3: for 2 s; nothing is lost, every start has its record first, the loop answers at once."""
    path = tmp_path / "log.db"
    app = Rocketry(execution="thread", logger_repo=f"sqlite:///{path}")
    ran = []
    app.task(every("100 ms"), name="work", func=lambda: ran.append(len(app.session.get_task_log())))
    app.session.start_thread()
    wait_for(lambda: len(ran) >= 2)
    with Program(LOCKER.format(path=str(path), seconds=2)) as other:
        other.expect("locked")
        n, longest = len(ran), 0
        for _ in range(20):
            asked = app.session.clock.uptime()
            app.session.snapshot()
            longest = max(longest, app.session.clock.uptime() - asked)
            threading.Event().wait(0.05)
        assert len(ran) <= n + 1  # the run record of one may have been in before
        assert longest < (0.25 + machine.lag) * SECOND
        assert app.session.scheduler.state == "running"
        other.expect("free")
    wait_for(lambda: len(ran) > n + 3)
    assert app.session.stop(wait=10)
    assert app.session.log.lost == 0
    assert violations(app.session.get_task_log()) == []
    assert len(app.session.get_task_log(action="run")) == len(ran)
    app.session.log.close()


class TestWhatSetRepoRefuses:
    """F47: a clear error at once; the log that was there goes on."""

    @pytest.fixture
    def app(self):
        app = Rocketry(execution="main")
        heart = Heart(app)
        app.session.start_thread()
        yield app
        heart.goes_on()
        assert app.session.scheduler.state == "running"
        assert app.session.stop(wait=5)
        assert app.session.log.url == "memory:"

    @pytest.mark.parametrize("url", ["csv:{}/no/log.csv", "sqlite:///{}/no/log.db"])
    def test_a_folder_that_is_missing(self, app, tmp_path, url):
        """F47: named."""
        with pytest.raises(RepositoryError, match="no/log"):
            app.session.set_repo(url.format(tmp_path))

    @pytest.mark.parametrize("url", ["csv:{}", "sqlite:///{}"])
    def test_a_folder_instead_of_a_file(self, app, tmp_path, url):
        """F47: named."""
        (tmp_path / "log").mkdir()
        with pytest.raises(RepositoryError, match="log"):
            app.session.set_repo(url.format(tmp_path / "log"))

    @pytest.mark.parametrize("kind", ["csv", "sqlite"])
    def test_a_file_that_may_only_be_read(self, app, tmp_path, kind):
        """F47: said when it is set, not at the first run."""
        path = tmp_path / f"log.{kind}"
        url = {"csv": f"csv:{path}", "sqlite": f"sqlite:///{path}"}[kind]
        first = Rocketry(execution="main", logger_repo=url, time_func=VirtualClock("2026-01-01"))
        first.task(daily, name="work", func=lambda: None)
        first.step(1)
        first.session.stop()
        first.session.log.close()
        with read_only(path), pytest.raises(RepositoryError, match=f"log.{kind}"):
            app.session.set_repo(url)

    def test_a_file_that_is_no_database(self, app, tmp_path):
        """F47: left as it is."""
        path = tmp_path / "log.db"
        path.write_text("just some text that is long enough to be looked at as a header" * 20)
        before = path.read_bytes()
        with pytest.raises(RepositoryError, match=r"log\.db"):
            app.session.set_repo(f"sqlite:///{path}")
        assert path.read_bytes() == before

    def test_a_table_of_a_newer_version(self, app, tmp_path):
        """F47: columns that we don't know and that must be filled are named; the table is left alone."""
        path = tmp_path / "log.db"
        with contextlib.closing(sqlite3.connect(path)) as db:
            db.execute(
                "CREATE TABLE task_log (id INTEGER PRIMARY KEY, created FLOAT, task_name TEXT, "
                "action TEXT, run_id TEXT, epoch INT NOT NULL)"
            )
            db.commit()
        with pytest.raises(RepositoryError, match="epoch"):
            app.session.set_repo(f"sqlite:///{path}")

    @pytest.mark.parametrize(
        "url", ["sqlite:///x.db?table=a;drop", "postgresql://u:pw@127.0.0.1:1/db", "ftp://x"]
    )
    def test_urls_that_lead_nowhere(self, app, url):
        """F47: without the password in the message."""
        with pytest.raises(RepositoryError) as caught:
            app.session.set_repo(url)
        assert "pw" not in str(caught.value).replace("pwd", "")


@contextlib.contextmanager
def read_only(path: Path) -> Iterator[None]:
    """A file that nobody may write, root included."""
    if os.getuid() == 0:
        if not mounted("--bind", "-o", "ro", str(path.parent), str(path.parent)):
            pytest.skip("needs to mount, or not to be root")
        try:
            yield
        finally:
            subprocess.run(["umount", "-l", path.parent], check=True)
        return
    path.chmod(0o400)
    path.parent.chmod(0o500)
    try:
        yield
    finally:
        path.parent.chmod(0o700)
        path.chmod(0o600)


def test_a_table_of_an_older_version_is_taken_over_by_a_session(tmp_path, caplog):
    """F47: brought up to date, told, and what it says counts: `daily` was done today."""
    path = tmp_path / "log.db"
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute(
            "CREATE TABLE task_log (id INTEGER PRIMARY KEY, created FLOAT, task_name TEXT, "
            "run_id TEXT, action TEXT)"
        )
        at = VirtualClock("2026-01-01 08:00")()
        for action in ("run", "success"):
            db.execute(
                "INSERT INTO task_log (created, task_name, run_id, action) VALUES (?, 'work', 'x', ?)",
                (at, action),
            )
        db.commit()
    app = Rocketry(
        execution="main", time_func=VirtualClock("2026-01-01 12:00"), logger_repo=f"sqlite:///{path}"
    )
    app.task(daily, name="work", func=lambda: None)
    app.step("11 hours")
    assert actions(app, "work") == ["run", "success"]
    app.step("2 hours")
    assert actions(app, "work") == ["run", "success"] * 2
    assert "columns added" in caplog.text
    app.session.stop()
    app.session.log.close()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sqlite", "memory"])
def test_a_long_log_is_no_burden(tmp_path, kind):
    """F48: 20,000 old records stand for 1e6 (a benchmark); start and questions cost what they always cost."""
    url = "memory:" if kind == "memory" else f"sqlite:///{tmp_path}/log.db"
    first = VirtualClock("2026-01-01").now()
    app = Rocketry(execution="main", time_func=VirtualClock("2026-01-02"), logger_repo=url)
    rows = []
    for i in range(10_000):
        rows += [
            Record("old", action, first + i * SECOND, f"r{i}", start=first)
            for action in (Action.RUN, Action.SUCCESS)
        ]
    app.session.log.write(rows, lambda _: None)
    assert app.session.log.flush()
    app.task(every("1 min"), name="old", func=lambda: None)
    app.task(after_success("old"), name="next", func=lambda: None)
    app.step(0)
    begun = time.process_time()
    app.step("1 hour")
    spent = time.process_time() - begun
    app.session.stop()
    assert len(actions(app, "next")) >= 120
    app.session.log.close()
    assert spent < 1.0  # 240 records; Rocketry took 1.1 s for each cycle and pipeline task


class Mail(logging.Handler):
    """A handler that raises, or hangs."""

    def __init__(self, go: threading.Event | None) -> None:
        super().__init__()
        self.go, self.calls = go, 0

    def emit(self, record: logging.LogRecord) -> None:
        self.calls += 1
        if self.go is None:
            raise ConnectionError("no mail server")
        self.go.wait(20)


@pytest.fixture
def mail():
    """Adds such a handler to both loggers, for the time of a test."""
    added = []

    def add(name: str, go: threading.Event | None) -> Mail:
        handler = Mail(go)
        logging.getLogger(name).addHandler(handler)
        added.append((name, handler))
        return handler

    yield add
    for name, handler in added:
        if handler.go is not None:
            handler.go.set()
        logging.getLogger(name).removeHandler(handler)


def test_an_error_of_a_handler_is_told_once(mail, caplog):
    """F49, I4: by the scheduler's logger, not once for each record; every run has its records."""
    handler = mail("rocketry.task", None)
    app = Rocketry(execution="thread")
    heart = Heart(app, "10 ms")
    app.session.start_thread()
    wait_for(lambda: len(heart.beats) >= 20 and handler.calls >= 20)
    assert app.session.stop(wait=5)
    assert violations(app.session.get_task_log()) == []
    told = [record for record in caplog.records if "no mail server" in record.getMessage()]
    assert len(told) == 1
    assert told[0].name == "rocketry.scheduler"


@pytest.mark.slow
def test_a_handler_that_hangs_does_not_hold_up_the_shutdown(mail):
    """F49, L14: records and beats go on meanwhile, and the end comes as always."""
    go = threading.Event()
    handler = mail("rocketry.task", go)
    app = Rocketry(execution="thread")
    heart = Heart(app, "10 ms")
    app.session.start_thread()
    wait_for(lambda: handler.calls == 1 and len(heart.beats) >= 20)
    stopped = app.session.stop(wait=1.5)
    go.set()
    app.session.stop(wait=5)
    assert violations(app.session.get_task_log()) == []
    assert stopped


def test_a_handler_of_the_scheduler_logger_that_raises(mail):
    """F49: a user's handler there is called in place, and its error must not end the scheduler."""
    mail("rocketry.scheduler", None)
    app = Rocketry(execution="main")
    heart = Heart(app)
    app.session.start_thread()
    heart.goes_on()
    heart.goes_on()
    assert app.session.stop(wait=5)
    assert app.session.scheduler.state == "stopped"


def test_run_ids_of_two_lives_on_a_virtual_clock(tmp_path):
    """I1: a run can be told from every other one of its log."""
    for start in ("2026-01-01", "2026-01-02"):
        app = Rocketry(execution="main", time_func=VirtualClock(start), logger_repo=f"csv:{tmp_path}/log.csv")
        app.task(daily, name="work", func=lambda: None)
        app.step(1)
        app.session.stop()
        rows = app.session.get_task_log()
        app.session.log.close()
    assert violations(rows) == []
