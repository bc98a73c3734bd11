"""Processes on a lifeline die when it is cut, and not before."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable

import pytest

from rocket_magic.execution.process import _lifeline
from rocket_magic.execution.process._lifeline import Lifeline, hang, hold_on, tie

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="needs processes that are forked"),
    pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning"),
]


def forked(body: Callable[[], None]) -> int:
    """Fork a process that does something and then waits for its end; its pid once it has done that."""
    ready, done = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            signal.alarm(20)
            os.setsid()
            body()
            os.write(done, b"!")
            while True:
                signal.pause()
        finally:
            os._exit(1)
    assert os.read(ready, 1) == b"!"
    os.close(ready)
    os.close(done)
    return pid


def cut(line: Lifeline) -> None:
    """Cut the lifeline as the death of its holder would."""
    line.close()


def test_a_process_that_holds_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its whole group is killed, with the system's help and without it."""
    for help_wanted in (True, False):
        line = Lifeline()
        if not help_wanted:
            monkeypatch.setattr(_lifeline, "fcntl", None)

        def body(line: Lifeline = line) -> None:
            os.close(line._writing)
            hold_on(line.reading)

        pid = forked(body)
        assert os.waitpid(pid, os.WNOHANG) == (0, 0)
        cut(line)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL


def test_one_that_comes_too_late() -> None:
    """Whoever takes hold of a lifeline that has been cut dies at once."""
    line = Lifeline()
    os.close(line._writing)
    pid = os.fork()
    if not pid:
        try:
            signal.alarm(20)
            os.setsid()
            hold_on(line.reading)
            signal.pause()
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL
    os.close(line.reading)


@pytest.mark.skipif(sys.platform != "linux", reason="a signal tied to a pipe is Linux's")
def test_tied_before_the_fork() -> None:
    """A process that inherits the file dies with its group; the one that tied it goes on."""
    line = Lifeline()
    own = tie(line.reading)
    assert own is not None
    pid = forked(lambda: os.close(line._writing))
    hang(own, pid)
    assert os.waitpid(pid, os.WNOHANG) == (0, 0)
    cut(line)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL
