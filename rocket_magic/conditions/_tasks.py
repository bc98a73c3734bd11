"""How a condition refers to a task: by name, by function, or by the task itself. Floor 2.

A name or a task object is a name from then on. A function that is not a task yet stays a function
and is turned into the name each time it is asked, so it may be registered later; it is equal to the name
that it stands for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rocket_magic._protocols import OWN, Context, EventKind, TaskView, Watch
from rocket_magic.conditions._words import quoted
from rocket_magic.exc import ScheduleError

_MARK = "__rocket_magic_task__"


@dataclass(frozen=True, slots=True, eq=False)
class Later:
    """A function that may become a task; it stands for the task's name.

    Args:
        func: The function.
    """

    func: Callable[..., Any]

    @property
    def name(self) -> str:
        """The name of its task, or its own as long as it is none."""
        return _known_name(self.func) or str(getattr(self.func, "__name__", repr(self.func)))

    def __eq__(self, other: object) -> bool:
        return self.name == (other.name if isinstance(other, Later) else other)

    def __hash__(self) -> int:
        return hash(self.name)


TaskRef = str | Later | None
"""A task's name, a function that is or becomes a task, or None: the task that the condition belongs to."""


def as_task_ref(value: Any) -> TaskRef:
    """Turn what a user wrote into a reference.

    Args:
        value: A name, a decorated or plain function, a task object, or None.

    Raises:
        ScheduleError: It is none of them, or an empty name.
    """
    if value is None or isinstance(value, Later):
        return value
    name = value if isinstance(value, str) else _known_name(value)
    if name:
        return name
    if name is None and callable(value):
        return Later(value)
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
    return ref if isinstance(ref, str) else ref.name


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


def own_runs(ref: TaskRef) -> frozenset[Watch]:
    """Give the events of a condition on the runs of a task."""
    name = name_of(ref)
    return frozenset({Watch(EventKind.RUN_STARTED, name), Watch(EventKind.RUN_FINISHED, name)})
