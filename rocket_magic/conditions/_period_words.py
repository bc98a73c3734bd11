"""Periods in the phrase language: "(time of day before 10:00 | from 2026-03-01)". Floor 2, pure.

`_syntax_periods` reads what is written here.
"""

from __future__ import annotations

from typing import Final

from rocket_magic.conditions._units import UNIT_KINDS, unit_of, whole
from rocket_magic.exc import ScheduleError
from rocket_magic.instants import HOUR
from rocket_magic.time import All as AllPeriods
from rocket_magic.time import Any as AnyPeriod
from rocket_magic.time import (
    Cron,
    RelativeDay,
    StaticInterval,
    TimeDelta,
    TimePeriod,
    TimeSpanDelta,
    always,
    never,
)
from rocket_magic.time._duration import format_duration

__all__ = [
    "as_period",
    "as_recurring",
    "as_seen_from_now",
    "bracketed",
    "period_phrase",
    "stretch_phrase",
]


_TODAY: Final = RelativeDay("today")


def as_period(value: object, owner: str) -> TimePeriod:
    """Check that a value is a period; a composite of one period is that period.

    Args:
        value: What a user gave.
        owner: The condition, for the message.

    Raises:
        ScheduleError: It is none.
    """
    if not isinstance(value, TimePeriod):
        msg = (
            f"{owner} looks at a period of rocket_magic.time, like TimeOfDay('10:00', '12:00'), got {value!r}"
        )
        raise ScheduleError(msg)
    if not isinstance(value, AllPeriods | AnyPeriod) or not value.periods:
        return value
    parts = tuple(as_period(part, owner) for part in value.periods)
    if len(parts) == 1:
        return parts[0]
    return value if parts == value.periods else type(value)(*parts)


def as_seen_from_now(value: object, owner: str) -> TimePeriod:
    """Check a period in which now may lie: "today" always contains it, "yesterday" and what is past never do.

    Raises:
        ScheduleError: It is no period.
    """
    period = as_period(value, owner)
    if isinstance(period, AllPeriods | AnyPeriod):
        parts = tuple(as_seen_from_now(part, owner) for part in period.periods)
        return period if parts == period.periods else type(period)(*parts)
    if isinstance(period, TimeDelta) or period == _TODAY:
        return always
    return never if isinstance(period, TimeSpanDelta | RelativeDay) else period


def as_recurring(value: object, owner: str) -> TimePeriod:
    """Check a period that has windows of its own, so that something can be done once in each.

    Raises:
        ScheduleError: It is none, or is counted from the moment of asking.
    """
    if type(value) in UNIT_KINDS:
        return value  # type: ignore[return-value]  # a part of a unit, as nearly always
    period = as_period(value, owner)
    if period == _TODAY:
        return whole("day")
    if isinstance(period, TimeDelta | TimeSpanDelta | RelativeDay):
        span = period.past if isinstance(period, TimeDelta) and period.past else HOUR
        msg = (
            f"{owner} runs once in each window of a period, and {period!r} has none, it moves with now: "
            f"use every({format_duration(span)!r}, based='finish') or a period like TimeOfDay()"
        )
        raise ScheduleError(msg)
    if isinstance(period, AllPeriods | AnyPeriod):
        parts = tuple(as_recurring(part, owner) for part in period.periods)
        return period if parts == period.periods else type(period)(*parts)
    return period


def period_phrase(period: TimePeriod) -> str | None:
    """Give the words of a period; None when it is of a kind that the phrase language does not know."""
    unit = unit_of(period)
    if unit is not None:
        return f"time of {unit} {period.phrase()}".rstrip()
    if isinstance(period, Cron):
        return f"crontime with seconds {period.text}" if period.seconds else f"crontime {period.text}"
    if isinstance(period, AllPeriods | AnyPeriod):
        return _composite(period)
    return period.phrase() if isinstance(period, StaticInterval) else None


def _composite(period: AllPeriods | AnyPeriod) -> str | None:
    sign, nothing = (" & ", "always") if isinstance(period, AllPeriods) else (" | ", "never")
    if not period.periods:
        return nothing
    words = [_member(part) for part in period.periods]
    known = [word for word in words if word is not None]
    return sign.join(known) if len(known) == len(words) else None


def _member(period: TimePeriod) -> str | None:
    words = period_phrase(period)
    inner = isinstance(period, AllPeriods | AnyPeriod) and period.periods
    return f"({words})" if words is not None and inner else words


def stretch_phrase(period: TimePeriod) -> str | None:
    """Give the words of a stretch in which records are looked for: "yesterday", "since 2 hours ago…"."""
    if isinstance(period, RelativeDay):
        return period.day.replace("_", " ")
    if isinstance(period, TimeSpanDelta):
        near = f"{format_duration(period.near)} ago" if period.near else "now"
        return f"since {'ever' if period.far is None else f'{format_duration(period.far)} ago'} until {near}"
    return period.phrase() if isinstance(period, StaticInterval) else None


def bracketed(period: TimePeriod) -> str | None:
    """Give the words of a period in parentheses."""
    words = period_phrase(period)
    return None if words is None else f"({words})"
