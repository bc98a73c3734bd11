"""Hooks: what is called before and after."""

from __future__ import annotations

import pytest

from rocket_magic.exc import TaskSetupError


def test_hooks_bracket_startup_runs_and_shutdown(app):
    """In the documented order."""
    seen = []
    session = app.session

    @app.setup()
    def setup():
        seen.append("startup before")
        yield
        seen.append("startup after")

    @session.hook_shutdown()
    def shutdown():
        seen.append("shutdown before")
        yield
        seen.append("shutdown after")

    @session.hook_task_execute()
    def around(task):
        seen.append(f"before {task.name}")
        exc_type, _, _ = yield
        seen.append(f"after {task.name} {exc_type and exc_type.__name__}")

    app.task(None, name="first", on_startup=True, func=lambda: seen.append("first runs"))
    app.task("daily", name="fails", func=lambda: 1 / 0)
    app.task(None, name="last", on_shutdown=True, func=lambda: seen.append("last runs"))
    app.step("1 h")
    session.stop()
    assert seen == [
        "startup before", "before first", "first runs", "after first None", "startup after",
        "before fails", "after fails ZeroDivisionError",
        "shutdown before", "before last", "last runs", "after last None", "shutdown after",
    ]  # fmt: skip


def test_a_hook_for_new_tasks_sees_each_of_them(app):
    """Of this session only."""
    seen = []
    app.session.hook_task_init()(lambda task: seen.append(task.name))
    app.task("daily", name="a", func=lambda: None)
    app.task("daily", name="b", func=lambda: None)
    assert seen == ["a", "b"]


def test_an_execution_hook_that_raises_is_a_failure_to_start(app, log_of):
    """The code does not run; the scheduler stops unless that is silenced."""
    ran = []

    @app.session.hook_task_execute()
    def refuse(task):
        raise ValueError("not today")

    app.task("daily", name="a", func=lambda: ran.append(1))
    app.step("1 h")
    assert ran == []
    assert [action for _, action, _ in log_of(app)] == ["run", "fail"]
    assert app.session.scheduler.state == "crashed"
    with pytest.raises(TaskSetupError, match="'a' could not be started: ValueError: not today"):
        raise app.session._board.fatal_error
