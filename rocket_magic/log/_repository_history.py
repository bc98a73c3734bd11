"""History that asks the repository each time (`force_status_from_logs=True`).

Another process may write to the repository, so nothing is remembered here.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable

from rocket_magic._protocols import Action, Mark
from rocket_magic.instants import NEVER, POLL, SECOND, Instant
from rocket_magic.log._history import Past
from rocket_magic.log._query import Test
from rocket_magic.log._record import Record, is_recovery_crash
from rocket_magic.log._result import Source


class SourcePast:
    """Answers from any repository, by reading the records of one task."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def _records(self, task: str, action: Action | None) -> list[Record]:
        query = [Test("task_name", "eq", task)]
        if action is not None:
            query.append(Test("action", "eq", action.value))
        return list(self._source.select(tuple(query)))

    def newest(self, task: str) -> list[Record]:
        """The newest record of each action, in order."""
        indexed: Callable[[str], list[Record]] | None = getattr(self._source, "newest_of", None)
        if indexed is not None:
            return indexed(task)
        newest: dict[Action, Record] = {}
        # all records are counted: the order across tasks is what pipelines compare
        for seq, record in enumerate(self._source.select(()), start=1):
            if record.task_name != task:
                continue
            record.seq = seq
            newest.pop(record.action, None)
            newest[record.action] = record
        return list(newest.values())

    def instants(self, task: str, action: Action, start: Instant, end: Instant, limit: int) -> list[Instant]:
        """Ascending instants in [start, end), the newest `limit` of them."""
        found = sorted(
            record.at
            for record in self._records(task, action)
            if start <= record.at < end and not is_recovery_crash(record)
        )
        return found[-limit:]

    def count(self, task: str, action: Action, start: Instant, end: Instant) -> int:
        """How many lie in [start, end)."""
        return len(self.instants(task, action, start, end, 2**62))


class RepositoryHistory:
    """Implements `rocket_magic._protocols.History` over a repository.

    Args:
        past: Asks the repository.
    """

    def __init__(self, past: Past) -> None:
        self._past = past

    def last(self, task: str, actions: frozenset[Action]) -> Mark | None:
        """The newest record of `task` whose action is one of `actions`."""
        for record in reversed(self._past.newest(task)):
            if record.action in actions:
                return Mark(record.at, _order(record), record.elapsed)
        return None

    def status(self, task: str) -> Action | None:
        """Action of the newest record of `task`."""
        newest = self._past.newest(task)
        return newest[-1].action if newest else None

    def attempt(self, task: str) -> int:
        """Number of the newest run in its occurrence."""
        runs = [record for record in self._past.newest(task) if record.action is Action.RUN]
        return runs[-1].attempt if runs else 0

    def happened(self, task: str, actions: frozenset[Action], start: Instant, end: Instant) -> bool:
        """Whether a record with one of `actions` lies in [start, end)."""
        return any(self._past.count(task, action, start, end) for action in actions)

    def count(self, task: str, actions: frozenset[Action], start: Instant, end: Instant) -> int:
        """How many records with one of `actions` lie in [start, end)."""
        return sum(self._past.count(task, action, start, end) for action in actions)

    def nth_newest(self, task: str, actions: frozenset[Action], n: int) -> Instant | None:
        """Instant of the n-th newest (1 = newest) such record, or None when there are fewer."""
        newest = heapq.nlargest(
            n, (at for action in actions for at in self._past.instants(task, action, POLL, NEVER, n))
        )
        return newest[n - 1] if 1 <= n <= len(newest) else None


def _order(record: Record) -> int:
    """Place in the order of records across tasks; stores that number their records give it."""
    return record.seq or record.at // SECOND
