"""What happened to a task, read from the log through its attributes."""

from __future__ import annotations

from datetime import datetime

import pytest

from rocket_magic import FuncTask, Rocketry, VirtualClock
from rocket_magic.args import Return
from rocket_magic.execution._thread import ThreadExecutor
from rocket_magic.tasks import Task
from rocket_magic.time import TimeOfDay, always

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


@pytest.mark.parametrize("mode", ["main", "async", "thread", "process"])
def test_how_it_is_alive(mode):
    """One question for each way of execution, as programs written for Rocketry ask."""
    app = Rocketry(execution=mode)
    app.session.executors.register("process", ThreadExecutor)

    def seen():
        return [
            one for one in ("main", "async", "thread", "process") if getattr(task, f"is_alive_as_{one}")()
        ]

    task = app.session.create_task(func=seen, name="work", start_cond=None)
    assert seen() == []
    app.session.run("work")
    assert app.session.returns["work"] == [mode]
    assert seen() == []


def test_its_period():
    """As far as the start condition's periods tell."""
    task = Rocketry().session.create_task(func=int, name="work", start_cond="daily between 06:00 and 12:00")
    assert task.period == TimeOfDay("06:00", "12:00")
    task.start_cond = "after task 'other'"
    assert task.period == always


class Choosing(FuncTask):
    """A kind of task that has its own idea of its parameters."""

    def postfilter_params(self, params):
        """Keep what doesn't start with an underscore, and tell how many there were."""
        return {**{name: value for name, value in params.items() if name[0] != "_"}, "count": len(params)}


def test_a_kind_of_task_chooses_among_all_parameters():
    """Once they are put together from all levels; what is found late stays late."""
    app = Rocketry(execution="main", parameters={"x": 1})

    def work(x, y=Return("other"), **rest):
        return x, y, rest

    app.session.create_task(func=lambda: "returned", name="other", start_cond=None)
    task = Choosing(work, name="work", session=app.session, parameters={"_hidden": 3, "z": 4})
    app.session.run("other")
    task.run(w=5)
    app.session.run("work")
    assert app.session.returns["work"] == (1, "returned", {"z": 4, "w": 5, "count": 5})
