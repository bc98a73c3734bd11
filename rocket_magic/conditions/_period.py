"""Conditions over time: in a window, once per window, at an interval. Floor 2."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Final, Self

from rocket_magic._protocols import OUTCOMES, Action, Context, EventKind, TaskView, Watch
from rocket_magic.conditions._base import BaseCondition
from rocket_magic.conditions._gates import NO_GATES, Gates, are_days, is_group, window_call
from rocket_magic.conditions._period_words import (
    as_recurring,
    as_seen_from_now,
    bracketed,
    period_phrase,
)
from rocket_magic.conditions._tasks import (
    TaskRef,
    absent,
    as_task_ref,
    name_of,
    prefix,
    python_ref,
    target,
    view,
)
from rocket_magic.conditions._units import (
    LONG_UNITS,
    ONCE_WORD,
    SHORT_UNITS,
    Windowed,
    are_named_days,
    is_whole,
    narrowed,
    unit_of,
)
from rocket_magic.conditions._words import moment, unspoken, when
from rocket_magic.exc import ScheduleError
from rocket_magic.instants import HOUR, NEVER, Instant, Span
from rocket_magic.time import Cron, StaticInterval, TimePeriod
from rocket_magic.time._duration import format_duration, parse_duration
from rocket_magic.time._window import Window

_STARTED: Final = frozenset({Action.RUN})
GATE_METHODS: Final = ("before", "after", "between")
_CORRECTION: Final = 3 * HOUR


@dataclass(frozen=True, slots=True, repr=False)
class IsPeriod(Windowed, BaseCondition):
    """True while a period's window is open; it has no memory.

    Args:
        period: Any period of `rocket_magic.time`.
    """

    period: TimePeriod

    def __post_init__(self) -> None:
        object.__setattr__(self, "period", as_seen_from_now(self.period, "IsPeriod"))

    def _narrow(self, method: str, values: tuple[Any, ...]) -> Self:
        return dataclasses.replace(self, period=narrowed(self.period, method, values))

    def holds(self, ctx: Context) -> bool:
        """Tell whether now lies in a window."""
        return self.period.window(ctx.now, ctx.session.zone) is not None

    def next_change(self, ctx: Context) -> Instant:
        """Give the end of this window, or the opening of the next."""
        return self.period.next_change(ctx.now, ctx.session.zone)

    def look(self, ctx: Context) -> tuple[bool, Instant]:
        """Give both answers; the period remembers its window."""
        return self.holds(ctx), self.period.next_change(ctx.now, ctx.session.zone)

    def reason(self, ctx: Context, state: bool) -> str:
        """Say until when, or from when on."""
        change, zone = self.next_change(ctx), ctx.session.zone
        if change == NEVER:
            return "open for ever" if state else "never opens again"
        return (
            f"open until {moment(change, ctx.now, zone)}"
            if state
            else f"opens {moment(change, ctx.now, zone)}"
        )

    def __str__(self) -> str:
        words = period_phrase(self.period)
        if words is None:
            return unspoken(repr(self))
        spoken = isinstance(self.period, Cron | StaticInterval) or unit_of(self.period) is not None
        return words if spoken else f"during ({words})"

    def __repr__(self) -> str:
        unit = unit_of(self.period)
        if unit is not None:
            return f"time_of_{unit}{window_call(self.period)}"
        return cron_python("crontime", self.period) or f"IsPeriod({self.period!r})"


def cron_python(word: str, period: TimePeriod) -> str | None:
    """Write a cron period as a call; None when it is no cron."""
    if not isinstance(period, Cron):
        return None
    return f"{word}({period.text!r}{', seconds=True' if period.seconds else ''})"


def _lived(name: str, ctx: Context) -> bool:
    """Whether the wall clock was set back into time in which the task has run already.

    Up to three hours: what is further ahead was written by a wrong clock (RELIABILITY.md T6, F27).
    """
    mark = ctx.session.history.last(name, _STARTED)
    return mark is not None and 0 < mark.at - ctx.now <= _CORRECTION


def _running_since(task: TaskView | None, window: Window) -> bool:
    return task is not None and any(window.start <= start < window.end for start in task.running_since)


def _own_runs(ref: TaskRef) -> frozenset[Watch]:
    name = name_of(ref)
    return frozenset({Watch(EventKind.RUN_STARTED, name), Watch(EventKind.RUN_FINISHED, name)})


@dataclass(frozen=True, slots=True, repr=False)
class TaskExecutable(Windowed, BaseCondition):
    """Once per window of a period: `daily`, `weekly.on("Mon")`, `daily.at("10:00", "14:30")`.

    True while a window is open in which the task has not ended yet, whatever the outcome, and in which no
    run that still goes on was started. A run that failed has used the window up; a run that the death of
    the scheduler interrupted has not.

    Args:
        task: Whose runs count; None: the task that the condition belongs to.
        period: The windows.
        gates: Days and hours in which it may start. Days of a schedule by the day or less are those on
            which its windows open: `daily.on("Sat").between("22:00", "02:00")` is the night to Sunday.
    """

    task: TaskRef = None
    period: TimePeriod = dataclasses.field(kw_only=True)
    gates: Gates = dataclasses.field(default=NO_GATES, kw_only=True)
    _windows: TimePeriod = dataclasses.field(init=False, compare=False)
    _doors: Gates = dataclasses.field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "task", as_task_ref(self.task))
        object.__setattr__(self, "period", as_recurring(self.period, type(self).__name__))
        windows, doors = self.gates.of(self.period)
        object.__setattr__(self, "_windows", windows)
        object.__setattr__(self, "_doors", doors)

    def periods(self) -> tuple[TimePeriod, ...]:
        """Give the periods that are all open whenever it may start."""
        return (self._windows, *self._doors.periods())

    def _narrow(self, method: str, values: tuple[Any, ...]) -> Self:
        unit = unit_of(self.period)
        if unit == "week" and any(map(is_group, values)):
            msg = (
                f"{values[0]!r} are several days, and weekly starts once a week: "
                f"write daily on {values[0]} for each of them, or name one day"
            )
            raise ScheduleError(msg)
        days = method in ("on", "at") and unit != "week" and values and all(map(are_days, values))
        if days and unit not in ("month", "year"):
            return dataclasses.replace(self, gates=self.gates.on(values))
        if method in GATE_METHODS and self._hours_are_gates(unit):
            return dataclasses.replace(self, gates=self.gates.within(method, values))
        return dataclasses.replace(self, period=narrowed(self.period, method, values))

    def _hours_are_gates(self, unit: str | None) -> bool:
        """Whether hours behind it say when in its windows it may start: "weekly after Wed before 12:00"."""
        if unit in SHORT_UNITS:
            return bool(self.gates.days)
        if unit in LONG_UNITS:
            return not is_whole(self.period) and not are_named_days(self.period)
        return unit is None

    def holds(self, ctx: Context) -> bool:
        """Tell whether an unused window is open."""
        zone = ctx.session.zone
        window = self._windows.window(ctx.now, zone)
        return window is not None and self._doors.open(ctx.now, zone) and not self._used(window, ctx)

    def _used(self, window: Window, ctx: Context) -> bool:
        name = target(self.task, ctx)
        if name is None:
            return True
        if ctx.session.history.happened(name, OUTCOMES, window.start, window.end) or _lived(name, ctx):
            return True
        return _running_since(view(self.task, ctx), window)

    def next_change(self, ctx: Context) -> Instant:
        """Give the end of the open window, or the opening of the next one that can be used."""
        return self.look(ctx)[1]

    def look(self, ctx: Context) -> tuple[bool, Instant]:
        """Give both answers; window, gates and history are asked once."""
        now, zone = ctx.now, ctx.session.zone
        window = self._windows.window(now, zone)
        through, gates = self._doors.look(now, zone) if self._doors is not NO_GATES else (True, NEVER)
        if window is not None and not self._used(window, ctx):
            return (True, min(window.end, gates)) if through else (False, gates)
        following = self._windows.next_window(now, zone)
        opening = NEVER if following is None else following.start
        return False, opening if through else max(opening, gates)

    def watches(self) -> frozenset[Watch]:
        """Look again when the task starts or ends."""
        return _own_runs(self.task)

    def reason(self, ctx: Context, state: bool) -> str:
        """Say whether the window is open, used, or when it opens."""
        zone, now = ctx.session.zone, ctx.now
        missing = absent(self.task, ctx)
        window = self._windows.window(now, zone)
        if state and window is not None:
            return (
                f"not run since {moment(window.start, now, zone)}, open until {moment(window.end, now, zone)}"
            )
        if missing:
            return missing
        if window is not None and self._used(window, ctx):
            return self._use(window, ctx)
        return f"opens {when(self.next_change(ctx), now, zone)}"

    def _use(self, window: Window, ctx: Context) -> str:
        zone, now = ctx.session.zone, ctx.now
        after = f"next {when(self.next_change(ctx), now, zone)}"
        if _running_since(view(self.task, ctx), window):
            return f"running; {after}"
        last = ctx.session.history.last(target(self.task, ctx) or "", OUTCOMES)
        status = f"ended {moment(last.at, now, zone)}" if last else "already run"
        return f"{status}; {after}"

    def __str__(self) -> str:
        unit = unit_of(self.period)
        gates = self.gates.phrase()
        if unit is None:
            words = bracketed(self.period)
            return unspoken(repr(self)) if words is None else f"{prefix(self.task)}once in {words}{gates}"
        words = f"{ONCE_WORD[unit]} {self.period.phrase()}".rstrip()
        return f"{prefix(self.task)}{words}{gates}"

    def __repr__(self) -> str:
        unit = unit_of(self.period)
        if unit is None or self.task is not None:
            task = f"{python_ref(self.task)}, " if self.task is not None else ""
            return f"TaskExecutable({task}period={self.period!r}){self.gates.python()}"
        return f"{ONCE_WORD[unit]}{window_call(self.period)}{self.gates.python()}"


@dataclass(frozen=True, slots=True, repr=False)
class TaskRunnable(BaseCondition):
    """True while a window is open in which the task has not been started: `cron("*/5 * * * *")`.

    Args:
        task: Whose runs count; None: the task that the condition belongs to.
        period: The windows.
    """

    task: TaskRef = None
    period: TimePeriod = dataclasses.field(kw_only=True)

    def __post_init__(self) -> None:
        object.__setattr__(self, "task", as_task_ref(self.task))
        object.__setattr__(self, "period", as_recurring(self.period, type(self).__name__))

    def holds(self, ctx: Context) -> bool:
        """Tell whether a window is open that saw no start."""
        window = self.period.window(ctx.now, ctx.session.zone)
        return window is not None and not self._used(window, ctx)

    def _used(self, window: Window, ctx: Context) -> bool:
        name = target(self.task, ctx)
        if name is None or ctx.session.history.happened(name, _STARTED, window.start, window.end):
            return True
        if _lived(name, ctx):
            return True
        return _running_since(view(self.task, ctx), window)

    def next_change(self, ctx: Context) -> Instant:
        """Give the end of the open window, or the opening of the next."""
        return self.look(ctx)[1]

    def look(self, ctx: Context) -> tuple[bool, Instant]:
        """Give both answers; window and history are asked once."""
        now, zone = ctx.now, ctx.session.zone
        window = self.period.window(now, zone)
        if window is not None and not self._used(window, ctx):
            return True, window.end
        following = self.period.next_window(now, zone)
        return False, NEVER if following is None else following.start

    def watches(self) -> frozenset[Watch]:
        """Look again when the task starts."""
        return _own_runs(self.task)

    def reason(self, ctx: Context, state: bool) -> str:
        """Say when the next window opens."""
        zone, now = ctx.session.zone, ctx.now
        if state:
            return f"due, open until {when(self.next_change(ctx), now, zone)}"
        missing = absent(self.task, ctx)
        if missing:
            return missing
        done = "started in this window; " if self.period.window(now, zone) is not None else ""
        return f"{done}next {when(self.next_change(ctx), now, zone)}"

    def __str__(self) -> str:
        words = period_phrase(self.period)
        if words is None:
            return unspoken(repr(self))
        if isinstance(self.period, Cron):
            return f"{prefix(self.task)}{words.replace('crontime', 'cron', 1)}"
        bare = unit_of(self.period) is not None
        return f"{prefix(self.task)}start once in {words if bare else f'({words})'}"

    def __repr__(self) -> str:
        words = cron_python("cron", self.period)
        if words is None or self.task is not None:
            task = f"{python_ref(self.task)}, " if self.task is not None else ""
            return f"TaskRunnable({task}period={self.period!r})"
        return words


BASED: Final[dict[str, frozenset[Action]]] = {
    "run": _STARTED,
    "success": frozenset({Action.SUCCESS}),
    "fail": frozenset({Action.FAIL, Action.CRASH}),
    "finish": OUTCOMES,
}


@dataclass(frozen=True, slots=True, repr=False)
class Every(Windowed, BaseCondition):
    """True when an interval has passed since the last start (or success, failure, end).

    Measured in real elapsed time wherever the clock can tell, so that no change of clocks stretches it.
    "Every 10 minutes, on weekdays, between 9 and 17" is
    `every("10 min").on("weekdays").between("09:00", "17:00")`.

    Args:
        delta: Microseconds.
        based: "run", "success", "fail" or "finish".
        gates: Days and hours in which it may start.
    """

    delta: Span
    based: str = "run"
    gates: Gates = NO_GATES

    def __post_init__(self) -> None:
        if self.based not in BASED:
            msg = f"every(..., based={self.based!r}): based is one of {', '.join(map(repr, BASED))}"
            raise ScheduleError(msg)

    def _narrow(self, method: str, values: tuple[Any, ...]) -> Self:
        if method in ("on", "at"):
            if method == "at" and not all(map(are_days, values)):
                msg = (
                    f"every(...).{method}({', '.join(map(repr, values))}): an interval has no fixed time; "
                    'name days like on("weekdays"), or use daily.at("10:00")'
                )
                raise ScheduleError(msg)
            return dataclasses.replace(self, gates=self.gates.on(values))
        if method == "starting":
            msg = "every(...) starts as soon as it may: use after('06:00') for a part of the day"
            raise ScheduleError(msg)
        return dataclasses.replace(self, gates=self.gates.within(method, values))

    def _remaining(self, ctx: Context) -> Span | None:
        """Microseconds until the interval has passed; None without a record to count from."""
        name = target(None, ctx)
        mark = ctx.session.history.last(name, BASED[self.based]) if name is not None else None
        if mark is None:
            return None
        passed = ctx.now - mark.at if mark.elapsed is None else ctx.elapsed - mark.elapsed
        # A record far in the future was written by a wrong clock: waiting for it could take years.
        return self.delta - passed if mark.elapsed is not None or passed >= -self.delta else 0

    def _runs(self, ctx: Context) -> bool:
        return self.based == "finish" and ctx.task is not None and bool(ctx.task.running_since)

    def holds(self, ctx: Context) -> bool:
        """Tell whether the interval has passed while the gates are open."""
        if self.gates is not NO_GATES and not self.gates.open(ctx.now, ctx.session.zone):
            return False
        return not self._runs(ctx) and (self._remaining(ctx) or 0) <= 0

    def next_change(self, ctx: Context) -> Instant:
        """Give the end of the interval; once due, when the gates open or close."""
        return self.look(ctx)[1]

    def look(self, ctx: Context) -> tuple[bool, Instant]:
        """Give both answers; gates and history are asked once."""
        through, gates = (
            self.gates.look(ctx.now, ctx.session.zone) if self.gates is not NO_GATES else (True, NEVER)
        )
        remaining = self._remaining(ctx) or 0
        if remaining <= 0 and not self._runs(ctx):
            return through, gates
        due = ctx.now + remaining if remaining > 0 else NEVER
        return False, due if through else max(due, gates)

    def watches(self) -> frozenset[Watch]:
        """Look again when the task starts or ends."""
        return _own_runs(None)

    def reason(self, ctx: Context, state: bool) -> str:
        """Say since when, or when the interval will have passed."""
        zone, now = ctx.session.zone, ctx.now
        name = target(None, ctx)
        mark = ctx.session.history.last(name, BASED[self.based]) if name is not None else None
        what = {"run": "start", "finish": "end", "fail": "failure"}.get(self.based, self.based)
        last = f"last {what} {moment(mark.at, now, zone)}" if mark else f"no {what} yet"
        if state:
            return last
        return f"{last}; due {when(self.next_change(ctx), now, zone)}"

    def __str__(self) -> str:
        based = "" if self.based == "run" else f" based on {self.based}"
        return f"every {format_duration(self.delta)}{based}{self.gates.phrase()}"

    def __repr__(self) -> str:
        based = "" if self.based == "run" else f", based={self.based!r}"
        return f"every({format_duration(self.delta)!r}{based}){self.gates.python()}"


def every(delta: Any, based: str = "run") -> Every:
    """Run at an interval: `every("10 min")`, `every(30)` (seconds), `every(timedelta(hours=1))`.

    Args:
        delta: Text like "1 hour 20 min", seconds, or a timedelta; more than zero.
        based: What it is counted from: the last "run" (start), "success", "fail" or "finish".

    Raises:
        ScheduleError: The interval can't be read or is not above zero.
    """
    return Every(positive_span(delta, "every"), based)


def positive_span(value: Any, what: str) -> Span:
    """Read a duration that must be more than zero.

    Raises:
        ScheduleError: It can't be read, or is zero or less.
    """
    span = parse_duration(value, what)
    if span <= 0:
        msg = f"{what} needs a duration above zero, got {value!r}: write it like '10 min'"
        raise ScheduleError(msg, text=str(value))
    return span


__all__ = [
    "BASED",
    "Every",
    "IsPeriod",
    "TaskExecutable",
    "TaskRunnable",
    "every",
    "is_whole",
    "positive_span",
]
