"""Floor 8: the forecast. The runs that would happen, without running anything.

A forecast is a rehearsal: a second session with the same tasks, conditions and history, on a virtual
clock, whose runs are carried out by `SimulatedExecutor` (which only lets time pass). So a forecast can't
disagree with the scheduler about a schedule: it *is* the scheduler.
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from rocket_magic._protocols import OUTCOMES, Action
from rocket_magic.clock import VirtualClock
from rocket_magic.conditions import AlwaysFalse, AlwaysTrue, BaseCondition, FuncCond
from rocket_magic.exc import ClockError, MissingExtraError
from rocket_magic.execution import ExecutionSettings, Outcome, RunOrder
from rocket_magic.instants import SECOND, Instant, Span, to_datetime, to_seconds
from rocket_magic.log._record import record_of
from rocket_magic.session import Session
from rocket_magic.tasks import FuncTask
from rocket_magic.time import parse_duration

if TYPE_CHECKING:
    from rocket_magic.log import Record

__all__ = ["Forecast", "ForecastRun", "forecast"]

Failures = bool | int | Collection[int] | Callable[[int], bool]

_MODES = ("main", "async", "thread", "process")
_RUNS_ASKED = 50
_FAILURES_IN_A_ROW = 3
_SEEDED = 500


@dataclass(frozen=True, slots=True)
class ForecastRun:
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
        runs: The runs in the order of their starts.
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
        moments = [self.start, *(run.start for run in self.runs), self.end]
        return max(pairwise(moments), key=lambda pair: pair[1] - pair[0]) if self.runs else None

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
        lines = [f"Forecast {self.start:%Y-%m-%d %H:%M} to {self.end:%Y-%m-%d %H:%M}: {len(self.runs)} runs"]
        lines += [f"  {count:>6} x {name}" for name, count in self.runs_per_task.items()]
        if self.busiest_minute is not None:
            minute, count = self.busiest_minute
            lines.append(f"  busiest minute: {minute:%Y-%m-%d %H:%M} with {count} starts")
        if self.longest_wait is not None:
            first, last = self.longest_wait
            lines.append(f"  longest wait: {last - first} from {first:%Y-%m-%d %H:%M}")
        if self.never:
            lines.append(f"  never: {', '.join(self.never)}")
        lines += [f"  note: {note}" for note in self.notes]
        return "\n".join(lines)

    __repr__ = __str__


class SimulatedExecutor:
    """Lets virtual time pass instead of running anything.

    Args:
        name: The mode it stands for.
        clock: The forecast's clock.
        model: How long runs take and how they end.
    """

    def __init__(self, name: str, clock: VirtualClock, model: Model) -> None:
        self.name = name
        self._clock = clock
        self._model = model
        self._reports: dict[str, Callable[[Outcome], None]] = {}

    def start(self, order: RunOrder, report: Callable[[Outcome], None]) -> None:
        """Note the end of the run; report it when the clock gets there."""
        span, outcome = self._model.next_run(order.run_id, order.task_name)
        if span <= 0:
            report(outcome)
            return
        self._reports[order.run_id] = report

        def end() -> None:
            waiting = self._reports.pop(order.run_id, None)
            if waiting is not None:
                waiting(outcome)

        self._clock.call_at(self._clock.now() + span, end)

    def terminate(self, run_id: str, reason: str) -> bool:
        """End a run at once."""
        waiting = self._reports.pop(run_id, None)
        if waiting is not None:
            waiting(Outcome(run_id, Action.TERMINATE, reason=reason))
        return True

    kill = terminate

    def close(self) -> None:
        """Nothing is held."""


class Model:
    """How long the runs of each task take and how they end.

    Args:
        session: Whose history is asked.
        durations: Given durations by task name.
        fail: Given failures by task name: True (each), n (the first n), ordinals (0 is the first), or a
            function of the ordinal.
    """

    def __init__(self, session: Session, durations: Mapping[str, Any], fail: Mapping[str, Failures]) -> None:
        self._fail = dict(fail)
        self._count: Counter[str] = Counter()
        self._spans: dict[str, Span] = {}
        self._fails: set[str] = set()
        self.notes: list[str] = []
        for task in session.task_list():
            recent = session.log.recent_runs(task.name, _RUNS_ASKED)
            given = durations.get(task.name)
            self._spans[task.name] = (
                _typical_span(recent) if given is None else parse_duration(given, "duration")
            )
            if task.name not in self._fail and _fails_always(recent):
                self._fails.add(task.name)
                self.notes.append(
                    f"{task.name!r} failed {_FAILURES_IN_A_ROW} times in a row: it is taken to fail on"
                )

    def next_run(self, run_id: str, task_name: str) -> tuple[Span, Outcome]:
        """Span and outcome of the next run of a task."""
        ordinal = self._count[task_name]
        self._count[task_name] += 1
        fails = task_name in self._fails or _is_failure(self._fail.get(task_name, False), ordinal)
        action = Action.FAIL if fails else Action.SUCCESS
        return self._spans.get(task_name, 0), Outcome(run_id, action)


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
    model = Model(session, durations or {}, fail or {})
    clock = VirtualClock(to_seconds(session.clock.now()), session.zone)
    shadow = _shadow(session, clock, model)
    start = clock.now()
    shadow.step(length / SECOND)
    shadow.shut_down(force=True)
    return _result(session, shadow, start, start + length, model)


def _shadow(session: Session, clock: VirtualClock, model: Model) -> Session:
    """The same tasks in a session whose runs only let time pass."""
    config = session.config
    shadow = Session(
        time_func=clock,
        execution="main",
        timezone=config.timezone,
        timeout=config.timeout,
        multilaunch=config.multilaunch,
        max_process_count=config.max_process_count,
        on_overlap=config.on_overlap,
        cycle_sleep=config.cycle_sleep,
        silence_cond_check=True,
        silence_task_prerun=True,
        log_capacity=10_000_000,
        scheduler_logger_basename="rocketry.forecast",
        task_logger_basename="rocketry.forecast",
    )
    _seed(session, shadow)
    for mode in _MODES:
        shadow.executors.register(mode, partial(_simulated, mode, clock, model))
    context = session.context()
    notes = model.notes
    for task in session.task_list():
        start_cond = _frozen(task.start_cond, session.context(task), notes)
        FuncTask(
            _nothing, session=shadow, name=task.name, start_cond=start_cond,
            end_cond=_frozen(task.end_cond, context, notes), execution=task.execution or config.execution,
            priority=task.priority, disabled=task.disabled, timeout=task.timeout, permanent=task.permanent,
            multilaunch=task.multilaunch, on_startup=False, on_shutdown=task.on_shutdown or task.on_startup,
            on_overlap=task.on_overlap, misfire_grace_time=task.misfire_grace_time,
        )  # fmt: skip
        for _ in task.batches:
            shadow[task.name].run()
    shut = session.condition(config.shut_cond)
    if not isinstance(shut, AlwaysFalse):
        shadow.config.shut_cond = _frozen(shut, context, notes)
    return shadow


def _simulated(
    mode: str, clock: VirtualClock, model: Model, settings: ExecutionSettings
) -> SimulatedExecutor:
    del settings  # nothing is really executed
    return SimulatedExecutor(mode, clock, model)


def _seed(session: Session, shadow: Session) -> None:
    """Tell the shadow's log what conditions may ask of the past."""
    rows = [row for task in session.task_list() for row in session.log.tail(_SEEDED, task=task.name)]
    records = sorted(map(record_of, rows), key=lambda record: record.at)
    if records:
        shadow.log.write(records, lambda error: None)  # noqa: ARG005  in memory nothing fails


