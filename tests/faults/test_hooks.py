"""Hooks around runs, when several are due at once."""

from __future__ import annotations

from rocket_magic import Rocketry, VirtualClock
from rocket_magic.conds import daily


def app_with_hook() -> tuple[Rocketry, list[str]]:
    """Two tasks due at one instant, and a hook with two halves around each."""
    app, seen = Rocketry(execution="main", time_func=VirtualClock("2026-01-01")), []

    @app.session.hook_task_execute()
    def around(task):
        seen.append(f"before {task.name}")
        yield
        seen.append(f"after {task.name}")

    for name in ("a", "b"):
        app.task(daily, name=name, func=lambda name=name: seen.append(name))
    return app, seen


def test_each_run_has_both_halves():
    """The first before the task's code, the second after it."""
    app, seen = app_with_hook()
    app.step(1)
    app.session.stop()
    for name in ("a", "b"):
        assert [one for one in seen if name in one.split()] == [f"before {name}", name, f"after {name}"]


def test_a_main_task_is_over_before_the_next_ones_hook():
    """As in Rocketry, where `main` tasks of one instant follow each other whole."""
    app, seen = app_with_hook()
    app.step(1)
    app.session.stop()
    assert seen == ["before a", "a", "after a", "before b", "b", "after b"]
