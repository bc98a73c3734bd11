"""How a condition refers to a task: by name, by function, or by the task itself. Floor 2.

A name or a task object is a name from then on. A function that is not a task yet stays a function
and is turned into the name each time it is asked, so it may be registered later.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rocket_magic._protocols import OWN, Context, TaskView
from rocket_magic.conditions._words import quoted
from rocket_magic.exc import ScheduleError

TaskRef = str | Callable[..., Any] | None
"""A task's name, a function that is or becomes a task, or None: the task that the condition belongs to."""

_MARK = "__rocket_magic_task__"


def as_task_ref(value: Any) -> TaskRef:
    """Turn what a user wrote into a reference.

    Args:
        value: A name, a decorated or plain function, a task object, or None.

    Raises:
        ScheduleError: It is none of them, or an empty name.
    """
    if value is None:
        return None
    name = value if isinstance(value, str) else _known_name(value)
    if name:
        return name
    if name is None and callable(value):
        return value  # type: ignore[no-any-return]
    msg = f"a task is named by its name, its function or the task itself, got {value!r}"
    raise ScheduleError(msg)


def _known_name(value: Any) -> str | None:
    marked = getattr(value, _MARK, None)
    if marked is not None:
        return marked if isinstance(marked, str) else _known_name(marked)
    name = None if callable(value) and hasattr(value, "__code__") else getattr(value, "name", None)
    return name if isinstance(name, str) else None


def name_of(ref: TaskRef) -> str:
    """Give the task's name now; "" stands for the condition's own task."""
    if ref is None:
        return OWN
    if isinstance(ref, str):
        return ref
    return _known_name(ref) or str(getattr(ref, "__name__", repr(ref)))


def target(ref: TaskRef, ctx: Context) -> str | None:
    """Give the name of the task that is meant in `ctx`; None when there is no own task."""
    if ref is not None:
        return name_of(ref)
    return ctx.task.name if ctx.task is not None else None


def view(ref: TaskRef, ctx: Context) -> TaskView | None:
    """Give the task that is meant in `ctx`, if it exists."""
    return ctx.task if ref is None else ctx.session.find_task(name_of(ref))


def absent(ref: TaskRef, ctx: Context) -> str | None:
    """Say that the task is missing; None when it is there."""
    if view(ref, ctx) is not None:
        return None
    if ref is None:
        return "belongs to no task"
    return f"task {quoted(name_of(ref))} does not exist (yet)"


def prefix(ref: TaskRef) -> str:
    """Start a phrase about another task."""
    return "" if ref is None else f"task {quoted(name_of(ref))} "


def python_ref(ref: TaskRef) -> str:
    """Write a reference in a Python expression."""
    return "" if ref is None else repr(name_of(ref))
