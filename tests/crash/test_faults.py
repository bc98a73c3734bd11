"""Logs that refuse, fill up, lock or dawdle under a running session (F40 to F46)."""

from __future__ import annotations

import errno
import logging
import os
import sqlite3
import threading

import pytest

from rocket_magic import Rocketry
from rocket_magic.conds import daily, every, succeeded
from rocket_magic.exc import RepositoryError, TaskLoggingError
from tests.log.stores import PlainRepo
from tests.reference.support import wait_for

from .oracle import Occurrences, violations

_EVER = Occurrences([(0.0, 1e11)])


class FaultyRepo(PlainRepo):
    """A repository that refuses records of some actions while it is told to, or is slow."""

    def __init__(self, *refused: str, times: int = 10**9, delay: float = 0.0) -> None:
        super().__init__()
        self.refused, self.times, self.delay = set(refused), times, delay
        self.tries = 0

    def add(self, item) -> None:
        if self.delay:
            threading.Event().wait(self.delay)
        if item["action"] in self.refused and self.times > 0:
            self.times -= 1
            self.tries += 1
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        super().add(item)


def run(app: Rocketry, until, seconds: float = 15.0) -> None:
    """Run until a condition is met, or fail."""
    guard = threading.Timer(seconds, lambda: app.session.stop(force=True, wait=None))
    guard.start()
    try:
        app.session.config.shut_cond = until
        app.run()
    finally:
        guard.cancel()


@pytest.mark.parametrize("mode", ["main", "thread", "async"])
def test_no_run_without_its_record_and_the_session_stops(mode):
    """Not silenced: the code isn't executed, the error names the log (F41, D4)."""
    ran = []
    app = Rocketry(execution=mode, logger_repo=FaultyRepo("run"))
    app.task(daily, name="work", func=lambda: ran.append(1))
    with pytest.raises(TaskLoggingError, match="No space left"):
        run(app, succeeded(task="work") >= 1)
    assert not ran


@pytest.mark.parametrize("mode", ["main", "thread", "async"])
def test_silenced_starts_are_held_until_the_log_is_back(mode, caplog):
    """No execution without a record, no storm, one error; then everything goes on (F42, I3, I4)."""
    repo = FaultyRepo("run", times=8)
    ran, states = [], []
    app = Rocketry(execution=mode, logger_repo=repo, silence_task_logging=True, log_retry="100 ms")
    app.task(daily, name="work", func=lambda: ran.append(len(repo.items)))
    app.session["work"].run()
    app.session.subscribe(lambda _: states.append(app.session.scheduler.state))
    with caplog.at_level(logging.ERROR, "rocketry.scheduler"):
        run(app, succeeded(task="work") >= 1)
    assert len(ran) == 1
    assert not app.session["work"].batches
    assert ran[0] >= 1
    assert "held" in states
    assert repo.tries == 8
    told = [record for record in caplog.records if "No space left" in record.getMessage()]
    assert len(told) == 1
    assert violations(app.session.get_task_log()) == []


def test_an_outcome_that_cannot_be_written_counts_as_done(caplog):
    """It is kept, told of once, and written when the log is back; the task doesn't run again (F43)."""
    repo = FaultyRepo("success", times=4)
    ran = []
    app = Rocketry(execution="thread", logger_repo=repo, silence_task_logging=True)
    app.task(daily, name="work", func=lambda: ran.append(1))
    app.task(every("50 ms"), name="beat", func=lambda: None)
    with caplog.at_level(logging.ERROR, "rocketry.scheduler"):
        run(app, succeeded(task="beat") >= 15)
    assert ran == [1]
    assert app.session.log.close()
    assert app.session.log.lost == 0
    assert len([record for record in caplog.records if "No space left" in record.getMessage()]) == 1
    rows = [row for row in repo.items if row["task_name"] == "work"]
    assert [str(row["action"]) for row in rows] == ["run", "success"]


