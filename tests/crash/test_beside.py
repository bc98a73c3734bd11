"""Two real schedulers on one log, in two processes: each due run is made once (RELIABILITY.md F40)."""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from rocket_magic.clock import SystemClock
from rocket_magic.exc import RepositoryError
from rocket_magic.instants import SECOND
from rocket_magic.log import CsvLog, TaskLog, open_repository

from .oracle import Occurrences, violations

BESIDE = Path(__file__).with_name("beside.py")
_EVER = Occurrences([(0.0, 1e11)])

pytestmark = pytest.mark.slow


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A log that two schedulers may share."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'log.db'}"
    server = request.getfixturevalue("postgres")
    return f"{server.url}?table=beside_{abs(hash(str(tmp_path))) % 10**9}"


class Beside:
    """A scheduler in a process of its own."""

    def __init__(self, url: str, folder: Path, scene: str, seconds: float) -> None:
        self.journal = folder / "journal"
        self._errors = folder / "stderr"
        with self._errors.open("ab") as errors:
            self.process = subprocess.Popen(
                [sys.executable, str(BESIDE), url, str(self.journal), scene, str(seconds)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True,
            )  # fmt: skip

    def ready(self) -> None:
        """Wait until its tasks are made and its log is open."""
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n", self._errors.read_text()

    def go(self) -> None:
        """Have it start."""
        assert self.process.stdin is not None
        self.process.stdin.write("go\n")
        self.process.stdin.flush()

    def end(self) -> None:
        """Wait for its end, which must be a good one."""
        try:
            code = self.process.wait(30)
        finally:
            self.kill()
        assert code == 0, self._errors.read_text()

    def kill(self) -> None:
        """End it without any cleaning up."""
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()


def executions(folder: Path) -> Counter[str]:
    """How often each task was executed, by all of them."""
    return Counter(line.split()[0] for line in (folder / "journal").read_text().splitlines())


def rows_of(url: str) -> list:
    """The log."""
    log = TaskLog()
    log.set_repo(url)
    try:
        return log.query()
    finally:
        log.close()


def test_one_of_two_makes_a_daily_run(url: str, tmp_path: Path) -> None:
    """Ten daily tasks whose windows are open when both start: one run of each, two schedulers."""
    pair = [Beside(url, tmp_path, "daily", 2.0) for _ in range(2)]
    for one in pair:
        one.ready()
    for one in pair:
        one.go()
    for one in pair:
        one.end()
    assert executions(tmp_path) == {f"daily-{n}": 1 for n in range(10)}
    expected = {f"daily {n}": _EVER for n in range(10)}
    assert violations(rows_of(url), expected) == []


def test_two_share_what_is_often_due(url: str, tmp_path: Path) -> None:
    """A task every 100 ms keeps its pace, and what follows it follows once."""
    pair = [Beside(url, tmp_path, "often", 2.5) for _ in range(2)]
    for one in pair:
        one.ready()
        one.go()
    for one in pair:
        one.end()
    rows = rows_of(url)
    assert violations(rows) == []
    starts = [row.created for row in rows if row.task_name == "often" and row.action == "run"]
    gaps = [later - earlier for earlier, later in itertools.pairwise(starts)]
    assert min(gaps) > 0.09
    done = sum(row.task_name == "often" and row.action == "success" for row in rows)
    assert executions(tmp_path)["follower"] <= done


def test_a_run_of_the_dead_is_made_by_the_living(url: str, tmp_path: Path) -> None:
    """One is killed in mid-run; the other, which was waiting for that run, records its crash and makes it."""
    first = Beside(url, tmp_path, "long", 20)
    second = Beside(url, tmp_path, "long", 4)
    first.ready()
    second.ready()
    first.go()
    while not (tmp_path / "journal").exists():
        assert first.process.poll() is None
    second.go()
    assert second.process.poll() is None
    with pytest.raises(subprocess.TimeoutExpired):
        second.process.wait(1.5)
    assert executions(tmp_path) == {"long": 1}
    first.kill()
    second.end()
    rows = rows_of(url)
    assert [row.action for row in rows] == ["run", "crash", "run", "success"]
    assert violations(rows, {"long": _EVER}) == []


def test_startup_tasks_are_each_schedulers_own(url: str, tmp_path: Path) -> None:
    """They run at the startup of each."""
    pair = [Beside(url, tmp_path, "startup", 0.5) for _ in range(2)]
    for one in pair:
        one.ready()
        one.go()
    for one in pair:
        one.end()
    assert executions(tmp_path) == {"init": 2}
    assert violations(rows_of(url)) == []


@pytest.mark.parametrize("store", ["sqlite", "csv"])
def test_what_another_process_writes_is_heard(store: str, tmp_path: Path) -> None:
    """With `force_status_from_logs` a pipeline goes on after a record that another process added."""
    url = f"csv:{tmp_path / 'log.csv'}" if store == "csv" else f"sqlite:///{tmp_path / 'log.db'}"
    listener = Beside(url, tmp_path, "listen", 4.0)
    listener.ready()
    listener.go()
    with pytest.raises(subprocess.TimeoutExpired):
        listener.process.wait(1.0)
    assert not (tmp_path / "journal").exists()
    now = SystemClock().now() / SECOND
    if store == "csv":
        with pytest.raises(RepositoryError, match="is being written by another scheduler"):
            CsvLog(tmp_path / "log.csv")
        with (tmp_path / "log.csv").open("a") as file:  # a program that asks nobody
            file.write(f"{now},load,run,x,{now},,,,0,0,,,,\n{now},load,success,x,{now},{now},0.0,,0,0,,,,\n")
    else:
        other = open_repository(url)
        for action in ("run", "success"):
            other.add({"task_name": "load", "action": action, "created": now, "run_id": "x", "start": now})
        other.close()
    listener.end()
    assert executions(tmp_path) == {"report": 1}
