"""The default repository: bounded, indexed, in memory, with Red Bird's interface.

Owner: whoever writes; one lock guards it. The newest `capacity` records are kept; how many had to go
is in `dropped`.

Records are kept as plain tuples of text and numbers: the garbage collector stops looking at those, while
a hundred thousand objects would be walked over and over (a third of the time of a busy scheduler). The
index by task is made when somebody asks for a task, and then only brought up to date.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from rocket_magic.exc import RepositoryError
from rocket_magic.log._query import Query, changed_by, matches, only_task
from rocket_magic.log._record import Packed, Record, pack, record_of, unpack
from rocket_magic.log._result import RecordModel, Result
from rocket_magic.log._run_numbers import number_after
from rocket_magic.log._survey import Survey, survey_of

if TYPE_CHECKING:
    from rocket_magic.log._models import TaskRunRecord


class MemoryLog:
    """Records in memory, the newest `capacity` of them.

    Args:
        capacity: How many records are kept.

    Attributes:
        model: What its records come back as.
    """

    model = RecordModel()
    indexed = True
    id_field = None
    url = "memory:"

    def __init__(self, capacity: int = 100_000) -> None:
        if capacity < 1:
            msg = f"the log must hold at least one record, got capacity={capacity}"
            raise RepositoryError(msg)
        self.capacity = capacity
        self._lock = threading.Lock()
        self._records: deque[Packed] = deque(maxlen=capacity)
        self._added = 0
        self._removed = 0
        self._by_task: dict[str, deque[tuple[int, Packed]]] = {}
        self._newest: dict[str, dict[str, tuple[int, Packed]]] = {}
        self._indexed = 0

    @property
    def dropped(self) -> int:
        """How many records had to make room for newer ones."""
        return self._added - self._removed - len(self._records)

    def add(self, item: Any, if_exists: str = "raise") -> None:
        """Append a record: a Record, a record model, or a mapping."""
        self.add_many((record_of(item),))

    insert = add

    def add_many(self, records: Sequence[Record]) -> None:
        """Append records; those beyond the capacity push the oldest out."""
        with self._lock:
            append = self._records.append
            for record in records:
                append(pack(record))
            self._added += len(records)

    def _bring_up_to_date(self) -> None:
        """Put into the index what has come since it was asked last."""
        fresh = self._added - self._indexed
        if fresh > len(self._records) or self._indexed == 0:
            self._by_task, self._newest = {}, {}
            fresh = len(self._records)
        number = self._added - fresh
        for packed in reversed(list(islice(reversed(self._records), fresh))):  # a few: not by way of all
            own = self._by_task.get(packed[0])
            if own is None:
                own = self._by_task[packed[0]] = deque()
            own.append((number, packed))
            newest = self._newest.setdefault(packed[0], {})
            newest.pop(packed[1], None)  # so that they stay in order
            newest[packed[1]] = number, packed
            number += 1
        self._indexed = self._added

    def _of_task(self, task: str) -> list[Packed]:
        """The records of a task."""
        self._bring_up_to_date()
        found = self._by_task.get(task)
        if found is None:
            return []
        first = self._added - len(self._records)
        while found and found[0][0] < first:
            found.popleft()
        return [packed for _, packed in found]

    def newest_of(self, task: str) -> list[Record]:
        """The newest record of each action of a task, oldest first, by `seq` among all records."""
        with self._lock:
            self._bring_up_to_date()
            first = self._added - len(self._records)
            found = [entry for entry in self._newest.get(task, {}).values() if entry[0] >= first]
        records = []
        for number, packed in found:
            record = unpack(packed)
            record.seq = number + 1
            records.append(record)
        return records

    def filter_by(self, **filters: Any) -> Result:
        """The records whose columns are as given."""
        return Result(self, filters)

    def select(
        self, query: Query, *, newest_first: bool = False, limit: int | None = None
    ) -> Iterator[Record]:
        """Records that pass, from a picture of this moment."""
        task = only_task(query)
        with self._lock:
            picture = list(self._records) if task is None else self._of_task(task)
        if newest_first:
            picture.reverse()
        return islice((record for record in map(unpack, picture) if matches(record, query)), limit)

    def count(self, query: Query) -> int:
        """How many records pass."""
        if not query:
            return len(self._records)
        return sum(1 for _ in self.select(query))

    def delete(self, query: Query) -> int:
        """Remove the records that pass; how many."""
        with self._lock:
            kept = [packed for packed in self._records if not matches(unpack(packed), query)]
            return self._refill(kept)

    def _refill(self, packed: Iterable[Packed]) -> int:
        """Keep these records and no others; how many went."""
        before = len(self._records)
        self._records = deque(packed, self.capacity)
        gone = before - len(self._records)
        self._removed += gone
        self._indexed = 0
        return gone

    def update(self, query: Query, values: Mapping[str, Any]) -> int:
        """Change the records that pass; how many."""
        with self._lock:
            touched = 0
            changed = list(self._records)
            for place, record in enumerate(map(unpack, self._records)):
                if matches(record, query):
                    changed_by(record, values)
                    changed[place] = pack(record)
                    touched += 1
            self._refill(changed)
        return touched

    def survey(self, task_names: Iterable[str]) -> Survey:
        """What it holds."""
        return survey_of(self.select(()))

    def reserve_run_numbers(self) -> int:
        """The first number for counted run ids that no record here has."""
        with self._lock:
            return number_after(packed[3] for packed in self._records)

    def trim(self, count: int) -> int:
        """Keep the newest `count` records of each task; how many went."""
        with self._lock:
            seen: dict[str, int] = {}
            kept: list[Packed] = []
            for packed in reversed(self._records):
                seen[packed[0]] = seen.get(packed[0], 0) + 1
                if seen[packed[0]] <= count:
                    kept.append(packed)
            return self._refill(reversed(kept))

    def close(self) -> None:
        """Nothing to close."""

    def __iter__(self) -> Iterator[TaskRunRecord]:
        return self.filter_by().iterate()

    def __len__(self) -> int:
        return len(self._records)

    def __repr__(self) -> str:
        """Show how full it is."""
        return f"MemoryLog({len(self._records)} of {self.capacity} records, {self.dropped} dropped)"