def _frozen(condition: BaseCondition, context: Any, notes: list[str]) -> BaseCondition:
    """The condition with every user's function replaced by its present answer: the future can't be asked."""
    if condition.children:
        return condition.with_children(tuple(_frozen(child, context, notes) for child in condition.children))
    if not isinstance(condition, FuncCond):
        return condition
    try:
        state = condition.holds(context)
    except Exception as error:
        notes.append(f"{condition} raised {type(error).__name__}: taken as false throughout")
        return AlwaysFalse()
    notes.append(f"{condition} depends on a function: taken as {'true' if state else 'false'} throughout")
    return AlwaysTrue() if state else AlwaysFalse()


def _nothing() -> None:
    """Stands for a task's code."""


def _result(session: Session, shadow: Session, start: Instant, end: Instant, model: Model) -> Forecast:
    zone = session.zone
    runs: dict[str, ForecastRun] = {}
    seeded = {row.run_id for task in session.task_list() for row in session.log.tail(_SEEDED, task=task.name)}
    for record in map(record_of, shadow.log.query()):
        if record.run_id in seeded or record.at < start or record.at > end:
            continue
        if record.action is Action.RUN:
            why = str(session[record.task_name].start_cond) + (
                f", retry {record.attempt}" if record.attempt else ""
            )
            runs[record.run_id] = ForecastRun(
                record.task_name, to_datetime(record.at, zone), None, "run", why
            )
        elif record.run_id in runs and record.reason != _SHUTDOWN:
            run = runs[record.run_id]
            reason = f"{run.reason}; {record.reason}" if record.reason else run.reason
            runs[record.run_id] = ForecastRun(
                run.task_name, run.start, to_datetime(record.at, zone), record.action.value, reason
            )
    ran = {run.task_name for run in runs.values()}
    never = tuple(task.name for task in session.task_list() if task.name not in ran)
    return Forecast(
        to_datetime(start, zone),
        to_datetime(end, zone),
        tuple(runs.values()),
        never,
        tuple(dict.fromkeys(model.notes)),
    )


_SHUTDOWN = "the scheduler is shutting down"


def _typical_span(recent: Sequence[Record]) -> Span:
    spans = [one.end - one.start for one in recent if one.start is not None and one.end is not None]
    return int(statistics.median(spans)) if spans else 0


def _fails_always(recent: Sequence[Record]) -> bool:
    newest = [one.action for one in recent if one.action in OUTCOMES][-_FAILURES_IN_A_ROW:]
    return len(newest) == _FAILURES_IN_A_ROW and all(one in (Action.FAIL, Action.CRASH) for one in newest)


def _is_failure(given: Failures, ordinal: int) -> bool:
    if isinstance(given, bool):
        return given
    if isinstance(given, int):
        return ordinal < given
    return given(ordinal) if callable(given) else ordinal in given
