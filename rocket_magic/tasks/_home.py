"""Floor 5: what a task needs of the session it lives in, and the current default session.

The default session exists for programs that create tasks without naming one (Rocketry's global
session). It is made lazily by the factory that the session module puts here, and never at import.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Any, Protocol

from rocket_magic._protocols import Context, Explanation, History
from rocket_magic.instants import Instant, to_datetime

if TYPE_CHECKING:
    from rocket_magic.args import Parameters
    from rocket_magic.clock import Clock
    from rocket_magic.conditions import BaseCondition
    from rocket_magic.config import Config
    from rocket_magic.tasks._base import Task


class Home(Protocol):
    """A session, as its tasks see it."""

    config: Config
    parameters: Parameters
    returns: dict[Any, Any]

    @property
    def history(self) -> History: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def zone(self) -> tzinfo: ...
    def condition(self, value: Any) -> BaseCondition:
        """Read a condition, custom phrases of the session included."""
        ...

    def context(self, task: Any = None) -> Context:
        """The situation in which a condition of `task` answers now."""
        ...

    def adopt(self, task: Task) -> Task | None:
        """Register a new task under its name, by the rule of `task_pre_exist`; None when ignored."""
        ...

    def remove_task(self, task: Any) -> None:
        """Take a task out."""
        ...

    def rename(self, task: Task, name: str) -> None:
        """Give a task another name."""
        ...

    def task_changed(self, task: Task, field: str) -> None:
        """A field of a task was set."""
        ...

    def queue_batch(self, task: Task, values: Mapping[str, Any]) -> None:
        """Queue one manual run."""
        ...

    def terminate_task(self, task: Task, reason: str) -> None:
        """Ask the runs in flight of a task to end."""
        ...

    def explain_task(self, task: Task) -> Explanation:
        """Why the task runs or doesn't."""
        ...

    def task_logger(self, task: Task) -> Any:
        """The log, seen by one task."""
        ...

    def run_alone(self, task: Task, values: Mapping[str, Any]) -> Any:
        """Run a task at once, outside the schedule."""
        ...


def local_datetime(session: Home, instant: Instant) -> datetime:
    """An instant as Rocketry's API shows it: naive local time unless a `timezone` is set."""
    moment = to_datetime(instant, session.zone)
    return moment if session.config.timezone is not None else moment.replace(tzinfo=None)


class _Default:
    """Holds the default session of the process and how to make one."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.session: Home | None = None
        self.factory: Callable[[], Home] | None = None

    def get(self) -> Home:
        with self.lock:
            if self.session is None:
                if self.factory is None:
                    msg = "no session: pass session=..., or import rocket_magic.session first"
                    raise RuntimeError(msg)
                self.session = self.factory()
            return self.session


_default = _Default()


def default_session() -> Home:
    """The session that tasks without one belong to; made on first use."""
    return _default.get()


def set_default_session(session: Home | None) -> None:
    """Make a session the default one of the process; None forgets it."""
    with _default.lock:
        _default.session = session


def set_default_factory(factory: Callable[[], Home]) -> None:
    """Say how the default session is made when it is first needed."""
    with _default.lock:
        _default.factory = factory
