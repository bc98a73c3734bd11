"""Floor 5: what the fields of a task accept, and what is stored for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from rocket_magic._extras import dask_problem
from rocket_magic.exc import MissingExtraError, ScheduleError, TaskError
from rocket_magic.instants import NEVER, Span
from rocket_magic.time import parse_duration

if TYPE_CHECKING:
    from rocket_magic.tasks._base import Task

Convert = Callable[["Task", Any], Any]

EXECUTIONS: Final = ("main", "async", "thread", "process", "dask")
OVERLAPS: Final = ("skip", "queue", "replace")
_LONGEST_NAME = 1000


def check_name(name: Any) -> str:
    """Accept a task's name, or say what is wrong with it.

    Raises:
        TaskError: Not text, empty, too long, or with characters that no log can keep.
    """
    if not isinstance(name, str):
        msg = f"a task's name must be text, got {type(name).__name__} {name!r}"
        raise TaskError(msg)
    if not name.strip():
        msg = f"a task's name must not be empty, got {name!r}"
        raise TaskError(msg)
    if len(name) > _LONGEST_NAME:
        msg = f"a task's name may have {_LONGEST_NAME} characters, this one has {len(name)}: {name[:40]!r}…"
        raise TaskError(msg)
    if not name.isprintable() and any(ord(char) < ord(" ") or "\ud800" <= char <= "\udfff" for char in name):
        msg = f"a task's name must not hold control characters or lone surrogates, got {name!r}"
        raise TaskError(msg)
    return name


def as_given(task: Task, value: Any) -> Any:  # noqa: ARG001  the signature of a converter
    """Take the value as it is."""
    return value


def as_bool(name: str) -> Callable[[Task, Any], bool]:
    """A converter that takes True and False only."""

    def convert(task: Task, value: Any) -> bool:
        if not isinstance(value, bool):
            msg = f"{name} of task {task.name!r} must be True or False, got {value!r}"
            raise TaskError(msg)
        return value

    return convert


def as_start_condition(task: Task, value: Any) -> Any:
    """A start condition; None means false."""
    return task.session.condition(value)


def as_execution(task: Task, value: str | None) -> str | None:
    """A way of execution, or None for the session's."""
    if value is not None and value not in EXECUTIONS:
        msg = f"execution of task {task.name!r} must be one of {', '.join(EXECUTIONS)}, got {value!r}"
        raise TaskError(msg)
    problem = dask_problem() if value == "dask" else None
    if problem is not None:
        msg = f"execution of task {task.name!r} can't be 'dask': {problem}"
        raise MissingExtraError(msg)
    return value


def as_priority(task: Task, value: Any) -> int:
    """A priority: any whole number, higher first."""
    if isinstance(value, bool) or not isinstance(value, int):
        msg = f"priority of task {task.name!r} must be a whole number, got {value!r}"
        raise TaskError(msg)
    return value


def as_timeout(task: Task, value: Any) -> Span | None:
    """A timeout in microseconds; `NEVER` for "never", None for the session's."""
    if value is None:
        return None
    if isinstance(value, str) and value.strip().lower() == "never":
        return NEVER
    span = _duration(task, value, "timeout")
    if span <= 0:
        msg = (
            f"timeout of task {task.name!r} must be longer than 0, got {value!r}; for none at all use 'never'"
        )
        raise TaskError(msg)
    return span


def as_grace(task: Task, value: Any) -> Span | None:
    """A misfire grace time in microseconds, or None for the session's."""
    if value is None:
        return None
    span = _duration(task, value, "misfire_grace_time")
    if span < 0:
        msg = f"misfire_grace_time of task {task.name!r} must not be negative, got {value!r}"
        raise TaskError(msg)
    return span


def as_multilaunch(task: Task, value: Any) -> bool | int | None:
    """True, False, the largest number of parallel runs, or None for the session's."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int) and value >= 1:
        return value
    msg = f"multilaunch of task {task.name!r} must be True, False or a number of runs from 1, got {value!r}"
    raise TaskError(msg)


def as_overlap(task: Task, value: str | None) -> str | None:
    """What happens when the task is due while it runs, or None for the session's."""
    if value is not None and value not in OVERLAPS:
        msg = f"on_overlap of task {task.name!r} must be one of {', '.join(OVERLAPS)}, got {value!r}"
        raise TaskError(msg)
    return value


def as_logger_name(task: Task, value: Any) -> str | None:
    """The name of a logger below the session's task logger, or None for that one."""
    if value is None:
        return None
    base = task.session.config.task_logger_basename
    if not isinstance(value, str) or f"{value}.".removeprefix(f"{base}.") == f"{value}.":
        msg = f"logger_name of task {task.name!r} must be {base!r} or start with '{base}.', got {value!r}"
        raise TaskError(msg)
    return value


def as_message_format(task: Task, value: Any) -> str | None:
    """A format of log messages, or None for the usual one."""
    if value is None:
        return None
    try:
        value.format(task="", action="")
    except Exception as error:
        msg = (
            f"fmt_log_message of task {task.name!r} must be text with the fields {{task}} and {{action}}, "
            f"got {value!r}"
        )
        raise TaskError(msg) from error
    return str(value)


def _duration(task: Task, value: Any, field: str) -> Span:
    try:
        return parse_duration(value, f"{field} of task {task.name!r}")
    except ScheduleError as error:
        raise TaskError(str(error)) from error
