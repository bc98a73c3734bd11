"""The four ways to restart, each with real processes."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.waiting import wait_for

HERE = Path(__file__).parent
FORMS = {
    "script": [str(HERE / "programs.py")],
    "module": ["-m", "tests.migration.programs"],
}


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Path]:
    """Where each life leaves its line; whoever is still there afterwards is ended by its pid."""
    path = tmp_path / "lives.txt"
    path.touch()
    yield path
    for line in path.read_text().splitlines():
        with contextlib.suppress(ProcessLookupError, ValueError):
            os.kill(int(line.split("|")[0]), signal.SIGKILL)


def alive(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False


@pytest.mark.slow
@pytest.mark.parametrize("form", ["script", "module"])
@pytest.mark.parametrize("way", ["replace", "relaunch", "fresh", "recall"])
def test_restart(way, form, book):
    """S27 to S30: it comes back once, with `-m` and arguments, in the same process or another one."""
    program = [sys.executable, *FORMS[form], way, str(book), "one more", "--flag"]
    with subprocess.Popen(program, cwd=HERE.parents[1], stderr=subprocess.PIPE, text=True) as first:
        _, errors = first.communicate(timeout=30)
    assert first.returncode == 0, errors
    wait_for(lambda: len(book.read_text().splitlines()) >= 2)
    lives = [line.split("|") for line in book.read_text().splitlines()]
    assert len(lives) == 2
    wait_for(lambda: not alive(int(lives[1][0])))
    same_process = way in {"replace", "recall"}
    assert (lives[0][0] == lives[1][0] == str(first.pid)) if same_process else (lives[0][0] != lives[1][0])
    assert lives[0][1:] == lives[1][1:]
    assert lives[1][2:4] == ["one more", "--flag"]
    assert ("-m" in lives[1]) == (form == "module")
    assert len(book.read_text().splitlines()) == 2
