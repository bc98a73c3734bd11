"""Floor 8: the forecast. The runs that would happen, without running anything.

`forecast` tells all runs of a span of time, `next_starts` the next ones of one task. Both step a
rehearsal (see `rocket_magic._rehearsal`) and read its log.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, NamedTuple

from rocket_magic._by_time import Lone, take_lone_tasks
from rocket_magic._protocols import Action
from rocket_magic._rehearsal import Failures, Model, Rehearsal, SimulatedExecutor
from rocket_magic._timeline import clean_text, forecast_html
from rocket_magic.conditions import AlwaysFalse
from rocket_magic.exc import ClockError, MissingExtraError
from rocket_magic.instants import SECOND, Instant, to_datetime
from rocket_magic.log import Record
from rocket_magic.session import Session
from rocket_magic.time import parse_duration

__all__ = ["Forecast", "ForecastRun", "NextStarts", "SimulatedExecutor", "forecast", "next_starts"]

_MOST_LOOKS = 10_000
_MOST_LISTED = 40
_WIDEST = 60


class ForecastRun(NamedTuple):
    """One run that would happen.

    Attributes:
        task_name: The task.
        start: When it would start.
        end: When it would end; None when that is after the forecast's end.
        outcome: "success", "fail", "terminate", …, or "run" when it would still be in flight.
        reason: Why it would start, in the words of its schedule, and why it would end as it does.
    """

    task_name: str
    start: datetime
    end: datetime | None
    outcome: str
    reason: str


@dataclass(frozen=True, slots=True)
class Forecast:
    """What would happen in a span of time.

    Attributes:
        start: Where it begins.
        end: Where it ends.
        runs: The runs in the order of their starts; those in flight at the beginning come first.
        never: Names of tasks that would not run.
        notes: What was assumed, in words.
    """

    start: datetime
    end: datetime
    runs: tuple[ForecastRun, ...]
    never: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def runs_per_task(self) -> dict[str, int]:
        """How often each task would run, most often first."""
        return dict(Counter(run.task_name for run in self.runs).most_common())

    @property
    def busiest_minute(self) -> tuple[datetime, int] | None:
        """The minute with the most starts, and how many."""
        minutes = Counter(run.start.replace(second=0, microsecond=0) for run in self.runs)
        return min(minutes.items(), key=lambda item: (-item[1], item[0])) if minutes else None

    @property
    def longest_wait(self) -> tuple[datetime, datetime] | None:
        """The longest stretch in which nothing would start."""
        moments = [self.start, *(run.start for run in self.runs if run.start >= self.start), self.end]
        pairs = pairwise(moments)
        return max(pairs, key=lambda pair: pair[1].timestamp() - pair[0].timestamp()) if self.runs else None

    def to_pandas(self) -> Any:
        """The runs as a pandas DataFrame.

        Raises:
            MissingExtraError: pandas is not installed.
        """
        columns = ["task_name", "start", "end", "outcome", "reason"]
        try:
            import pandas as pd  # noqa: PLC0415  optional, and slow to load
        except ModuleNotFoundError as error:
            msg = "to_pandas() needs pandas: pip install 'rocket_magic[lab]'"
            raise MissingExtraError(msg) from error
        return pd.DataFrame(
            [[getattr(run, column) for column in columns] for run in self.runs], columns=columns
        )

    def __str__(self) -> str:
        return "\n".join([self._title(), *self._totals()])

    def __repr__(self) -> str:
        """The runs as a table (the first ones of many), then the totals."""
        if not self.runs:
            return str(self)
        left = len(self.runs) - _MOST_LISTED
        more = [f"… and {left:,} more runs"] if left > 0 else []
        return "\n".join([self._title(), *self._table(), *more, *self._totals()])

    def _title(self) -> str:
        count = len(self.runs)
        span = f"{self.start:%Y-%m-%d %H:%M} to {self.end:%Y-%m-%d %H:%M}"
        return f"Forecast {span}: {count} run{'' if count == 1 else 's'}"

    def _table(self) -> list[str]:
        rows = [("time", "task", "outcome", "reason")]
        for run in self.runs[:_MOST_LISTED]:
            name, reason = clean_text(run.task_name)[:_WIDEST], clean_text(run.reason)[:_WIDEST]
            rows.append((f"{run.start:%Y-%m-%d %H:%M:%S}", name, run.outcome, reason))
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        rows.insert(1, ("-" * widths[0], "-" * widths[1], "-" * widths[2], "-" * widths[3]))
        return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]

    def _totals(self) -> list[str]:
        lines = [f"  {count:>6} x {clean_text(name)}" for name, count in self.runs_per_task.items()]
        if self.busiest_minute is not None:
            minute, count = self.busiest_minute
            lines.append(
                f"  busiest minute: {minute:%Y-%m-%d %H:%M} with {count} start{'' if count == 1 else 's'}"
            )
        if self.longest_wait is not None:
            first, last = self.longest_wait
            wait = last.astimezone(UTC) - first.astimezone(UTC)  # on the wall a night may lack an hour
            lines.append(f"  longest wait: {wait} from {first:%Y-%m-%d %H:%M}")
        if self.never:
            lines.append(f"  never: {', '.join(map(clean_text, self.never))}")
        return [*lines, *(f"  note: {clean_text(note)}" for note in self.notes)]

    def _repr_html_(self) -> str:
        """Totals and a timeline."""
        return forecast_html(self)


@dataclass(frozen=True, slots=True)
class NextStarts:
    """When a task starts next.

    Attributes:
        task_name: The task.
        moments: The next starts, earliest first, as far as time alone decides.
        text: Why there are no more: "depends on task 'load'", "by hand", "disabled", …; or "".
    """

    task_name: str
    moments: tuple[datetime, ...]
    text: str

    def __str__(self) -> str:
        words = [f"{moment:%Y-%m-%d %H:%M:%S}" for moment in self.moments]
        return f"{self.task_name}: " + ", ".join([*words, *([self.text] if self.text else [])])


def forecast(
    session: Session,
    span: Any,
    *,
    durations: Mapping[str, Any] | None = None,
    fail: Mapping[str, Failures] | None = None,
) -> Forecast:
    """Work out the runs that would happen in a span of time, from now on.

    Args:
        session: The session; it is only read.
        span: How far: "7 days", a timedelta, or seconds.
        durations: How long runs of a task take ("5 min", seconds, a timedelta); of the others the
            median of their history is taken, or no time.
        fail: Which runs of a task fail: True (each), a number (the first ones), ordinals, or a function
            of the ordinal; of the others none, unless the newest ones all failed.

    Raises:
        UnknownTaskError: A name in `durations` or `fail` is no task.
        ClockError: The span is not above zero.
    """
    length = parse_duration(span, "forecast")
    if length <= 0:
        msg = f"a forecast needs a span above zero, got {span!r}"
        raise ClockError(msg)
    for name in {**(durations or {}), **(fail or {})}:
        session[name]  # refuses unknown names
    rehearsal = Rehearsal(session, Model(session, durations or {}, fail or {}))
    end = rehearsal.start + length
    notes = rehearsal.model.notes
    rehearsal.step(span=0)
    lone = take_lone_tasks(rehearsal, end)
    rows = _Rows(rehearsal, lone)
    if len(lone) < len(rehearsal.tasks):
        rehearsal.step(span=length / SECOND)
    if rehearsal.model.rehearsed_left < 0:
        end = rehearsal.clock.now()
        notes.append("it ends early: more runs than can be told")
    if not rehearsal.session.scheduler.is_alive:
        moment = to_datetime(rehearsal.clock.now(), session.zone)
        notes.append(f"the scheduler shuts down at {moment:%Y-%m-%d %H:%M:%S}: nothing runs after that")
    return rows.forecast(end)


def next_starts(session: Session, task: Any, n: int = 1) -> NextStarts:
    """Work out when a task starts next; runs of it are taken to last as long as they usually do.

    Args:
        session: The session; it is only read.
        task: Name, function or task object.
        n: How many starts at most.

    Raises:
        UnknownTaskError: There is no such task.
    """
    found = session[task]
    held = _never_by_time(found)
    if held:
        return NextStarts(found.name, (), held)
    events = sorted({watch.task for watch in found.start_cond.watches() if watch.task})
    others = [name for name in events if name != found.name]
    if others:
        return NextStarts(found.name, (), "depends on " + ", ".join(f"task {name!r}" for name in others))
    rehearsal = Rehearsal(session, Model(session, {}, {}), [found])
    moments: list[datetime] = []
    rehearsal.step(span=0)
    for _ in range(_MOST_LOOKS):
        started = (one.at for one in rehearsal.records() if one.action is Action.RUN)
        moments = [to_datetime(at, session.zone) for at in started]
        before = rehearsal.clock.now()
        if len(moments) >= n or rehearsal.step(to_next=True) == before:
            break
    text = "" if len(moments) >= n else "; ".join(rehearsal.model.notes) or "no further start by time alone"
    return NextStarts(found.name, tuple(moments[:n]), text)


def _never_by_time(task: Any) -> str:
    """Why time alone never starts a task, or ""."""
    if task.disabled:
        return "disabled"
    if task.on_startup or task.on_shutdown:
        return "at startup" if task.on_startup else "at shutdown"
    if isinstance(task.start_cond, AlwaysFalse) and not task.batches:
        return "by hand"
    return str(task.barred or "")


_Place = tuple[Instant, int, int, int]
"""Where a run stands among the others: instant, look within it, and the order within that look."""


class _Rows:
    """The runs of a rehearsal and of the tasks that were taken out of it, in the order of their starts.

    Args:
        rehearsal: Stepped to its first instant, and further once this is made.
        lone: The tasks that were taken out.
    """

    def __init__(self, rehearsal: Rehearsal, lone: Sequence[Lone]) -> None:
        self._rehearsal = rehearsal
        self._lone = lone
        self._n_first = len(rehearsal.records())
        self._looks = rehearsal.note_first_looks() if 0 < len(lone) < len(rehearsal.tasks) else {}
        self._zone = rehearsal.original.zone
        self._moments: dict[Instant, datetime] = {}
        self._schedules = {task.name: str(task.start_cond) for task in rehearsal.tasks}

    def forecast(self, end: Instant) -> Forecast:
        """The forecast, which ends there."""
        rehearsal = self._rehearsal
        rows = [*self._rehearsed(end), *self._apart(end)]
        if self._lone:
            rows.sort()
        told = tuple(run for _, run in rows)
        ran = {run.task_name for run in told}
        names = (task.name for task in rehearsal.original.task_list())
        return Forecast(
            self._moment(rehearsal.start), self._moment(end), told,
            tuple(name for name in names if name not in ran), tuple(dict.fromkeys(rehearsal.model.notes)),
        )  # fmt: skip

    def _moment(self, at: Instant) -> datetime:
        moment = self._moments.get(at)
        if moment is None:
            moment = self._moments[at] = to_datetime(at, self._zone)
        return moment

    def _apart(self, end: Instant) -> Iterator[tuple[_Place, ForecastRun]]:
        moment = self._moment
        for task, runs in ((one.task, one.runs) for one in self._lone):
            name, why, rank, number = task.name, self._schedules[task.name], -task.priority, task.number
            for start, over, action in runs:
                if start > end:  # it ends earlier than it should
                    break
                if over is None or over > end:
                    run = ForecastRun(name, moment(start), None, "run", why)
                else:
                    run = ForecastRun(name, moment(start), moment(over), action.value, why)
                yield (start, 0, rank, number), run

    def _rehearsed(self, end: Instant) -> Iterable[tuple[_Place, ForecastRun]]:
        tasks = {task.name: task for task in self._rehearsal.session.task_list()}
        runs = _in_flight(self._rehearsal)
        places: dict[str, _Place] = {run_id: (-1, 0, 0, index) for index, run_id in enumerate(runs)}
        for index, record in enumerate(self._rehearsal.records()):
            if record.at > end:
                continue
            if record.action is Action.RUN:
                why = _why(record, self._schedules[record.task_name])
                runs[record.run_id] = [record.task_name, self._moment(record.at), None, "run", why]
                task = tasks[record.task_name]
                if self._n_first <= index < self._looks.get(record.at, 0):
                    places[record.run_id] = record.at, 0, -task.priority, task.number
                else:
                    places[record.run_id] = record.at, 1, 0, index
            elif record.run_id in runs:
                run = runs[record.run_id]
                run[2], run[3] = self._moment(record.at), record.action.value
                if record.reason:
                    run[4] = f"{run[4]}; {record.reason}"
        return ((places[run_id], ForecastRun(*run)) for run_id, run in runs.items())


def _in_flight(rehearsal: Rehearsal) -> dict[str, list[Any]]:
    """Runs that are in flight when the forecast begins."""
    session = rehearsal.original
    return {
        run.run_id: [run.task_name, to_datetime(run.started_at, session.zone), None, "run", "in flight"]
        for run in sorted(session._board.runs.values(), key=lambda one: one.number)  # noqa: SLF001  the runs in flight, in the order of their starts
        if run.task_name in rehearsal.session
    }


def _why(record: Record, schedule: str) -> str:
    late = 0 if record.due is None else record.at - record.due
    return (
        schedule
        + (f", retry {record.attempt}" if record.attempt else "")
        + (f", {late / SECOND:g} s late" if late >= SECOND else "")
        + (f", stands for {record.merged} more" if record.merged else "")
    )
