"""What is kept at hand of a log: its newest records and the newest ended runs of each task."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence

from rocket_magic._protocols import Action
from rocket_magic.log._memory import MemoryLog
from rocket_magic.log._places import Places
from rocket_magic.log._query import Query, Test, matches
from rocket_magic.log._record import Record
from rocket_magic.log._survey import RECENT

__all__ = ["Recent"]

_RUN = Action.RUN
_RUNS_KEPT = 12


class Recent:
    """The newest records, so that a repository that would have to read all of its own isn't asked.

    Args:
        places: Where the records are.
    """

    def __init__(self, places: Places) -> None:
        self._places = places
        self._records: deque[Record] = deque(maxlen=RECENT)
        self._ended: dict[str, deque[Record]] = {}
        self._ended_before: dict[str, tuple[Record, ...]] = {}

    def begin(self, records: Iterable[Record]) -> None:
        """Start with the newest records of a repository that was opened; runs that ended here stay known."""
        self._ended_before = {}
        self._records = deque(records, RECENT)

    def add(self, records: Sequence[Record]) -> None:
        """Keep records that are in the log now."""
        if type(self._places.store) is not MemoryLog:
            self._records.extend(records)
        for record in records:
            if record.action is not _RUN:
                ended = self._ended.get(record.task_name)
                if ended is None:
                    ended = self._ended[record.task_name] = deque(maxlen=_RUNS_KEPT)
                ended.append(record)

    def of_this_session(self) -> list[Record]:
        """The newest records that this session has written itself."""
        store = self._places.store
        own = store.select(()) if isinstance(store, MemoryLog) else self._records
        return [record for record in own if record.seq > 0]

    def newest(self, query: Query, n: int) -> list[Record]:
        """The newest `n` records that match, oldest first."""
        if not self._places.indexed:
            found = self._matching(query)
            if len(found) >= n or len(self._records) < RECENT:
                return found[max(len(found) - n, 0) :]
        return list(self._places.store.select(query, newest_first=True, limit=n))[::-1]

    def runs(self, task: str, n: int) -> tuple[Record, ...]:
        """The newest ended runs of a task, newest last, a dozen at most."""
        own = tuple(self._ended.get(task, ()))
        if len(own) >= n:
            return own[-n:]
        before = self._ended_before.get(task)
        if before is None:
            seen = {(record.run_id, record.at) for record in own}
            before = tuple(one for one in self._stored_runs(task) if (one.run_id, one.at) not in seen)
            self._ended_before[task] = before
        return (*before, *own)[-n:]

    def _stored_runs(self, task: str) -> Sequence[Record]:
        """The newest ended runs of a task as the repository has them, where that costs little."""
        query = (Test("task_name", "eq", task), Test("action", "ne", _RUN.value))
        if self._places.indexed:
            return list(self._places.store.select(query, newest_first=True, limit=_RUNS_KEPT))[::-1]
        return self._matching(query)[-_RUNS_KEPT:]

    def _matching(self, query: Query) -> list[Record]:
        return [record for record in list(self._records) if matches(record, query)]
