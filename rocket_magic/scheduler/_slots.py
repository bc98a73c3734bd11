"""Floor 7: tasks that wait for a place among the process runs (`max_process_count`).

A place that becomes free is offered to one task at a time, which is then looked at: it may not want to
run any more. Priority goes first, then who has waited longest: else tasks that are always due would keep
the rest from ever running.
"""

from __future__ import annotations

from rocket_magic.instants import Instant
from rocket_magic.tasks import Task

__all__ = ["SlotQueue"]


class SlotQueue:
    """A row of tasks per priority, and those that a free place was offered to in this step."""

    __slots__ = ("_offered", "_priority", "_rows")

    def __init__(self) -> None:
        self._rows: dict[int, dict[Task, Instant]] = {}
        self._priority: dict[Task, int] = {}
        self._offered: dict[Task, int] = {}

    def __len__(self) -> int:
        """How many tasks wait."""
        return len(self._priority)

    def __bool__(self) -> bool:
        """Whether there is anything to see to: tasks that wait, or offers that are still open."""
        return bool(self._priority or self._offered)

    def wait(self, task: Task, due: Instant) -> None:
        """Let a task wait; it keeps its place in the row, also when others took what it was offered."""
        self._offered.pop(task, None)
        known = self._priority.get(task)
        if known is not None and known != task.priority:
            due = self._rows[known][task]
            self.leave(task)
        self._priority[task] = task.priority
        self._rows.setdefault(task.priority, {}).setdefault(task, due)

    def leave(self, task: Task) -> None:
        """A task has begun, or does not want to any more."""
        priority = self._priority.pop(task, None)
        if priority is None:
            return
        row = self._rows[priority]
        del row[task]
        if not row:
            del self._rows[priority]

    def offer(self) -> tuple[Task, Instant] | None:
        """Offer a place to the next task: that and the instant it was due.

        It stays in the row until it begins.
        """
        for priority in sorted(self._rows, reverse=True):
            for task, due in self._rows[priority].items():
                if task not in self._offered:
                    self._offered[task] = len(self._offered)
                    return task, due
        return None

    def turn(self, task: Task) -> int:
        """Where a task stands among those with an offer; those without come after them."""
        return self._offered.get(task, len(self._offered))

    def close_offers(self) -> None:
        """Those that did not take what they were offered wait no longer."""
        for task in self._offered:
            self.leave(task)
        self._offered.clear()
