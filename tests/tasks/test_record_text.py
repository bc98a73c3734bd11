"""`logger_name` and `fmt_log_message`: where a task's records are heard of, and in which words."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from rocket_magic import Rocketry
from rocket_magic.exc import TaskError


class Kept(logging.Handler):
    """Keeps what it gets."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line."""
        self.lines.append(f"{record.name}: {record.getMessage()}")


@pytest.fixture
def own() -> Iterator[Kept]:
    """A handler on a logger below the task logger."""
    handler, logger = Kept(), logging.getLogger("rocketry.task.loads")
    logger.addHandler(handler)
    yield handler
    logger.removeHandler(handler)


@pytest.fixture
def app() -> Rocketry:
    """Runs on the calling thread."""
    return Rocketry(execution="main")


def heard(app: Rocketry, handler: Kept, *names: str) -> list[str]:
    """Run these tasks, and give what the handler has got of that."""
    handler.lines.clear()
    app.session.run(*names)
    assert app.session.log.flush(10)
    return handler.lines


def test_a_logger_of_its_own(app: Rocketry, own: Kept) -> None:
    """Its handlers get the records of its tasks only, those above it all; the repository has them anyway."""
    above = Kept()
    logging.getLogger("rocketry.task").addHandler(above)
    try:
        app.task(func=int, name="load", logger_name="rocketry.task.loads")
        app.task(func=int, name="other")
        assert heard(app, own, "load", "other") == [
            "rocketry.task.loads: Task 'load' status: 'run'",
            "rocketry.task.loads: Task 'load' status: 'success'",
        ]
        assert sorted(line.partition(":")[0] for line in above.lines) == [
            "rocketry.task",
            "rocketry.task",
            "rocketry.task.loads",
            "rocketry.task.loads",
        ]
    finally:
        logging.getLogger("rocketry.task").removeHandler(above)
    assert len(list(app.session.get_task_log())) == 4
    assert app.session["load"].logger.name == "rocketry.task.loads"
    assert app.session["other"].logger.name == "rocketry.task"


def test_it_follows_the_task(app: Rocketry, own: Kept) -> None:
    """Through a change of the field, another name, and the end of the task."""
    app.task(func=int, name="load")
    task = app.session["load"]
    assert heard(app, own, "load") == []
    task.logger_name = "rocketry.task.loads"
    assert len(heard(app, own, "load")) == 2
    task.name = "fetch"
    assert heard(app, own, "fetch")[0] == "rocketry.task.loads: Task 'fetch' status: 'run'"
    task.logger_name = None
    assert heard(app, own, "fetch") == []
    task.logger_name = "rocketry.task.loads"
    task.delete()
    app.task(func=int, name="fetch")
    assert heard(app, own, "fetch") == []


def test_words_of_its_own(app: Rocketry, own: Kept) -> None:
    """In records, in the log and to handlers, of runs by the scheduler and outside of it."""
    app.task(
        func=int,
        name="load",
        logger_name="rocketry.task.loads",
        fmt_log_message="{task} is now in {action}",
    )
    lines = ["rocketry.task.loads: load is now in run", "rocketry.task.loads: load is now in success"]
    assert heard(app, own, "load") == lines
    own.lines.clear()
    app.session["load"]()
    assert app.session.log.flush(10)
    assert own.lines == lines
    assert {record.message for record in app.session.get_task_log()} == {
        "load is now in run",
        "load is now in success",
    }
    app.session["load"].fmt_log_message = None
    assert heard(app, own, "load")[0] == "rocketry.task.loads: Task 'load' status: 'run'"


@pytest.mark.parametrize("name", ["other", "rocketry", "rocketry.tasks", "", 5])
def test_a_logger_elsewhere_is_refused(app: Rocketry, name: object) -> None:
    """It must be the session's task logger or below it."""
    with pytest.raises(TaskError, match=r"must be 'rocketry.task' or start with 'rocketry.task.', got"):
        app.task(func=int, name="load", logger_name=name)


@pytest.mark.parametrize("form", ["{name}", "{", 5])
def test_words_that_can_not_be_filled_in_are_refused(app: Rocketry, form: object) -> None:
    """There are the task's name and the action."""
    with pytest.raises(TaskError, match=r"must be text with the fields \{task\} and \{action\}, got"):
        app.task(func=int, name="load", fmt_log_message=form)
