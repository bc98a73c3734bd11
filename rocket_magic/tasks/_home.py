"""Floor 5: what a task needs of the session it lives in; the default one, seen by tasks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Any, Protocol

from rocket_magic import _default_session
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

    def next_run_number(self) -> int:
        """Count one more run; see `rocket_magic.tasks.run_id.increment`."""
        ...

    def run_alone(self, task: Task, values: Mapping[str, Any]) -> Any:
        """Run a task at once, outside the schedule."""
        ...


def local_datetime(session: Home, instant: Instant) -> datetime:
    """An instant as Rocketry's API shows it: naive local time unless a `timezone` is set."""
    moment = to_datetime(instant, session.zone)
    return moment if session.config.timezone is not None else moment.replace(tzinfo=None)


def default_session() -> Home:
    """The session that tasks without one belong to; made on first use."""
    session: Home = _default_session.default_session()
    return session
