"""What the log holds when it is opened: the newest records, runs without an outcome, crash streaks."""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from rocket_magic._protocols import Action
from rocket_magic.instants import Instant
from rocket_magic.log._history import Past
from rocket_magic.log._record import Record, is_recovery_crash

RECENT = 2_000
"""How many of the newest records a log keeps at hand."""


@dataclass(slots=True)
class Survey:
    """The state of a repository at opening.

    Attributes:
        newest: The newest record of each task and action, in order; seq is 0 or less.
        open_runs: `run` records without an outcome, in order.
        streaks: By task: how many interrupted runs in a row end its records.
        instants: By task and action, ascending, all of them; empty where `past` answers instead.
        recent: The newest records, oldest first, where they were read anyway.
        past: Where older instants are asked; None when `instants` has them all.
        n_records: How many records were read, or None when only some were.
        n_damaged: Rows that could not be read.
    """

    newest: list[Record] = field(default_factory=list)
    open_runs: list[Record] = field(default_factory=list)
    streaks: dict[str, int] = field(default_factory=dict)
    instants: Mapping[tuple[str, Action], Sequence[Instant]] = field(default_factory=dict)
    recent: Sequence[Record] = ()
    past: Past | None = None
    n_records: int | None = None
    n_damaged: int = 0


def open_key(record: Record) -> str:
    """What identifies a run; records without a run id (older logs) have one run a task at most."""
    return record.run_id or f"\0{record.task_name}"


def survey_of(records: Iterable[Record]) -> Survey:
    """One pass over all records, oldest first."""
    newest: dict[tuple[str, Action], Record] = {}
    instants: dict[tuple[str, Action], array[Instant]] = {}
    recent: deque[Record] = deque(maxlen=RECENT)
    open_runs: dict[str, Record] = {}
    streaks = Streaks()
    n = 0
    for n, record in enumerate(records, start=1):
        key = (record.task_name, record.action)
        newest[key] = record
        record.seq = n
        recent.append(record)
        if record.action is Action.RUN:
            open_runs[open_key(record)] = record
        else:
            open_runs.pop(open_key(record), None)
            if is_recovery_crash(record):
                streaks.died(record.task_name, record.at)
            else:
                streaks.ended(record.task_name)
        if not is_recovery_crash(record):
            if key not in instants:
                instants[key] = array("q")
            instants[key].append(record.at)
    ordered = sorted(newest.values(), key=lambda record: record.seq)
    for record in {id(record): record for record in (*ordered, *open_runs.values(), *recent)}.values():
        record.seq -= n
    return Survey(
        newest=ordered,
        open_runs=list(open_runs.values()),
        streaks=streaks.lengths(),
        instants={key: sorted(ascending) for key, ascending in instants.items()},
        recent=recent,
        n_records=n,
    )


class Streaks:
    """Counts, by task, the interrupted starts in a row that end its records.

    Runs that were interrupted by one death have crash records of one instant and count once.
    """

    __slots__ = ("_ends",)

    def __init__(self) -> None:
        self._ends: dict[str, tuple[int, object]] = {}

    def died(self, task: str, at: object) -> None:
        """A crash record that recovery wrote."""
        length, last = self._ends.get(task, (0, None))
        if last != at:
            self._ends[task] = (length + 1, at)

    @property
    def any(self) -> bool:
        """Whether a task's records end with an interrupted run so far."""
        return bool(self._ends)

    def ended(self, task: str) -> None:
        """Any other outcome."""
        self._ends.pop(task, None)

    def lengths(self) -> dict[str, int]:
        """The counts that are not zero."""
        return {task: length for task, (length, _) in self._ends.items()}