def test_a_slow_log_holds_up_only_what_depends_on_it():
    """The scheduler answers at once while every write takes half a second (F45)."""
    app = Rocketry(execution="thread", logger_repo=FaultyRepo(delay=0.5))
    app.task(daily, name="work", func=lambda: None)
    app.session.start_thread()
    done = threading.Event()
    app.session.subscribe(lambda change: done.set() if change.kind == "record" else None)
    for _ in range(10):
        asked = app.session.clock.elapsed()
        app.session.snapshot()
        app.session["work"].explain()
        assert app.session.clock.elapsed() - asked < 250_000
    assert done.wait(10)
    app.session.stop(wait=10)
    assert violations(app.session.get_task_log(), {"work": _EVER}) == []


def test_a_full_disk(tmp_path):
    """A CSV log on a disk that fills up: rows stay whole, starts are held, the heartbeat comes back (F44)."""
    app = Rocketry(execution="main", logger_repo=f"csv:{tmp_path / 'log.csv'}", silence_task_logging=True)
    app.session.config.log_retry = "50 ms"
    store = app.session.get_repo()
    append, full = store._append, [3, 5, 6, 7]
    writes = iter(range(10**6))

    def write(data):
        if next(writes) in full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        append(data)

    store._append = write
    app.task(every("10 ms"), name="beat", func=lambda: None)
    run(app, succeeded(task="beat") >= 8)
    assert app.session.log.flush()
    assert violations(app.session.get_task_log()) == []
    app.session.log.close()


def test_a_locked_database(tmp_path):
    """Another program holds the SQLite file for a while: writes wait for it, nothing is lost (F46)."""
    path = tmp_path / "log.db"
    app = Rocketry(execution="thread", logger_repo=f"sqlite:///{path}")
    app.task(daily, name="work", func=lambda: None)
    other = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    free = threading.Timer(1.5, lambda: other.execute("COMMIT"))
    free.start()
    run(app, succeeded(task="work") >= 1)
    free.join()
    other.close()
    assert violations(app.session.get_task_log(), {"work": _EVER}) == []
    app.session.log.close()


def test_a_server_that_restarts_in_mid_session(postgres):
    """PostgreSQL is stopped as by a power cut and comes back (F46)."""
    app = Rocketry(execution="thread", logger_repo=f"{postgres.url}?table=mid_session")
    app.session.config.silence_task_logging = True
    app.session.config.log_retry = "100 ms"
    app.task(every("50 ms"), name="beat", func=lambda: None)
    app.task(daily, name="work", func=lambda: None)
    restart = threading.Timer(0.5, lambda: (postgres.stop(), postgres.start()))
    restart.start()
    run(app, succeeded(task="beat") >= 40, 40)
    restart.join()
    assert app.session.log.flush()
    assert violations(app.session.get_task_log(), {"work": _EVER}) == []
    app.session.log.close()


def test_one_writer_per_file(tmp_path):
    """A second scheduler on one CSV file is refused, and told what to do (F40)."""
    url = f"csv:{tmp_path / 'log.csv'}"
    app = Rocketry(logger_repo=url)
    with pytest.raises(RepositoryError, match="is being written by another"):
        Rocketry(logger_repo=url)
    app.session.log.close()


def test_records_tell_parameters_due_and_attempt(tmp_path):
    """On a log that was set on a running session; a run with parameters of its own was due for nothing."""
    app = Rocketry(execution="thread")
    app.task(None, name="work", func=lambda x: 1 / x, parameters={"x": 1})
    app.session.start_thread()
    app.session.set_repo(f"sqlite:///{tmp_path / 'log.db'}")
    app.session["work"].run(x=0)
    wait_for(lambda: app.session.get_task_log(task_name="work", action="fail"))
    app.session["work"].run()
    wait_for(lambda: app.session.get_task_log(task_name="work", action="success"))
    app.session.stop(wait=5)
    row = app.session.get_task_log(task_name="work", action="fail")[-1]
    assert (row.params, row.attempt) == ("x=0", 0)
    assert row.due is None
    scheduled = app.session.get_task_log(task_name="work", action="success")[-1]
    assert (scheduled.params, scheduled.due is not None) == ("x=1", True)
    app.session.log.close()
