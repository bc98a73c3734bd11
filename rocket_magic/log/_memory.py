"""The default repository: bounded, indexed, in memory, with Red Bird's interface.

Owner: whoever writes; one lock guards it. The newest `capacity` records are kept; how many had to go
is in `dropped`.
"""

from __future__ import annotations

import dataclasses
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from rocket_magic.exc import RepositoryError
from rocket_magic.log._models import TaskRunRecord
from rocket_magic.log._query import Query, changed_by, matches, only_task
from rocket_magic.log._record import Record, record_of
from rocket_magic.log._result import Result
from rocket_magic.log._survey import Survey, survey_of


class MemoryLog:
    """Records in memory, the newest `capacity` of them.

    Args:
        capacity: How many records are kept.

    Attributes:
        model: What its records come back as.
        dropped: How many records had to make room for newer ones.
    """

    model = TaskRunRecord
    id_field = None
    url = "memory:"

    def __init__(self, capacity: int = 100_000) -> None:
        if capacity < 1:
            msg = f"the log must hold at least one record, got capacity={capacity}"
            raise RepositoryError(msg)
        self.capacity = capacity
        self.dropped = 0
        self._lock = threading.Lock()
        self._records: deque[Record] = deque()
        self._by_task: dict[str, deque[Record]] = {}

    def add(self, item: Any, if_exists: str = "raise") -> None:  # noqa: ARG002  Red Bird's interface
        """Append a record: a Record, a record model, or a mapping."""
        self.add_many((record_of(item),))

    insert = add

    def add_many(self, records: Sequence[Record]) -> None:
        """Append records."""
        with self._lock:
            by_task, kept = self._by_task, self._records
            for record in records:
                kept.append(record)
                own = by_task.get(record.task_name)
                if own is None:
                    own = by_task[record.task_name] = deque()
                own.append(record)
            while len(kept) > self.capacity:
                self._drop_oldest()

    def _drop_oldest(self) -> None:
        oldest = self._records.popleft()
        own = self._by_task[oldest.task_name]
        own.popleft()  # the oldest of all is the oldest of its task
        if not own:
            del self._by_task[oldest.task_name]
        self.dropped += 1

    def filter_by(self, **filters: Any) -> Result:
        """The records whose columns are as given."""
        return Result(self, filters)

    def select(
        self, query: Query, *, newest_first: bool = False, limit: int | None = None
    ) -> Iterator[Record]:
        """Records that pass, from a picture of this moment."""
        task = only_task(query)
        with self._lock:
            if limit is not None:
                return iter(list(islice(self._passing(query, task, newest_first), limit)))
            picture = list(self._candidates(task))
        if newest_first:
            picture.reverse()
        return (record for record in picture if matches(record, query))

    def _candidates(self, task: str | None) -> Sequence[Record]:
        return self._records if task is None else self._by_task.get(task, ())

    def _passing(self, query: Query, task: str | None, newest_first: bool) -> Iterator[Record]:
        candidates = self._candidates(task)
        ordered: Iterable[Record] = reversed(candidates) if newest_first else candidates
        return (record for record in ordered if matches(record, query))

    def count(self, query: Query) -> int:
        """How many records pass."""
        if not query:
            return len(self._records)
        return sum(1 for _ in self.select(query))

    def delete(self, query: Query) -> int:
        """Remove the records that pass; how many."""
        with self._lock:
            kept = [record for record in self._records if not matches(record, query)]
            removed = len(self._records) - len(kept)
            self._refill(kept)
        return removed

    def _refill(self, records: Iterable[Record]) -> None:
        self._records = deque(records)
        self._by_task = {}
        for record in self._records:
            self._by_task.setdefault(record.task_name, deque()).append(record)

    def update(self, query: Query, values: Mapping[str, Any]) -> int:
        """Change the records that pass; how many."""
        with self._lock:
            chosen = [record for record in self._records if matches(record, query)]
            for record in chosen:
                changed_by(record, values)
            self._refill(self._records)
        return len(chosen)

    def survey(self, task_names: Iterable[str]) -> Survey:  # noqa: ARG002  one pass reads all tasks
        """What it holds."""
        with self._lock:
            picture = list(self._records)
        return survey_of(dataclasses.replace(record) for record in picture)

    def trim(self, count: int) -> int:
        """Keep the newest `count` records of each task; how many went."""
        with self._lock:
            gone: set[int] = set()
            for own in self._by_task.values():
                gone.update(id(record) for record in islice(own, max(len(own) - count, 0)))
            if gone:
                self._refill([record for record in self._records if id(record) not in gone])
        return len(gone)

    def close(self) -> None:
        """Nothing to close."""

    def __iter__(self) -> Iterator[TaskRunRecord]:
        return self.filter_by().iterate()

    def __len__(self) -> int:
        return len(self._records)

    def __repr__(self) -> str:
        """Show how full it is."""
        return f"MemoryLog({len(self._records)} of {self.capacity} records, {self.dropped} dropped)"
