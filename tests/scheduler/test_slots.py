"""Which tasks get the places that `max_process_count` leaves for runs in processes."""

from __future__ import annotations

from functools import partial

from rocket_magic import Rocketry
from rocket_magic.execution._main import MainExecutor
from tests.execution.rig import eventually


def _app(max_process_count: int) -> Rocketry:
    app = Rocketry(execution="process", max_process_count=max_process_count)
    app.session.executors.register("process", MainExecutor)  # no test of processes, but of their number
    return app


def test_tasks_that_are_always_due_take_turns() -> None:
    """The one that has just run does not overtake those that wait."""
    app = _app(2)
    seen: list[str] = []

    def run(name: str) -> None:
        seen.append(name)
        if len(seen) == 60:
            app.session.shut_down()

    for name in "abcdef":
        app.task("true", name=name, func=partial(run, name))
    app.run()
    assert {seen.count(name) for name in "abcdef"} <= {9, 10, 11}


def test_priority_goes_before_turns() -> None:
    """A task of higher priority that is always due leaves the others what it does not need."""
    app = _app(2)
    seen: list[str] = []

    def run(name: str) -> None:
        seen.append(name)
        if len(seen) == 60:
            app.session.shut_down()

    for name in "abcd":
        app.task("true", name=name, func=partial(run, name), priority=5 if name == "d" else 0)
    app.run()
    assert 28 <= seen.count("d") <= 32
    assert {seen.count(name) for name in "abc"} <= {9, 10, 11}


def test_a_place_that_is_not_taken_goes_to_the_next() -> None:
    """One that waited is disabled when its turn comes; those behind it wait no longer for that."""
    app = _app(1)
    seen: list[str] = []

    def disable() -> None:
        seen.append("a")
        app.session["b"].disabled = True

    app.task("daily", name="a", func=disable)
    app.task("daily", name="b", func=partial(seen.append, "b"))
    app.task("daily", name="c", func=partial(seen.append, "c"))
    app.session.start_thread()
    assert eventually(lambda: seen == ["a", "c"], 10)
    app.session.stop()
