"""Floor 9, dashboard: every task at hand, filtered and sorted for the views.

Owned by the publisher's thread. Updating one task costs one task; an order is kept until names
change, and where it depends on what changes all the time, for at least `_REORDER` (rows that jump
about can't be read, and 10,000 tasks take time to sort).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from rocket_magic.instants import SECOND, Instant
from rocket_magic.notebook.dashboard._source import TaskRow

__all__ = ["Choice", "TaskIndex", "standing"]

_REORDER = 2 * SECOND
_KEPT_ORDERS = 16
_FAILED = frozenset({"fail", "crash"})


@dataclass(frozen=True, slots=True)
class Choice:
    """Which tasks, in which order."""

    query: str = ""
    standing: str = "all"
    sort: str = "defined"
    descending: bool = False

    @property
    def is_steady(self) -> bool:
        """Whether only definitions, not runs, decide it."""
        return self.standing == "all" and self.sort in {"defined", "name", "schedule"}


@dataclass(slots=True)
class _Order:
    names: tuple[str, ...]
    structure: int
    content: int
    made_at: Instant


def standing(task: TaskRow) -> str:
    """The one word that says how a task stands: "running", "disabled", "failing" or "fine"."""
    if task.running:
        return "running"
    if task.disabled:
        return "disabled"
    if task.status in _FAILED or task.problem:
        return "failing"
    return "fine"


class TaskIndex:
    """The tasks of one session as the publisher last saw them."""

    def __init__(self) -> None:
        self._tasks: dict[str, TaskRow] = {}
        self._counts: Counter[str] = Counter()
        self._structure = 0
        self._content = 0
        self._orders: dict[Choice, _Order] = {}

    def __len__(self) -> int:
        return len(self._tasks)

    def get(self, name: str) -> TaskRow | None:
        """The task of that name, as last seen."""
        return self._tasks.get(name)

    def tasks(self) -> tuple[TaskRow, ...]:
        """All of them, in the order of their definition."""
        return tuple(self._tasks.values())

    def counts(self) -> dict[str, int]:
        """How many tasks stand how; "all" is their number."""
        return {"all": len(self._tasks)} | {
            word: self._counts[word] for word in ("running", "failing", "disabled")
        }

    def replace(self, tasks: Iterable[TaskRow]) -> None:
        """Take all tasks anew."""
        self._tasks = {task.name: task for task in tasks}
        self._counts = Counter(map(standing, self._tasks.values()))
        self._structure += 1

    def update(self, name: str, task: TaskRow | None) -> None:
        """Take one task anew; None: it is gone."""
        before = self._tasks.get(name)
        if before is not None:
            self._counts[standing(before)] -= 1
        if task is None:
            self._structure += self._tasks.pop(name, None) is not None
            return
        if before is None or (before.schedule, before.description) != (task.schedule, task.description):
            self._structure += 1
        self._tasks[name] = task
        self._counts[standing(task)] += 1
        self._content += 1

    def select(self, choice: Choice, now: Instant) -> tuple[str, ...]:
        """Names of the chosen tasks in the chosen order.

        Args:
            choice: Which, and how sorted.
            now: The publisher's uptime, to pace sorting anew.
        """
        order = self._orders.get(choice)
        if order is not None and order.structure == self._structure:
            same = choice.is_steady or order.content == self._content
            if same or now - order.made_at < _REORDER:
                return order.names
        if len(self._orders) >= _KEPT_ORDERS:
            self._orders.clear()
        names = tuple(self._sorted(choice))
        self._orders[choice] = _Order(names, self._structure, self._content, now)
        return names

    def _sorted(self, choice: Choice) -> Iterable[str]:
        wanted = choice.query.casefold().split()
        found = [
            task
            for task in self._tasks.values()
            if choice.standing in {"all", standing(task)} and _matches(task, wanted)
        ]
        if choice.sort in _SORTS:
            found.sort(key=_SORTS[choice.sort], reverse=choice.descending)
        elif choice.descending:
            found.reverse()
        return (task.name for task in found)


def _matches(task: TaskRow, wanted: list[str]) -> bool:
    if not wanted:
        return True
    text = f"{task.name}\n{task.description or ''}\n{task.schedule}".casefold()
    return all(word in text for word in wanted)


def _last_start(task: TaskRow) -> float:
    run = task.running[-1] if task.running else task.recent[-1] if task.recent else None
    return -(run.start or 0.0) if run else math.inf


_SORTS: dict[str, Callable[[TaskRow], Any]] = {
    "name": lambda task: task.name.casefold(),
    "schedule": lambda task: task.schedule.casefold(),
    "next": lambda task: math.inf if task.disabled or task.next_at is None else task.next_at,
    "last": _last_start,
}
