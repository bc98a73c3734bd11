"""What a task returned, as a condition: what `TaskCond` makes of a check. Floor 2."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rocket_magic._protocols import Action, Context, EventKind, Mark, Watch
from rocket_magic.conditions._base import BaseCondition
from rocket_magic.conditions._period_words import as_period, bracketed
from rocket_magic.conditions._tasks import TaskRef, absent, as_task_ref, name_of, python_ref, target
from rocket_magic.conditions._units import whole
from rocket_magic.conditions._words import moment, quoted, unspoken, until
from rocket_magic.exc import ScheduleError
from rocket_magic.instants import NEVER, Instant, Span
from rocket_magic.time import All as AllPeriods
from rocket_magic.time import Any as AnyPeriod
from rocket_magic.time import RelativeDay, TimeDelta, TimePeriod, TimeSpanDelta
from rocket_magic.time._duration import format_duration

_SUCCESS = frozenset((Action.SUCCESS,))


@dataclass(frozen=True, slots=True, repr=False)
class TaskReturned(BaseCondition):
    """True while the last return value of a task is true and not too old: "task 'check' has returned true".

    Args:
        task: The task; None: the one that the condition belongs to.
        active: How long a result counts: microseconds; a period: until the end of its window in which the
            task has ended (what was returned outside of its windows doesn't count); None: until the next.

    Raises:
        ScheduleError: The time is zero or less, or a period that moves with now.
    """

    task: TaskRef = None
    active: Span | TimePeriod | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "task", as_task_ref(self.task))
        if isinstance(self.active, TimePeriod):
            object.__setattr__(self, "active", _with_an_end(self.active))
        if isinstance(self.active, int) and self.active <= 0:
            msg = f"a result must count for longer than zero, got {self.active}: leave it out for no limit"
            raise ScheduleError(msg)

    def holds(self, ctx: Context) -> bool:
        """Tell whether the last result is true and still counts."""
        return self.look(ctx)[0]

    def next_change(self, ctx: Context) -> Instant:
        """Give the instant at which a true result counts no more."""
        return self.look(ctx)[1]

    def look(self, ctx: Context) -> tuple[bool, Instant]:
        """Give both answers; the history is asked once."""
        name = target(self.task, ctx)
        mark = None if name is None else ctx.session.history.last(name, _SUCCESS)
        if name is None or mark is None:
            return False, NEVER
        end = self._end(mark, ctx)
        returns = getattr(ctx.session, "returns", {})
        state = ctx.now < end and bool(returns.get(name))
        return state, end if state else NEVER

    def _end(self, mark: Mark, ctx: Context) -> Instant:
        """Give the instant from which the result of a run that has ended counts no more."""
        if self.active is None:
            return NEVER
        if isinstance(self.active, int):
            return mark.at + self.active
        window = self.active.window(mark.at, ctx.session.zone)
        return mark.at if window is None else window.end

    def watches(self) -> frozenset[Watch]:
        """Look again when the task has run."""
        return frozenset({Watch(EventKind.RUN_FINISHED, name_of(self.task))})

    def reason(self, ctx: Context, state: bool) -> str:
        """Say what the task returned, and when."""
        missing = absent(self.task, ctx)
        if missing:
            return missing
        name = target(self.task, ctx) or ""
        mark = ctx.session.history.last(name, _SUCCESS)
        if mark is None:
            return f"task {quoted(name)} has not succeeded yet"
        if not hasattr(ctx.session, "returns"):
            return f"what task {quoted(name)} returned is not known any more"
        return self._reason(name, mark, ctx, state)

    def _reason(self, name: str, mark: Mark, ctx: Context, state: bool) -> str:
        zone, end = ctx.session.zone, self._end(mark, ctx)
        told = moment(mark.at, ctx.now, zone)
        if state:
            limit = "" if end == NEVER else f", which counts {until(end, ctx.now, zone)}"
            return f"task {quoted(name)} returned a true value {told}{limit}"
        if ctx.now >= end:
            return f"what task {quoted(name)} returned {told} is too old"
        return f"task {quoted(name)} returned a false value {told}"

    def __str__(self) -> str:
        owner = "" if self.task is None else f"task {quoted(name_of(self.task))} "
        if isinstance(self.active, TimePeriod):
            words = bracketed(self.active)
            return unspoken(repr(self)) if words is None else f"{owner}has returned true during {words}"
        past = "" if self.active is None else f" in past {format_duration(self.active)}"
        return f"{owner}has returned true{past}"

    def __repr__(self) -> str:
        arguments = (
            [python_ref(self.task) or "None"] if self.task is not None or self.active is not None else []
        )
        arguments += [] if self.active is None else [repr(self.active)]
        return f"TaskReturned({', '.join(arguments)})"


def _with_an_end(value: Any) -> Span | TimePeriod:
    """Give what a period means for how long a result counts: its past in microseconds, or its windows."""
    if isinstance(value, TimeDelta) and value.past and not value.future:
        return value.past
    period = as_period(value, "how long a result counts")
    if period == RelativeDay("today"):
        return whole("day")
    if _moves(period):
        msg = (
            f"a result counts until the end of a window, and {value!r} has none of its own, it moves with "
            "now: use a duration like '10 min' or a period like TimeOfDay()"
        )
        raise ScheduleError(msg)
    return period


def _moves(period: TimePeriod) -> bool:
    if isinstance(period, AllPeriods | AnyPeriod):
        return any(_moves(part) for part in period.periods)
    return isinstance(period, TimeDelta | TimeSpanDelta | RelativeDay)
