"""Floor 5: what happened to a task, as its attributes tell it: the log knows, a task keeps none of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from rocket_magic._protocols import Action
from rocket_magic.tasks._home import local_datetime

if TYPE_CHECKING:
    from rocket_magic.tasks._base import Task

__all__ = ["Moment", "last", "method_of"]


class Moment(Protocol):
    """What `last` makes: an attribute that can only be read."""

    def __get__(self, task: Any, owner: Any = None) -> datetime | None: ...


def last(action: Action, doc: str) -> Moment:
    """An attribute of tasks: when a record of that action was last written; None when never."""
    actions = frozenset((action,))

    def read(task: Task) -> datetime | None:
        mark = task.session.history.last(task.name, actions)
        return None if mark is None else local_datetime(task.session, mark.at)

    return property(read, doc=doc)


def method_of(name: str) -> Callable[[Any], datetime | None]:
    """Rocketry's other form of an attribute that `last` made: a method with `get_` before its name."""

    def get(task: Task) -> datetime | None:
        moment: datetime | None = getattr(task, name)
        return moment

    get.__name__ = f"get_{name}"
    get.__qualname__ = f"Task.get_{name}"
    get.__doc__ = f"Rocketry's other name of `{name}`."
    return get


def alive_as(mode: str, where: str) -> Callable[[Task], bool]:
    """A method that tells whether a run is in flight in one way of execution."""

    def is_alive(task: Task) -> bool:
        return any(run.mode == mode for run in list(task.runs.values()))

    is_alive.__doc__ = f"Whether a run is in flight {where}."
    return is_alive
