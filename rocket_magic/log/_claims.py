"""Several schedulers on one log: what a start must not have missed, and how it is refused.

A scheduler decides a start on what it knows of the log. When another one writes to the same log, that
may be old: the repository then refuses the start in the transaction that would have recorded it, hands
over what the others wrote, and the scheduler looks again.
"""

from __future__ import annotations

from dataclasses import dataclass

from rocket_magic.exc import TaskLoggingError

__all__ = ["Claim", "StartedElsewhere"]


@dataclass(frozen=True, slots=True)
class Claim:
    """What a group of `run` records was decided on.

    Attributes:
        tasks: Tasks whose starts are due ones: at most one scheduler may make each.
        version: `TaskLog.version` before their conditions were asked.
    """

    tasks: frozenset[str]
    version: int


class StartedElsewhere(TaskLoggingError):  # noqa: N818  an answer, not a fault
    """Another scheduler was first; nothing of the group was written.

    Args:
        tasks: The tasks that it concerns.
        in_flight: Those of them whose run in another scheduler has not ended yet.
    """

    def __init__(self, tasks: frozenset[str], in_flight: frozenset[str] = frozenset()) -> None:
        self.tasks = tasks
        self.in_flight = in_flight
        names = ", ".join(sorted(tasks))
        super().__init__(f"another scheduler on this log was first to start: {names}")
