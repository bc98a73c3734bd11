"""Conditions over periods: in a window, once per window. Floor 2."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Final, Self

from rocket_magic._protocols import OUTCOMES, Action, Context, TaskView, Watch
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
    own_runs,
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
from rocket_magic.conditions._words import moment, unspoken, until, when
from rocket_magic.exc import ScheduleError
from rocket_magic.instants import HOUR, NEVER, Instant
from rocket_magic.time import Cron, StaticInterval, TimePeriod
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
        return f"open {until(change, ctx.now, zone)}" if state else f"opens {moment(change, ctx.now, zone)}"

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


def _used(task: TaskRef, actions: frozenset[Action], window: Window, ctx: Context) -> bool:
    """Whether a window has seen one of these actions of a task, or a run that still goes on."""
    name = target(task, ctx)
    if name is None or ctx.session.history.happened(name, actions, window.start, window.end):
        return True
    return _lived(name, ctx) or _running_since(view(task, ctx), window)


def _running_since(task: TaskView | None, window: Window) -> bool:
    return task is not None and any(window.start <= start < window.end for start in task.running_since)


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
        if window is None or not self._doors.open(ctx.now, zone):
            return False
        return not _used(self.task, OUTCOMES, window, ctx)

    def next_change(self, ctx: Context) -> Instant:
        """Give the end of the open window, or the opening of the next one that can be used."""
        return self.look(ctx)[1]

    def look(self, ctx: Context) -> tuple[bool, Instant]:
        """Give both answers; window, gates and history are asked once."""
        now, zone = ctx.now, ctx.session.zone
        window = self._windows.window(now, zone)
        through, gates = self._doors.look(now, zone) if self._doors is not NO_GATES else (True, NEVER)
        if window is not None and not _used(self.task, OUTCOMES, window, ctx):
            return (True, min(window.end, gates)) if through else (False, gates)
        following = self._windows.next_window(now, zone)
        opening = NEVER if following is None else following.start
        if window is not None:
            opening = min(opening, self._ahead(window, ctx))
        return False, opening if through else max(opening, gates)

    def _ahead(self, window: Window, ctx: Context) -> Instant:
        """Give a start without an outcome that lies ahead, after the clock was set back."""
        name = target(self.task, ctx)
        mark = None if name is None else ctx.session.history.last(name, _STARTED)
        if name is None or mark is None or mark.at <= ctx.now or mark.at >= window.end:
            return NEVER
        used = ctx.session.history.happened(name, OUTCOMES, window.start, window.end)
        return NEVER if used or _running_since(view(self.task, ctx), window) else mark.at

    def watches(self) -> frozenset[Watch]:
        """Look again when the task starts or ends."""
        return own_runs(self.task)

    def reason(self, ctx: Context, state: bool) -> str:
        """Say whether the window is open, used, or when it opens."""
        zone, now = ctx.session.zone, ctx.now
        missing = absent(self.task, ctx)
        window = self._windows.window(now, zone)
        if state and window is not None:
            return f"not run since {moment(window.start, now, zone)}, open {until(window.end, now, zone)}"
        if missing:
            return missing
        if window is not None and _used(self.task, OUTCOMES, window, ctx):
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
        return window is not None and not _used(self.task, _STARTED, window, ctx)

    def next_change(self, ctx: Context) -> Instant:
        """Give the end of the open window, or the opening of the next."""
        return self.look(ctx)[1]

    def look(self, ctx: Context) -> tuple[bool, Instant]:
        """Give both answers; window and history are asked once."""
        now, zone = ctx.now, ctx.session.zone
        window = self.period.window(now, zone)
        if window is not None and not _used(self.task, _STARTED, window, ctx):
            return True, window.end
        following = self.period.next_window(now, zone)
        return False, NEVER if following is None else following.start

    def watches(self) -> frozenset[Watch]:
        """Look again when the task starts."""
        return own_runs(self.task)

    def reason(self, ctx: Context, state: bool) -> str:
        """Say when the next window opens."""
        zone, now = ctx.session.zone, ctx.now
        if state:
            return f"due, open {until(self.next_change(ctx), now, zone)}"
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


__all__ = [
    "IsPeriod",
    "TaskExecutable",
    "TaskRunnable",
]
