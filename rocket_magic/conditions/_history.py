"""Conditions over what tasks did: started, succeeded, failed, terminated and so on. Floor 2.

They ask the history index only, never the records. Records stamped later than now (the wall clock was
set back) lie in the window of their stamp, so that setting the clock back runs nothing twice.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Self

from rocket_magic._protocols import Action, Context, EventKind, Watch
from rocket_magic.conditions._base import BaseCondition
from rocket_magic.conditions._counting import AT_LEAST_ONE, Comparable, Count, python_count
from rocket_magic.conditions._durations import positive_span
from rocket_magic.conditions._free_spans import FREE, fixed_window, free_change
from rocket_magic.conditions._gates import window_call
from rocket_magic.conditions._period_words import as_period, bracketed, stretch_phrase
from rocket_magic.conditions._tasks import TaskRef, absent, as_task_ref, name_of, prefix, python_ref, target
from rocket_magic.conditions._units import UNITS, Windowed, common_unit, is_whole, narrowed, unit_of, whole
from rocket_magic.conditions._words import moment, times, until
from rocket_magic.exc import ScheduleError
from rocket_magic.instants import NEVER, POLL, Instant, Span
from rocket_magic.time import RelativeDay, TimeDelta, TimePeriod
from rocket_magic.time._duration import format_duration
from rocket_magic.time._window import Window

_MOST_WINDOWS: Final = 10_000
"""Windows of one unit that are looked at (a month of minutes would be more than anyone can mean)."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class TaskHappened(Comparable, Windowed, BaseCondition):
    """What the conditions on records share; use one of its kinds below.

    Compare with an int to count: `failed.today >= 3`. Call with a task to look at another one:
    `succeeded("load")`. Narrow the time with `.today`, `.this_hour`, `.past("2 hours")` and, behind a
    calendar unit, with `.between(...)` and its like.

    Args:
        task: Whose records count; None: the task that the condition belongs to.
        period: Records inside the unit that now lies in (and inside this part of it), inside a day counted
            from today (`RelativeDay("yesterday")`), a stretch before now (`TimeDelta`, `TimeSpanDelta`) or
            a fixed one (`StaticInterval`); None: any time.
        past: Records of this many last microseconds; None: no such limit.
        count: How many there must be; at least one by default.
    """

    task: TaskRef = None
    period: TimePeriod | None = None
    past_span: Span | None = dataclasses.field(default=None, kw_only=True)
    count: Count = dataclasses.field(default=AT_LEAST_ONE, kw_only=True)

    actions: ClassVar[frozenset[Action]] = frozenset()
    verb: ClassVar[str] = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "task", as_task_ref(self.task))
        if self.period is not None:
            self._take(as_period(self.period, type(self).__name__))

    def _take(self, period: TimePeriod) -> None:
        """Check the period; what has a shorter form gets it."""
        known = isinstance(period, FREE) or common_unit(period) is not None
        if isinstance(period, TimeDelta) and period.past:
            object.__setattr__(self, "past_span", period.past)
            object.__setattr__(self, "period", None)
        elif known:
            today = period == RelativeDay("today")
            object.__setattr__(self, "period", UNITS["day"]() if today else period)
        else:
            msg = (
                f"{self.verb} looks at calendar units and parts of them, got {period!r}: "
                "combine it with a time_of_… condition by &"
            )
            raise ScheduleError(msg)

    def __call__(self, task: Any = None) -> Self:
        """Give the same condition on another task (its name, its function or the task)."""
        return dataclasses.replace(self, task=as_task_ref(task))

    def _this(self, unit: str) -> Self:
        return dataclasses.replace(self, period=UNITS[unit](), past_span=None)

    @property
    def this_second(self) -> Self:
        """Records of the second that now lies in."""
        return self._this("second")

    @property
    def this_minute(self) -> Self:
        """Records of the minute that now lies in."""
        return self._this("minute")

    @property
    def this_hour(self) -> Self:
        """Records of the hour that now lies in."""
        return self._this("hour")

    @property
    def this_day(self) -> Self:
        """Records of today."""
        return self._this("day")

    @property
    def today(self) -> Self:
        """Records of today."""
        return self._this("day")

    @property
    def this_week(self) -> Self:
        """Records of the week that now lies in (Monday to Sunday)."""
        return self._this("week")

    @property
    def this_month(self) -> Self:
        """Records of the month that now lies in."""
        return self._this("month")

    @property
    def this_year(self) -> Self:
        """Records of the year that now lies in."""
        return self._this("year")

    def past(self, delta: Any) -> Self:
        """Records of the last `delta`: `failed.past("1 hour") >= 3`.

        Args:
            delta: Text like "2 hours", seconds, or a timedelta; more than zero.
        """
        return dataclasses.replace(self, period=None, past_span=positive_span(delta, "past"))

    def _narrow(self, method: str, values: tuple[Any, ...]) -> Self:
        if self.period is None:
            msg = f"say which unit is meant before {method}(...), like {self.verb}.today.{method}('10:00')"
            raise ScheduleError(msg)
        return dataclasses.replace(self, period=narrowed(self.period, method, values))

    def holds(self, ctx: Context) -> bool:
        """Tell whether the number of records fits."""
        name = target(self.task, ctx)
        if name is None:
            return False
        return self.count.accepts(self._enough(name, ctx))

    def _number(self, name: str, ctx: Context) -> int:
        history = ctx.session.history
        return sum(history.count(name, self.actions, start, end) for start, end in self._spans(ctx))

    def _unit(self, ctx: Context) -> Window | None:
        if self.period is None:
            return None
        if isinstance(self.period, FREE) or getattr(self.period, "word", "") == "starting":
            return self.period.window(ctx.now, ctx.session.zone) or fixed_window(self.period, ctx)
        return whole(common_unit(self.period) or "day").window(ctx.now, ctx.session.zone)

    def _spans(self, ctx: Context) -> Iterator[tuple[Instant, Instant]]:
        """Give the stretches of time that count."""
        if self.past_span is not None:
            yield ctx.now - self.past_span + 1, NEVER
            return
        unit = self._unit(ctx)
        if unit is None or self.period is None:
            yield POLL, NEVER
        elif is_whole(self.period) or isinstance(self.period, FREE):
            yield unit.start, unit.end
        else:
            yield from _parts_of(self.period, unit, ctx)

    def next_change(self, ctx: Context) -> Instant:
        """Give the end of the unit, or the instant at which enough records are too old."""
        return self.look(ctx)[1]

    def look(self, ctx: Context) -> tuple[bool, Instant]:
        """Give both answers; records are counted once."""
        name = target(self.task, ctx)
        if name is None:
            return False, NEVER
        number = self._enough(name, ctx)
        state = self.count.accepts(number)
        if self.past_span is not None:
            return state, self._ageing(name, ctx, number)
        unit = self._unit(ctx)
        if unit is None:
            return state, NEVER
        if isinstance(self.period, FREE):
            return state, free_change(self.period, self.count, name, self.actions, ctx)
        newest = ctx.session.history.last(name, self.actions)
        later = newest is not None and newest.at >= unit.end
        return state, unit.end if later or state is not self.count.accepts(0) else NEVER

    def _enough(self, name: str, ctx: Context) -> int:
        """Give the number of records; where one is enough, 1 may stand for more."""
        if self.count == AT_LEAST_ONE and (self.period is None or is_whole(self.period)):
            start, end = next(self._spans(ctx))
            return int(ctx.session.history.happened(name, self.actions, start, end))
        return self._number(name, ctx)

    def _ageing(self, name: str, ctx: Context, number: int) -> Instant:
        history, span = ctx.session.history, self.past_span or 0
        state = self.count.accepts(number)
        for fewer in (self.count.limit, self.count.limit - 1, 0):
            if 0 <= fewer < number and self.count.accepts(fewer) is not state:
                oldest = history.nth_newest(name, self.actions, fewer + 1)
                return NEVER if oldest is None else max(oldest + span, ctx.now + 1)
        return NEVER

    def watches(self) -> frozenset[Watch]:
        """Look again when the task starts or ends."""
        kind = EventKind.RUN_STARTED if self.actions == {Action.RUN} else EventKind.RUN_FINISHED
        return frozenset({Watch(kind, name_of(self.task))})

    def reason(self, ctx: Context, state: bool) -> str:
        """Say when it last happened, and how often where that matters."""
        name = target(self.task, ctx)
        last = ctx.session.history.last(name, self.actions) if name else None
        if name is None or (last is None and absent(self.task, ctx)):
            return absent(self.task, ctx) or "belongs to no task"
        if last is None:
            return f"never {self.verb}"
        told = f"{self.verb} {moment(last.at, ctx.now, ctx.session.zone)}"
        if self.count == AT_LEAST_ONE:
            ending = self.next_change(ctx)
            return (
                told
                if ending == NEVER or not state
                else f"{told}, counts {until(ending, ctx.now, ctx.session.zone)}"
            )
        return f"{times(self._number(name, ctx))}{self._span_words()}, last {told}"

    def _span_words(self) -> str:
        if self.past_span is not None:
            return f" in past {format_duration(self.past_span)}"
        if self.period is None:
            return ""
        if isinstance(self.period, FREE):
            return f" {stretch_phrase(self.period)}"
        unit = common_unit(self.period)
        words = "today" if unit == "day" else f"this {unit}"
        if unit_of(self.period) is None:
            return f" {words} during {bracketed(self.period)}"
        return f" {words} {self.period.phrase()}".rstrip()

    def __str__(self) -> str:
        count = "" if self.count == AT_LEAST_ONE else f" {self.count} times"
        return f"{prefix(self.task)}has {self.verb}{count}{self._span_words()}"

    def __repr__(self) -> str:
        if self.period is not None and unit_of(self.period) is None:
            return self._python_of_a_period(self.period)
        text = self.verb
        if self.task is not None:
            text += f"({python_ref(self.task)})"
        if self.past_span is not None:
            text += f".past({format_duration(self.past_span)!r})"
        elif self.period is not None:
            unit = unit_of(self.period)
            text += (".today" if unit == "day" else f".this_{unit}") + window_call(self.period)
        compared = python_count(self.count)
        return f"({text}{compared})" if compared else text

    def _python_of_a_period(self, period: TimePeriod) -> str:
        task = f"{python_ref(self.task)}, " if self.task is not None else ""
        compared = python_count(self.count)
        text = f"{type(self).__name__}({task}period={period!r})"
        return f"({text}{compared})" if compared else text


