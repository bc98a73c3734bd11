"""The executors of a session by name."""

from __future__ import annotations

import threading

import pytest

from rocket_magic.exc import ConfigError, TaskSetupError
from rocket_magic.execution import ExecutionSettings, RunOrder, make_executors
from rocket_magic.execution._main import MainExecutor


def test_unknown_names_are_refused() -> None:
    """The choices and the closest one are named."""
    executors = make_executors()
    assert list(executors) == ["main", "async", "thread", "process", "dask"]
    message = (
        r"^execution must be one of main, async, thread, process, dask, got 'tread'; "
        r"did you mean 'thread'\?$"
    )
    with pytest.raises(ConfigError, match=message):
        executors["tread"]


def test_made_once_when_asked_for() -> None:
    """Making the registry starts nothing; each executor is made once."""
    before = threading.active_count()
    executors = make_executors(ExecutionSettings())
    assert len(executors) == 5
    assert executors["thread"] is executors["thread"]
    assert executors["process"] is executors["process"]
    assert threading.active_count() == before
    executors.close()


def test_another_way_can_be_added() -> None:
    """A cluster's executor joins the others under its name."""
    executors = make_executors()
    executors.register("cluster", MainExecutor)
    seen: list[object] = []
    executors["cluster"].start(RunOrder("r", "t", lambda: 5), lambda outcome: seen.append(outcome.value))
    assert seen == [5]
    executors.close()


def test_preparing() -> None:
    """Who can get ready is asked to, each time; for the others, and for none, it means nothing."""
    asked: list[str] = []

    class Slow(MainExecutor):
        def prepare(self) -> None:
            asked.append("slow")

    def impossible(_settings: ExecutionSettings) -> MainExecutor:
        message = "not on this system"
        raise TaskSetupError(message)

    executors = make_executors()
    executors.register("slow", Slow)
    executors.register("impossible", impossible)
    for name in ("main", "slow", "impossible", "unknown", "slow"):
        executors.prepare(name)
    assert asked == ["slow", "slow"]
    executors.close()
