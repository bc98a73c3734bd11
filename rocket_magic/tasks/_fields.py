"""Floor 5: the fields of a task, each checked whenever it is set.

A field is a property over a slot. Setting it converts the value, stores it, and tells the session, so
that a change takes effect at the scheduler's next wake-up.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, Protocol

from rocket_magic.exc import ScheduleError, TaskError
from rocket_magic.instants import NEVER, Span, to_timedelta
from rocket_magic.time import parse_duration

if TYPE_CHECKING:
    from rocket_magic.tasks._base import Task

Convert = Callable[["Task", Any], Any]

EXECUTIONS: Final = ("main", "async", "thread", "process", "dask")
OVERLAPS: Final = ("skip", "queue", "replace")


class Field(Protocol):
    """What `field` makes: something that is read and set like an attribute."""

    def __get__(self, task: Any, owner: Any = None) -> Any: ...
    def __set__(self, task: Any, value: Any) -> None: ...


def field(name: str, convert: Convert, doc: str, show: Callable[[Any], Any] | None = None) -> Field:
    """One checked field of a task, over the slot of its name with an underscore before.

    A property with a getter in C: the scheduler reads a dozen fields for each run.

    Args:
        name: The field's name.
        convert: Turns what is set into what is stored, or raises.
        doc: What the field means, with units and accepted forms.
        show: Turns what is stored into what is read; the stored value itself when None.
    """
    slot = "_" + name
    stored = attrgetter(slot)

    def read(task: Task) -> Any:
        value = stored(task)
        return value if show is None else show(value)

    def write(task: Task, value: Any) -> None:
        setattr(task, slot, convert(task, value))
        task.session.task_changed(task, name)

    return property(stored if show is None else read, write, doc=doc)


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


def as_execution(task: Task, value: Any) -> str | None:
    """A way of execution, or None for the session's."""
    if value is not None and value not in EXECUTIONS:
        msg = f"execution of task {task.name!r} must be one of {', '.join(EXECUTIONS)}, got {value!r}"
        raise TaskError(msg)
    return value  # type: ignore[no-any-return]  # checked by the line above


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


def as_overlap(task: Task, value: Any) -> str | None:
    """What happens when the task is due while it runs, or None for the session's."""
    if value is not None and value not in OVERLAPS:
        msg = f"on_overlap of task {task.name!r} must be one of {', '.join(OVERLAPS)}, got {value!r}"
        raise TaskError(msg)
    return value  # type: ignore[no-any-return]  # checked by the line above


def show_span(span: Span | None) -> timedelta | str | None:
    """A stored span as a timedelta, "never" or None."""
    if span is None:
        return None
    return "never" if span == NEVER else to_timedelta(span)


def _duration(task: Task, value: Any, field: str) -> Span:
    try:
        return parse_duration(value, f"{field} of task {task.name!r}")
    except ScheduleError as error:
        raise TaskError(str(error)) from error
