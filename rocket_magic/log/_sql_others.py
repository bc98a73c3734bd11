"""What a table's log knows of runs in flight, its own and those of other schedulers on the same table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rocket_magic._protocols import Action
from rocket_magic.exc import TaskLoggingError
from rocket_magic.instants import Instant
from rocket_magic.log._claims import StartedElsewhere
from rocket_magic.log._record import COLUMNS, Record, is_recovery_crash, record_of_row
from rocket_magic.log._recovery import crash_of
from rocket_magic.log._survey import Survey, open_key

_FIRST_COLUMN = 2
"""Rows of others begin with their number and their owner."""

Lives = Callable[[int | None], bool]


class Others:
    """Runs without an outcome, and what others wrote that the session has not heard of yet.

    Not for several threads at once: the table's log guards it.

    Attributes:
        since_settled: Records since it was last noted up to which row all runs have ended.
    """

    def __init__(self) -> None:
        self.since_settled = 0
        self._open: dict[str, int] = {}
        """Runs without an outcome, and a row that stands before theirs."""
        self._elsewhere: dict[str, tuple[Record, int | None]] = {}
        self._dead: frozenset[str] = frozenset()
        self._answered: set[str] = set()
        self._news: list[Record] = []
        self._buried: list[Record] = []

    def restore(self, survey: Survey, owners: Mapping[str, int | None], lives: Lives, top: int) -> None:
        """Begin with what a survey found; runs of living schedulers are not the survey's any more.

        Args:
            survey: What was found.
            owners: By run id: who wrote the open runs.
            lives: Whether a scheduler is alive.
            top: Number of the row that `seq` counts back from.
        """
        self._open = {open_key(record): top + record.seq - 1 for record in reversed(survey.open_runs)}
        self._elsewhere, dead = {}, []
        for record in survey.open_runs:
            owner = owners.get(open_key(record))
            if owner is not None and lives(owner):
                self._elsewhere[open_key(record)] = (record, owner)
            else:
                dead.append(record)
        survey.open_runs = dead
        self._dead = frozenset(map(open_key, dead))
        self._answered = set()

    def read(self, rows: Sequence[tuple[Any, ...]]) -> list[Record]:
        """Take rows of others; the records that can be read."""
        records = []
        for row in rows:
            try:
                record = record_of_row(dict(zip(COLUMNS, row[_FIRST_COLUMN:], strict=True)))
            except TaskLoggingError:
                continue
            key = open_key(record)
            if record.action is Action.RUN:
                self._open.setdefault(key, row[0] - 1)
                self._elsewhere[key] = (record, row[1])
            else:
                self._open.pop(key, None)
                self._elsewhere.pop(key, None)
                if key in self._dead:
                    self._answered.add(key)
            records.append(record)
        self._news += records
        return records

    def refuse(
        self, claimed: frozenset[str], news: Sequence[Record], lives: Lives, now: Instant
    ) -> list[Record]:
        """Look whether another scheduler was first to start one of these tasks.

        Returns:
            Outcomes to write for runs whose scheduler has died.

        Raises:
            StartedElsewhere: It was: it wrote of the task, or its run is in flight.
        """
        in_flight = set()
        for run, owner in list(self._elsewhere.values()) if claimed else ():
            if run.task_name in claimed:
                if lives(owner):
                    in_flight.add(run.task_name)
                else:
                    self._elsewhere.pop(open_key(run))
                    self._buried.append(crash_of(run, now))
        stale = {record.task_name for record in news} & claimed
        if in_flight or stale:
            raise StartedElsewhere(frozenset(in_flight | stale), frozenset(in_flight))
        return self._buried

    def wanted(self, record: Record) -> bool:
        """Whether it is to be written: not the crash of a run that another scheduler has recorded."""
        return not (self._answered and is_recovery_crash(record) and open_key(record) in self._answered)

    def track(self, records: Sequence[Record], floor: int) -> None:
        """Take note of own records that are stored now, all behind the row `floor`."""
        opened = self._open
        for record in records:
            key = record.run_id or open_key(record)
            if record.action is Action.RUN:
                opened.setdefault(key, floor)
            else:
                opened.pop(key, None)
        self.since_settled += len(records)
        if self._buried:
            self._news += self._buried
            self._buried = []

    def settled(self) -> int | None:
        """The last row before that of the oldest open run; None when no run is open."""
        return min(self._open.values(), default=None)

    def take(self) -> list[Record]:
        """Hand over what the session has not heard of."""
        news, self._news = self._news, []
        return news
