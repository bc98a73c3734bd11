"""What happened to a task, read from the log through its attributes."""

from __future__ import annotations

from datetime import datetime

import pytest

from rocket_magic import Rocketry, VirtualClock
from rocket_magic.tasks import Task

NAMES = ("last_run", "last_success", "last_fail", "last_terminate", "last_inaction", "last_crash")


@pytest.mark.parametrize("name", NAMES)
def test_nothing_has_happened_yet(app: Rocketry, name: str) -> None:
    """A task that never ran has no moments, under both of Rocketry's names."""
    task = app.session.create_task(func=print, name="new")
    assert (None, None) == (getattr(task, name), getattr(task, f"get_{name}")())


def test_moments_are_those_of_the_log(app: Rocketry, clock: VirtualClock) -> None:
    """A success moves `last_run` and `last_success`, and leaves `last_fail` where it was."""
    task = app.session.create_task(func=lambda: None, name="work")
    clock.jump("2026-01-01 08:00")
    app.session.run("work")
    assert task.last_run == task.get_last_success() == datetime(2026, 1, 1, 8)
    assert task.last_fail is None


@pytest.mark.parametrize("name", NAMES)
def test_each_says_what_it_is(name: str) -> None:
    """Help shows a sentence for the attribute and the attribute's name for the method."""
    assert getattr(Task, name).__doc__.startswith("When it ")
    method = getattr(Task, f"get_{name}")
    assert (f"get_{name}", f"Rocketry's other name of `{name}`.") == (method.__name__, method.__doc__)
