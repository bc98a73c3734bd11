"""The index over records that conditions ask; fed by every record, never walks the log.

Per task and action it keeps the newest record and the sorted instants of the newest ones. Older
instants are folded into buckets (first, last, how many), or, where a `Past` is given, asked from the
repository when a condition reaches back so far. One lock; a question costs a look-up or a bisection.
"""

from __future__ import annotations

import threading
from array import array
from bisect import bisect_left, insort
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

from rocket_magic._protocols import Action, Mark
from rocket_magic.instants import POLL, Instant, Span
from rocket_magic.log._record import SCHEDULER_DIED, Record, is_recovery_crash

_BOUND = 4096
_MOST_BUCKETS = 64
_MERGED_AT_MOST = 64


class Past(Protocol):
    """Where instants come from that the index has not read or no longer holds."""

    def instants(self, task: str, action: Action, start: Instant, end: Instant, limit: int) -> list[Instant]:
        """Ascending instants in [start, end), the newest `limit` of them."""
        ...

    def count(self, task: str, action: Action, start: Instant, end: Instant) -> int:
        """How many lie in [start, end)."""
        ...

    def newest(self, task: str) -> list[Record]:
        """The newest record of each action, in order; their `seq` is below those of this session."""
        ...


class _Bucket(NamedTuple):
    first: Instant
    last: Instant
    n: int


