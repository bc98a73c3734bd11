"""Floor 7: the agenda. Which task must be looked at, and when.

A heap of (instant, number of the task, task) for what time brings, and subscriptions for what events
bring. An entry that a later one replaced stays in the heap and is skipped when it comes up: `look_at`
of the task says which one counts. No operation walks over all tasks.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable

from rocket_magic._protocols import OWN, EventKind, Watch
from rocket_magic.instants import NEVER, Instant
from rocket_magic.tasks import Task

_STALE_SHARE = 4
_SMALL = 64


class Agenda:
    """When to look at which task. Owned by the scheduler's thread."""

    def __init__(self) -> None:
        self._heap: list[tuple[Instant, int, Task]] = []
        self._watchers: dict[Watch, dict[Task, None]] = {}
        self._watched: dict[Task, frozenset[Watch]] = {}
        self._entries = 0

    def set(self, task: Task, at: Instant) -> None:
        """Look at the task at that instant, and not at an earlier choice; `NEVER` for no instant."""
        if task.look_at == at:
            return
        if task.look_at is None:
            self._entries += 1
        if at == NEVER:
            task.look_at = None
            self._entries -= 1
            return
        task.look_at = at
        heapq.heappush(self._heap, (at, task.number, task))
        if len(self._heap) > _SMALL + _STALE_SHARE * self._entries:
            self._sweep()

    def head(self) -> Instant:
        """Instant of the earliest look, or `NEVER`."""
        heap = self._heap
        while heap and heap[0][2].look_at != heap[0][0]:
            heapq.heappop(heap)
        return heap[0][0] if heap else NEVER

    def pop_due(self, now: Instant) -> list[tuple[Task, Instant]]:
        """Take the tasks to be looked at by now, each with the instant it was due for."""
        due: list[tuple[Task, Instant]] = []
        heap = self._heap
        while heap and heap[0][0] <= now:
            at, _, task = heapq.heappop(heap)
            if task.look_at == at:
                task.look_at = None
                self._entries -= 1
                due.append((task, at))
        return due

    def watch(self, task: Task, watches: Iterable[Watch]) -> None:
        """Look at the task after these events, instead of those of an earlier call.

        Events of its own runs need no subscription: a task is always looked at after them.
        """
        wanted = frozenset(watch for watch in watches if watch.task not in (OWN, task.name))
        for watch in self._watched.get(task, frozenset()) - wanted:
            self._drop(watch, task)
        for watch in wanted:
            self._watchers.setdefault(watch, {})[task] = None
        if wanted:
            self._watched[task] = wanted
        else:
            self._watched.pop(task, None)

    def watchers(self, kind: EventKind, task_name: str | None = None) -> list[Task]:
        """The tasks to be looked at after an event."""
        return list(self._watchers.get(Watch(kind, task_name), ()))

    @property
    def has_watchers(self) -> bool:
        """Whether any task watches any event."""
        return bool(self._watchers)

    def watched(self, kind: EventKind) -> bool:
        """Whether any task is to be looked at after events of this kind that name no task."""
        return Watch(kind, None) in self._watchers

    def remove(self, task: Task) -> None:
        """Forget a task."""
        self.set(task, NEVER)
        for watch in self._watched.pop(task, frozenset()):
            self._drop(watch, task)

    def _drop(self, watch: Watch, task: Task) -> None:
        tasks = self._watchers.get(watch)
        if tasks is not None:
            tasks.pop(task, None)
            if not tasks:
                del self._watchers[watch]

    def _sweep(self) -> None:
        """Throw replaced entries out; they may not outnumber the living ones for long."""
        self._heap = [entry for entry in self._heap if entry[2].look_at == entry[0]]
        heapq.heapify(self._heap)
