"""Processes that the code of a run forks: they end where that code ends, and are not a second scheduler."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

import pytest

from rocket_magic._protocols import Action
from tests.execution.rig import Rig

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="this system can't fork"),
    pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning"),
]


def come_back() -> str:
    """Return into the run's own caller."""
    return "from the child"


def leave() -> None:
    """End as a program does."""
    sys.exit(3)


def leave_with_text() -> None:
    """End with words."""
    sys.exit("no more")


def break_down() -> None:
    """Raise."""
    msg = "in the child"
    raise ValueError(msg)


def forks(end: Callable[[], object]) -> Callable[[], Any]:
    """A task whose child ends like that; it returns the child's exit code."""

    def task() -> Any:
        child = os.fork()
        if not child:
            return end()
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    return task


def forks_later(end: Callable[[], object]) -> Callable[[], Any]:
    """The same in a coroutine."""

    async def task() -> Any:
        await asyncio.sleep(0)
        return forks(end)()

    return task


@pytest.mark.parametrize("make", [forks, forks_later])
@pytest.mark.parametrize(("end", "code"), [(come_back, 0), (leave, 3), (leave_with_text, 1), (break_down, 1)])
def test_a_child_ends_as_a_program_does(
    rig: Rig, make: Callable[..., Any], end: Callable[[], object], code: int
) -> None:
    """The run has one outcome, its own: the parent's."""
    outcome = rig.run(make(end))
    assert (outcome.action, outcome.value) == (Action.SUCCESS, code)
    assert rig.outcomes.empty()
    assert rig.run(come_back).value == "from the child"


def test_a_signal_to_a_child_of_a_worker(process_rig: Rig) -> None:
    """It ends by it like any process: the worker's way of ending a run is not inherited."""

    def task() -> int | None:
        child = multiprocessing.get_context("fork").Process(target=signal.pause)
        child.start()
        child.terminate()
        child.join()
        return child.exitcode

    outcome = process_rig.run(task)
    assert (outcome.action, outcome.value) == (Action.SUCCESS, -signal.SIGTERM)