class _Series:
    """Instants of one action of one task.

    Attributes:
        instants: Sorted; all of them from `complete_from` on.
        complete_from: Earlier ones are in buckets or in the repository.
        buckets: Folded older instants, oldest first.
    """

    __slots__ = ("buckets", "complete_from", "instants")

    def __init__(self) -> None:
        self.instants = array("q")
        self.complete_from: Instant = POLL
        self.buckets: list[_Bucket] = []

    def add(self, at: Instant) -> None:
        instants = self.instants
        if not instants or at >= instants[-1]:
            instants.append(at)
        else:
            insort(instants, at)
        if len(instants) > _BOUND:
            self._fold(len(instants) // 2)

    def load(self, ascending: Sequence[Instant]) -> None:
        """Take many at once; all but the newest are folded."""
        n = len(ascending)
        step = max(_BOUND // 2, n // (_MOST_BUCKETS // 2))
        done = 0
        while n - done > _BOUND:
            fold = min(step, n - done - _BOUND // 2)
            self._put_away(ascending[done], ascending[done + fold - 1], fold, ascending[done + fold])
            done += fold
        self.instants = array("q", ascending[done:])

    def _fold(self, n: int) -> None:
        """Fold the oldest `n` instants."""
        old = self.instants[:n]
        self.instants = self.instants[n:]
        self._put_away(old[0], old[-1], n, self.instants[0])

    def _put_away(self, oldest: Instant, newest: Instant, n: int, kept: Instant) -> None:
        """Keep of `n` instants the ends alone; `kept` is the first of those that stay."""
        self.buckets.append(_Bucket(oldest, newest, n))
        # instants equal to the first kept one may have been folded: count them as older
        self.complete_from = max(self.complete_from, kept + 1 if newest == kept else kept)
        if len(self.buckets) > _MOST_BUCKETS:
            one, two = self.buckets[0], self.buckets[1]
            both = _Bucket(min(one.first, two.first), max(one.last, two.last), one.n + two.n)
            self.buckets[:2] = [both]

    def kept(self, start: Instant, end: Instant) -> int:
        instants = self.instants
        return max(bisect_left(instants, end) - bisect_left(instants, start), 0)

    def folded(self, start: Instant, end: Instant) -> int:
        """How many folded instants lie in [start, end); a bucket cut by it counts in proportion."""
        total = 0
        for bucket in self.buckets:
            low, high = max(start, bucket.first), min(end, bucket.last + 1)
            if low >= high:
                continue
            share = (high - low) / (bucket.last + 1 - bucket.first)
            total += max(round(bucket.n * share), 1)
        return total


class _TaskIndex:
    """What is known of one task."""

    __slots__ = ("attempt", "marks", "series", "status")

    def __init__(self) -> None:
        # plain tuples, the fields of a Mark: made at each record, asked less often
        self.marks: dict[Action, tuple[Instant, int, Span | None]] = {}
        self.series: dict[Action, _Series] = {}
        self.status: Action | None = None
        self.attempt = 0

    def find_series(self, action: Action) -> _Series:
        series = self.series.get(action)
        if series is None:
            series = self.series[action] = _Series()
        return series


class MemoryHistory:
    """The index; implements `rocket_magic._protocols.History`.

    Args:
        past: Where older instants are asked; without it they are estimated from buckets.
    """

    def __init__(self, past: Past | None = None) -> None:
        self._past = past
        self._lock = threading.Lock()
        self._tasks: dict[str, _TaskIndex] = {}

    def add(self, records: Iterable[Record]) -> None:
        """Take records in the order of their `seq`."""
        with self._lock:
            tasks = self._tasks
            for record in records:
                index = tasks.get(record.task_name)
                if index is None:
                    index = tasks[record.task_name] = _TaskIndex()
                action = record.action
                at = record.at
                index.marks[action] = (at, record.seq, record.elapsed)
                index.status = action
                if action is Action.RUN:
                    index.attempt = record.attempt
                elif action is Action.CRASH and record.reason == SCHEDULER_DIED:
                    continue  # the period's run is still to be made (RELIABILITY.md D1)
                series = index.series.get(action)
                if series is None:
                    series = index.find_series(action)
                instants = series.instants
                if instants and at >= instants[-1] and len(instants) < _BOUND:
                    instants.append(at)  # what `add` does nearly always
                else:
                    series.add(at)

    def use_up(self, task: str, at: Instant) -> None:
        """Let a crash count at an instant although the scheduler died: the period's run is not to be made."""
        with self._lock:
            index = self._tasks.setdefault(task, _TaskIndex())
            index.find_series(Action.CRASH).add(at)

    def restore(
        self,
        newest: Iterable[Record],
        instants: Mapping[tuple[str, Action], Sequence[Instant]],
        past: Past | None,
    ) -> None:
        """Start anew with what a repository held when it was opened.

        Args:
            newest: The newest record of each task and action, in order.
            instants: Ascending instants by task and action; where there is a past, none are needed.
            past: Where older instants are asked; None when there are none.
        """
        with self._lock:
            self._tasks = {}
            self._past = past
            for record in newest:
                self._take_mark(record)
            for (task, action), ascending in instants.items():
                self._tasks.setdefault(task, _TaskIndex()).find_series(action).load(ascending)

    def _take_mark(self, record: Record) -> None:
        """Take a record of an earlier process; with a past, older ones stay there until asked."""
        index = self._tasks.get(record.task_name)
        if index is None:
            index = self._tasks[record.task_name] = _TaskIndex()
        index.marks[record.action] = (record.at, record.seq, None)
        index.status = record.action
        if record.action is Action.RUN:
            index.attempt = record.attempt
        if self._past is not None:
            series = index.find_series(record.action)
            series.complete_from = record.at + 1
            if not is_recovery_crash(record):
                series.add(record.at)

    def _look_up(self, task: str) -> _TaskIndex | None:
        """What is known of a task; one that was unknown is asked from the past, once."""
        index = self._tasks.get(task)
        if index is not None or self._past is None:
            return index
        newest = self._past.newest(task)
        with self._lock:
            if task not in self._tasks:
                self._tasks[task] = _TaskIndex()
                for record in newest:
                    self._take_mark(record)
            return self._tasks[task]

    def rename(self, old: str, new: str) -> None:
        """Move what is known of a task to its new name."""
        self._look_up(old)
        with self._lock:
            index = self._tasks.pop(old, None)
            if index is not None:
                self._tasks[new] = index

    def last(self, task: str, actions: frozenset[Action]) -> Mark | None:
        """The newest record of `task` whose action is one of `actions`."""
        index = self._look_up(task)
        if index is None:
            return None
        newest: tuple[Instant, int, Span | None] | None = None
        with self._lock:
            for action in actions:
                mark = index.marks.get(action)
                if mark is not None and (newest is None or mark[1] > newest[1]):
                    newest = mark
        return None if newest is None else Mark(*newest)

    def status(self, task: str) -> Action | None:
        """Action of the newest record of `task`."""
        index = self._look_up(task)
        return None if index is None else index.status

    def attempt(self, task: str) -> int:
        """Number of the newest run in its occurrence."""
        index = self._look_up(task)
        return 0 if index is None else index.attempt

    def happened(self, task: str, actions: frozenset[Action], start: Instant, end: Instant) -> bool:
        """Whether a record with one of `actions` lies in [start, end)."""
        index = self._look_up(task)
        if index is None or end <= start:
            return False
        with self._lock:
            found = [(action, index.series[action]) for action in actions if action in index.series]
            if any(series.kept(start, end) for _, series in found):
                return True
            return any(self._older(task, action, series, start, end) for action, series in found)

    def count(self, task: str, actions: frozenset[Action], start: Instant, end: Instant) -> int:
        """How many records with one of `actions` lie in [start, end)."""
        index = self._look_up(task)
        if index is None or end <= start:
            return 0
        total = 0
        with self._lock:
            for action in actions:
                series = index.series.get(action)
                if series is not None:
                    # what is older comes first: asking for it may fill the series
                    older = self._older(task, action, series, start, end)
                    total += older + series.kept(max(start, series.complete_from), end)
        return total

    def _older(self, task: str, action: Action, series: _Series, start: Instant, end: Instant) -> int:
        """How many instants before `complete_from` lie in [start, end); reads a short stretch in."""
        stop = min(end, series.complete_from)
        if start >= stop:
            return 0
        if self._past is None:
            stray = bisect_left(series.instants, stop) - bisect_left(series.instants, start)
            return series.folded(start, end) + max(stray, 0)
        room = _BOUND // 2 - len(series.instants)
        if room > 0 and stop == series.complete_from:
            read = self._past.instants(task, action, start, stop, room)
            if len(read) < room:
                stay = series.instants[bisect_left(series.instants, stop) :]
                series.instants = array("q", read) + stay
                series.complete_from = start
                return 0
        return self._past.count(task, action, start, stop)

    def nth_newest(self, task: str, actions: frozenset[Action], n: int) -> Instant | None:
        """Instant of the n-th newest (1 = newest) such record, or None when there are fewer."""
        index = self._look_up(task)
        if index is None or n < 1:
            return None
        with self._lock:
            columns = []
            for action in actions:
                series = index.series.get(action)
                if series is not None:
                    columns.append(self._newest(task, action, series, n))
        return _nth(columns, n)

    def _newest(self, task: str, action: Action, series: _Series, n: int) -> Sequence[Instant]:
        """The newest `n` instants of a series, ascending; estimated where they were folded."""
        instants: Sequence[Instant] = series.instants[-n:]
        if series.complete_from == POLL or (n == 1 and instants):
            return instants
        if self._past is not None:
            instants = [at for at in instants if at >= series.complete_from]
        missing = n - len(instants)
        if missing <= 0:
            return instants
        if self._past is not None:
            older = self._past.instants(task, action, POLL, series.complete_from, missing)
            return [*older, *instants]
        spread: list[Instant] = []
        for bucket in reversed(series.buckets):
            step = (bucket.last - bucket.first) / max(bucket.n - 1, 1)
            take = min(missing - len(spread), bucket.n)
            spread += [bucket.last - round(step * i) for i in range(take)]
            if len(spread) >= missing:
                break
        return [*reversed(spread), *instants]


def _nth(columns: Sequence[Sequence[Instant]], n: int) -> Instant | None:
    """The n-th largest of several ascending columns."""
    if sum(map(len, columns)) < n:
        return None
    if len(columns) == 1:
        return columns[0][-n]
    if n > _MERGED_AT_MOST:
        return _nth_by_halving(columns, n)
    ends = [len(column) for column in columns]
    value: Instant = POLL
    for _ in range(n):
        best = max((i for i, end in enumerate(ends) if end), key=lambda i: columns[i][ends[i] - 1])
        ends[best] -= 1
        value = columns[best][ends[best]]
    return value


def _nth_by_halving(columns: Sequence[Sequence[Instant]], n: int) -> Instant:
    """The same for a large n: halve the range of instants until one is left."""
    low = min(column[0] for column in columns if column)
    high = max(column[-1] for column in columns if column)
    while low < high:
        middle = (low + high + 1) // 2
        if sum(len(column) - bisect_left(column, middle) for column in columns) >= n:
            low = middle
        else:
            high = middle - 1
    return low
