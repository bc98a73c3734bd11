"""Ways of execution get ready when a scheduler with tasks for them starts, and not before."""

from __future__ import annotations

from typing import Any

import pytest

from rocket_magic import Rocketry, VirtualClock
from rocket_magic.execution import ExecutionSettings
from rocket_magic.execution._main import MainExecutor


class Slow(MainExecutor):
    """A way of execution that counts how often it was asked to get ready."""

    def __init__(self, settings: ExecutionSettings) -> None:
        super().__init__(settings)
        self.asked = 0

    def prepare(self) -> None:
        """Count."""
        self.asked += 1


def _slow_app(**config: Any) -> tuple[Rocketry, list[Slow]]:
    app = Rocketry(execution="main", **config)
    made: list[Slow] = []

    def make(settings: ExecutionSettings) -> Slow:
        made.append(Slow(settings))
        return made[-1]

    app.session.executors.register("thread", make)
    return app, made


@pytest.mark.parametrize("late", [False, True])
def test_once_when_there_is_a_task_for_it(*, late: bool) -> None:
    """At the start, or when the first such task comes; a second one changes nothing."""
    app, made = _slow_app()
    app.task(None, name="other", func=int)
    if late:
        app.session.start_thread()
        assert not made
    for name in "ab":
        app.task(None, name=name, func=int, execution="thread")
    app.session.start_thread()
    app.session.stop()
    assert [slow.asked for slow in made] == [1]


def test_anew_in_each_life() -> None:
    """Executors are closed at the end of one."""
    app, made = _slow_app()
    app.task(None, name="a", func=int, execution="thread")
    for _ in range(2):
        app.session.start_thread()
        app.session.stop()
    assert [slow.asked for slow in made] == [1, 1]


def test_not_for_a_rehearsal() -> None:
    """Virtual time waits for the first run."""
    app, made = _slow_app(time_func=VirtualClock(0))
    app.task(None, name="a", func=int, execution="thread")
    app.session.start_thread()
    app.session.stop()
    assert not made