def _parts_of(period: TimePeriod, unit: Window, ctx: Context) -> Iterator[tuple[Instant, Instant]]:
    """Give the windows of a period inside a unit, clipped to it."""
    zone = ctx.session.zone
    window = period.window(unit.start, zone) or period.next_window(unit.start, zone)
    for _ in range(_MOST_WINDOWS):
        if window is None or window.start >= unit.end:
            return
        yield max(window.start, unit.start), min(window.end, unit.end)
        window = period.next_window(window.start, zone)


class TaskStarted(TaskHappened):
    """A run was started."""

    __slots__ = ()
    actions = frozenset({Action.RUN})
    verb = "started"


class TaskSucceeded(TaskHappened):
    """A run ended as success."""

    __slots__ = ()
    actions = frozenset({Action.SUCCESS})
    verb = "succeeded"


class TaskFailed(TaskHappened):
    """A run failed, or its worker died."""

    __slots__ = ()
    actions = frozenset({Action.FAIL, Action.CRASH})
    verb = "failed"


class TaskTerminated(TaskHappened):
    """A run was terminated."""

    __slots__ = ()
    actions = frozenset({Action.TERMINATE})
    verb = "terminated"


class TaskInacted(TaskHappened):
    """A run found nothing to do."""

    __slots__ = ()
    actions = frozenset({Action.INACTION})
    verb = "inacted"


class TaskCrashed(TaskHappened):
    """A run's worker died."""

    __slots__ = ()
    actions = frozenset({Action.CRASH})
    verb = "crashed"


class TaskFinished(TaskHappened):
    """A run ended as success or failure, was terminated, or its worker died."""

    __slots__ = ()
    actions = frozenset({Action.SUCCESS, Action.FAIL, Action.TERMINATE, Action.CRASH})
    verb = "finished"


HAPPENED: Final[dict[str, type[TaskHappened]]] = {
    kind.verb: kind
    for kind in (
        TaskStarted,
        TaskSucceeded,
        TaskFailed,
        TaskTerminated,
        TaskInacted,
        TaskCrashed,
        TaskFinished,
    )
}
"""The conditions on records, by their verb."""
