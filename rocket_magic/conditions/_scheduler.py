"""Conditions on the scheduler itself: how long it has run, how many cycles. Floor 2."""

from __future__ import annotations

import dataclasses
from dataclasses import InitVar, dataclass
from typing import Any

from rocket_magic._protocols import Context, EventKind, Watch
from rocket_magic.conditions._base import BaseCondition
from rocket_magic.conditions._composite import All
from rocket_magic.conditions._counting import AT_LEAST_ONE, Comparable, Count, python_count
from rocket_magic.conditions._durations import positive_span
from rocket_magic.conditions._words import moment, when
from rocket_magic.exc import ScheduleError
from rocket_magic.instants import NEVER, Instant, Span
from rocket_magic.time import TimeDelta, TimeSpanDelta
from rocket_magic.time._duration import format_duration


@dataclass(frozen=True, slots=True, repr=False)
class SchedulerStarted(BaseCondition):
    """True while the scheduler runs, for as long as the bounds say.

    Args:
        more_than: Microseconds it must have run at least, or None.
        less_than: Microseconds it must have run less than, or None.
        period: Rocketry's way to say both: the `TimeDelta` or `TimeSpanDelta` in which it has started.

    Raises:
        ScheduleError: The bounds leave nothing between them, or the period is another one.
    """

    more_than: Span | None = None
    less_than: Span | None = None
    period: InitVar[Any] = None

    def __post_init__(self, period: Any) -> None:
        if period is not None:
            self._take_period(period)
        low, high = self.more_than, self.less_than
        if low is not None and high is not None and low >= high:
            msg = f"scheduler_running: more_than ({format_duration(low)}) must be the shorter duration"
            raise ScheduleError(msg)

    def _take_period(self, period: Any) -> None:
        low: Span | None = None
        high: Span | None
        if isinstance(period, TimeDelta):
            high = period.past
        elif isinstance(period, TimeSpanDelta):
            low, high = period.near or None, period.far
        else:
            msg = (
                "SchedulerStarted: the period must be a TimeDelta like TimeDelta('10 min') or a "
                f"TimeSpanDelta, got {period!r}; for hours of the day write "
                "SchedulerStarted() & time_of_day.between(...)"
            )
            raise ScheduleError(msg)
        object.__setattr__(self, "more_than", low)
        object.__setattr__(self, "less_than", high)

    def __call__(self, more_than: Any = None, less_than: Any = None) -> SchedulerStarted:
        """Give the condition with bounds: text like "20 min", seconds or timedeltas."""
        low = None if more_than is None else positive_span(more_than, "scheduler_running(more_than=...)")
        high = None if less_than is None else positive_span(less_than, "scheduler_running(less_than=...)")
        return SchedulerStarted(low, high)

    def holds(self, ctx: Context) -> bool:
        """Tell whether the scheduler has run that long."""
        started = ctx.session.scheduler.started_at
        if started is None:
            return False
        age = ctx.now - started
        return (self.more_than is None or age >= self.more_than) and (
            self.less_than is None or age < self.less_than
        )

    def next_change(self, ctx: Context) -> Instant:
        """Give the instant at which a bound is reached."""
        started = ctx.session.scheduler.started_at
        if started is None:
            return NEVER
        bounds = [started + span for span in (self.more_than, self.less_than) if span is not None]
        return min((bound for bound in bounds if bound > ctx.now), default=NEVER)

    def watches(self) -> frozenset[Watch]:
        """Watch nothing: every condition is asked when the scheduler starts."""
        return frozenset()

    def reason(self, ctx: Context, state: bool) -> str:
        """Say since when it runs."""
        started, zone = ctx.session.scheduler.started_at, ctx.session.zone
        if started is None:
            return "the scheduler is not running"
        told = f"the scheduler runs since {moment(started, ctx.now, zone)}"
        change = self.next_change(ctx)
        return told if change == NEVER else f"{told}; changes {when(change, ctx.now, zone)}"

    def __str__(self) -> str:
        low, high = self.more_than, self.less_than
        if low is not None and high is not None:
            return f"scheduler has run between {format_duration(low)} and {format_duration(high)}"
        if low is not None:
            return f"scheduler has run over {format_duration(low)}"
        return (
            "scheduler is running" if high is None else f"scheduler has run less than {format_duration(high)}"
        )

    def __repr__(self) -> str:
        low, high = self.more_than, self.less_than
        parts = [] if low is None else [f"more_than={format_duration(low)!r}"]
        parts += [] if high is None else [f"less_than={format_duration(high)!r}"]
        return f"scheduler_running({', '.join(parts)})" if parts else "scheduler_running"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class SchedulerCycles(Comparable, BaseCondition):
    """True when the scheduler's number of cycles fits: `scheduler_cycles(more_than=3)`, also `>= 4`.

    The scheduler sleeps while nothing is due; where a condition counts cycles it makes one every
    `cycle_sleep` until no further one can matter. All that is looked at in one instant of a virtual clock
    is one cycle.

    Args:
        count: How many; at least one by default.
    """

    count: Count = AT_LEAST_ONE

    def __call__(self, more_than: int | None = None, less_than: int | None = None) -> BaseCondition:
        """Give the condition with bounds, neither of them included."""
        low = None if more_than is None else self > more_than
        high = None if less_than is None else self < less_than
        bounds = [bound for bound in (low, high) if bound is not None]
        return All(*bounds) if bounds else dataclasses.replace(self)

    def holds(self, ctx: Context) -> bool:
        """Tell whether the number of cycles fits."""
        return self.count.accepts(ctx.session.scheduler.n_cycles)

    def next_change(self, ctx: Context) -> Instant:
        """Never without a cycle."""
        return NEVER

    def watches(self) -> frozenset[Watch]:
        """Look again after each cycle."""
        return frozenset({Watch(EventKind.SCHEDULER_CYCLE)})

    def reason(self, ctx: Context, state: bool) -> str:
        """Say how many there were."""
        return f"{ctx.session.scheduler.n_cycles} cycles so far"

    def __str__(self) -> str:
        return f"scheduler has {self.count} cycles"

    def __repr__(self) -> str:
        compared = python_count(self.count)
        return f"(scheduler_cycles{compared})" if compared else "scheduler_cycles"


def counts_cycles(condition: BaseCondition, n_cycles: int) -> bool:
    """Tell whether further cycles of the scheduler may change the answer of a condition by themselves.

    Args:
        condition: Any condition.
        n_cycles: How many cycles there were.
    """
    if condition.children:
        return any(counts_cycles(child, n_cycles) for child in condition.children)
    if isinstance(condition, SchedulerCycles):
        return n_cycles <= condition.count.limit
    return any(watch.kind is EventKind.SCHEDULER_CYCLE for watch in condition.watches())
