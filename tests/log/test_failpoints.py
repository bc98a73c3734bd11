"""A process that dies at any point of writing leaves a log from which the truth is rebuilt."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rocket_magic._protocols import Action
from rocket_magic.log import TaskLog
from rocket_magic.log._failpoints import ARMED, NAMES

from .stores import START, PostgresServer

SCRIPT = """
import sys
from rocket_magic._protocols import Action
from rocket_magic.log import Record, TaskLog
log = TaskLog()
log.set_repo(sys.argv[1])
log.open(["load"], now={start})
done = []
for n in range(3):
    for action in (Action.RUN, Action.SUCCESS):
        at = {start} + n * 2_000_000 + (action is Action.SUCCESS) * 1_000_000
        log.write([Record("load", action, at, f"r{{n}}", start=at, exc_text='say "hi"\\n' * 20)], done.append)
        log.flush()
        print(n, action.value, done[-1], flush=True)
"""

POINTS = [name for name in NAMES if name != "in_task"]


def url_of(kind: str, folder: Path, request: pytest.FixtureRequest) -> str:
    """The repository under test."""
    if kind == "postgres":
        server: PostgresServer = request.getfixturevalue("postgres")
        return f"{server.url}?table=fail_{abs(hash(str(folder))) % 10**9}"
    return f"csv:{folder / 'a.csv'}" if kind == "csv" else f"sqlite:///{folder / 'a.db'}"


def test_unarmed_by_default() -> None:
    """Without the variable no place can kill."""
    assert not ARMED


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="kills by signal")
@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("store", ["csv", "sqlite", "postgres"])
def test_death_at_each_point(store: str, point: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Nothing acknowledged is lost, and after the next start each run has exactly one outcome (I1, I2)."""
    url = url_of(store, tmp_path, request)
    died = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(start=START), url],
        env={**os.environ, "ROCKET_MAGIC_FAILPOINT": f"{point}:2"},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert died.returncode == -9, died.stderr
    acknowledged = [tuple(line.split()[:2]) for line in died.stdout.splitlines()]
    assert all(line.endswith("None") for line in died.stdout.splitlines())
    log = TaskLog()
    log.set_repo(url)
    recovery = log.open(["load"], now=START + 10**9)
    rows = [(row.run_id, row.action) for row in log.query()]
    for number, action in acknowledged:
        assert (f"r{number}", action) in rows
    runs = [run for run, action in rows if action == "run"]
    ends = [run for run, action in rows if action != "run"]
    assert sorted(runs) == sorted(ends)
    assert len(set(runs)) == len(runs)
    interrupted = {"after_run_record": 1, "before_outcome": 1, "mid_outcome": 1}.get(point, 0)
    assert len(recovery.crashes) == interrupted
    assert bool(recovery.repaired) == (store == "csv" and point == "mid_outcome")
    expected = Action.CRASH if interrupted else Action.SUCCESS
    assert log.history.status("load") is expected
    log.close()
