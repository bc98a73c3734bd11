"""Warnings about schedules that can't have been meant. Floor 2, pure.

A condition is either a *level* (true for a while, without memory: `time of day …`, `running`, `true`) or has
an *edge* (a start makes it false: `daily`, `every`, `cron`, a pipeline, `retry`). A start condition of levels
alone starts again the moment a run has ended.

What is joined by `&` stays an intersection, as it is written; where that clips a night at midnight, a warning
says so (days and hours named together, "daily on Sat between 22:00 and 02:00", are not clipped).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC
from typing import Final

from rocket_magic.conditions._base import BaseCondition
from rocket_magic.conditions._composite import All, AlwaysFalse, AlwaysTrue, Any, Not
from rocket_magic.conditions._gates import NO_GATES, window_call
from rocket_magic.conditions._history import TaskFailed, TaskFinished, TaskHappened, TaskSucceeded
from rocket_magic.conditions._interval import Every
from rocket_magic.conditions._parameters import IsEnv, ParamIs
from rocket_magic.conditions._period import IsPeriod, TaskExecutable, TaskRunnable
from rocket_magic.conditions._pipeline import Depend
from rocket_magic.conditions._running import Retry, TaskRunning
from rocket_magic.conditions._scheduler import SchedulerCycles, SchedulerStarted
from rocket_magic.conditions._units import LONG_UNITS, ONCE_WORD, common_unit, is_whole, unit_of
from rocket_magic.instants import DAY, NEVER, Instant, Span
from rocket_magic.time import StaticInterval, TimePeriod, Window

_EDGES: Final = (TaskExecutable, TaskRunnable, Every, Depend, Retry)
_ON_THE_SESSION: Final = (TaskRunning, SchedulerStarted, SchedulerCycles, ParamIs, IsEnv)
_LEVELS: Final = (IsPeriod, AlwaysTrue, AlwaysFalse, *_ON_THE_SESSION)
_FROM: Final[Instant] = 1_704_067_200_000_000
"""1 January 2024, the start of a leap year: every window of the calendar opens within the years after it."""

_LONG: Final = 41 * 366 * DAY
"""29 February comes on every day of the week within 40 years, the one without it in 2100 included."""

_SPANS: Final = {"month": 3 * 366 * DAY, "year": _LONG, None: _LONG}
"""After how long windows repeat; the short units repeat within a fortnight."""

_NIGHTS: Final = 50
"""Windows of a day that are looked at for one over midnight."""

_FORTNIGHT: Final = 15 * DAY
_VERY_OFTEN: Final = 1_000_000
_MOST_STEPS: Final = 7_000


def lint_schedule(condition: BaseCondition) -> list[str]:
    """Give warnings about a start condition: it can never be true, always is, or never starts first.

    Args:
        condition: The whole start condition of a task.

    Returns:
        Sentences that say what is wrong and what was probably meant; empty when nothing is.
    """
    if isinstance(condition, AlwaysFalse):
        return []
    warnings = [*_contradictions(condition)]
    if warnings:
        return warnings
    leaves = list(_leaves(condition))
    if any(isinstance(part, Any) and _has_opposites(part) for part in _nodes(condition)):
        return [f"'{condition}' is always true: it joins a condition and its opposite by |"]
    if leaves and all(isinstance(leaf, Retry) for leaf in leaves):
        return [
            f"'{condition}' never starts the task a first time: add a schedule, like 'daily | {condition}'"
        ]
    if _is_level(condition):
        return [_level_warning(condition, leaves)]
    return list(_clipped_nights(condition))


def _is_level(condition: BaseCondition, *, negated: bool = False) -> bool:
    """Whether no start makes a condition false."""
    if isinstance(condition, Not):
        return _is_level(condition.condition, negated=not negated)
    if condition.children:
        return all(_is_level(child, negated=negated) for child in condition.children)
    if isinstance(condition, TaskHappened):
        has_most = not condition.count.accepts(_VERY_OFTEN)
        return condition.task is not None or has_most == negated
    return isinstance(condition, _LEVELS)


def _level_warning(condition: BaseCondition, leaves: list[BaseCondition]) -> str:
    if all(isinstance(leaf, AlwaysTrue) for leaf in leaves):
        return f"'{condition}' is always true: the task starts again as soon as it has ended"
    hint = ""
    for leaf in leaves:
        unit = unit_of(leaf.period) if isinstance(leaf, IsPeriod) else None
        if unit is not None and isinstance(leaf, IsPeriod) and window_call(leaf.period):
            words = leaf.period.phrase()
            hint = f": '{ONCE_WORD[unit]} {words}' starts it once, 'every 10 min & {leaf}' every 10 minutes"
            break
        if isinstance(leaf, TaskSucceeded | TaskFinished | TaskFailed) and leaf.task is not None:
            hint = f": 'after task {leaf.task!r}' starts it once after each, 'daily & {leaf}' once a day"
            break
    return f"'{condition}' starts the task again as soon as it has ended, as long as it is true{hint}"


def _clipped_nights(condition: BaseCondition) -> Iterator[str]:
    """Find hours over midnight that are joined with days by &, which clips them at midnight."""
    for part in _nodes(condition):
        if not isinstance(part, All):
            continue
        days = next((child for child in part.children if _names_days(child)), None)
        night = next((child for child in part.children if _lasts_over_midnight(child)), None)
        if days is not None and night is not None:
            yield (
                f"'{part}' is clipped at midnight, where the days of '{days}' end, and includes the end of "
                "the night before: for windows that begin on the day and last into the next one name day and "
                "hours together, like 'daily on Sat between 22:00 and 02:00' or "
                "'time of week on Sat between 22:00 and 02:00'"
            )


def _names_days(condition: BaseCondition) -> bool:
    """Whether a condition is true on some days, and from midnight to midnight."""
    if isinstance(condition, IsPeriod):
        period = condition.period
        points = getattr(period, "points", ())
        whole_days = all(point.opening != point.closing for point in points)
        return unit_of(period) in LONG_UNITS and getattr(period, "hours", None) is None and whole_days
    if isinstance(condition, TaskExecutable):
        return bool(condition.gates.days) and is_whole(condition.period)
    return isinstance(condition, Every) and bool(condition.gates.days) and condition.gates.hours is None


def _lasts_over_midnight(condition: BaseCondition) -> bool:
    """Whether a condition is true from one day into the next, on any day of the week."""
    hours: TimePeriod | None = None
    if isinstance(condition, IsPeriod | TaskExecutable):
        gates = condition.gates if isinstance(condition, TaskExecutable) else NO_GATES
        hours = gates.hours if unit_of(condition.period) != "day" else condition.period
        hours = None if gates.days else hours
    elif isinstance(condition, Every):
        hours = None if condition.gates.days else condition.gates.hours
    if hours is None:
        return False
    at = _FROM
    for _ in range(_NIGHTS):
        window = hours.next_window(at, UTC)
        if window is None:
            return False
        if window.start // DAY != (window.end - 1) // DAY:
            return True
        at = window.start
    return False


def _nodes(condition: BaseCondition) -> Iterator[BaseCondition]:
    yield condition
    for child in condition.children:
        yield from _nodes(child)


def _leaves(condition: BaseCondition) -> Iterator[BaseCondition]:
    return (node for node in _nodes(condition) if not node.children)


def _has_opposites(condition: BaseCondition) -> bool:
    members = set(condition.children)
    return any(isinstance(member, Not) and member.condition in members for member in members)


def _contradictions(condition: BaseCondition) -> Iterator[str]:
    """Find out whether the whole condition can never be true."""
    if isinstance(condition, Any):
        found = [list(_contradictions(child)) for child in condition.children]
        for child, warnings in zip(condition.children, found, strict=True):
            if warnings:
                every_part = all(found)
                yield from warnings if every_part else (f"{warnings[0]} (the part '{child}' does nothing)",)
        return
    if not isinstance(condition, All):
        periods = _periods(condition)
        if periods and not _overlap(periods):
            yield f"'{condition}' can never be true: it has no window that ever opens"
        return
    if any(isinstance(child, AlwaysFalse) for child in condition.children):
        yield f"'{condition}' can never be true: it holds a false by &"
    elif _has_opposites(condition):
        yield f"'{condition}' can never be true: it joins a condition and its opposite by &"
    else:
        pair = _disjoint(condition)
        if pair is not None:
            first, second = pair
            yield (
                f"'{condition}' can never be true: '{first}' and '{second}' are never open at once; "
                f"'{first} | {second}' starts in both"
            )


def _disjoint(condition: All) -> tuple[BaseCondition, BaseCondition] | None:
    timed = [(child, _periods(child)) for child in condition.children]
    timed = [(child, periods) for child, periods in timed if periods]
    for index, (first, mine) in enumerate(timed):
        for second, theirs in timed[index + 1 :]:
            if not _overlap((*mine, *theirs)):
                return first, second
    return None


def _periods(condition: BaseCondition) -> tuple[TimePeriod, ...]:
    """Give the periods that are open whenever the condition is true."""
    if isinstance(condition, IsPeriod | TaskRunnable):
        return (condition.period,)
    if isinstance(condition, TaskExecutable):
        return condition.periods()
    return condition.gates.periods() if isinstance(condition, Every) else ()


def _start(periods: tuple[TimePeriod, ...], span: Span) -> Instant:
    """Give the instant from which on to look: where fixed windows open, or before they are over."""
    fixed = [window for period in periods if isinstance(period, StaticInterval) for window in _window(period)]
    starts = [window.start for window in fixed if window.start > -NEVER]
    ends = [window.end for window in fixed]
    return max(starts) if starts else min([_FROM, *(end - span for end in ends)])


def _window(period: TimePeriod) -> list[Window]:
    """Give the only window of a period, wherever it lies."""
    found = period.window(_FROM, UTC) or period.next_window(_FROM, UTC) or period.previous_window(_FROM, UTC)
    return [] if found is None else [found]


def _overlap(periods: tuple[TimePeriod, ...]) -> bool:
    """Look for an instant at which all periods are open, from opening to opening."""
    span = max(_SPANS.get(common_unit(period), _FORTNIGHT) for period in periods)
    now = _start(periods, span)
    end = now + span
    for _ in range(_MOST_STEPS):
        shut = [period for period in periods if period.window(now, UTC) is None]
        if not shut:
            return True
        now = max(period.next_change(now, UTC) for period in shut)
        if now == NEVER or now > end:
            return False
    return True
