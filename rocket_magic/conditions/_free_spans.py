"""Stretches of time that are no calendar unit, in which records are looked for. Floor 2, pure.

"has succeeded yesterday", "has failed since 2 hours ago until 1 hour ago", "has finished from 2026-03-01".
"""

from __future__ import annotations

from typing import Final

from rocket_magic._protocols import Action, Context
from rocket_magic.conditions._counting import Count
from rocket_magic.instants import DAY, NEVER, Instant
from rocket_magic.time import RelativeDay, StaticInterval, TimePeriod, TimeSpanDelta
from rocket_magic.time._window import Window

__all__ = ["FREE", "fixed_window", "free_change"]

FREE: Final = (RelativeDay, TimeSpanDelta, StaticInterval)

_MOST_RECORDS: Final = 1_000
"""Records whose coming and going is followed; after so many the next look decides."""


def fixed_window(period: TimePeriod, ctx: Context) -> Window | None:
    """Give the window of a period that has one only, wherever it lies."""
    zone = ctx.session.zone
    return period.next_window(ctx.now, zone) or period.previous_window(ctx.now, zone)


def free_change(
    period: TimePeriod, count: Count, name: str, actions: frozenset[Action], ctx: Context
) -> Instant:
    """Give the instant at which the number of records in such a stretch fits no more, or fits."""
    if isinstance(period, TimeSpanDelta):
        return _sliding_change(period, count, name, actions, ctx)
    if isinstance(period, RelativeDay):
        return _daily_change(period, count, name, actions, ctx)
    return NEVER


def _fits(
    period: TimePeriod, count: Count, name: str, actions: frozenset[Action], at: Instant, ctx: Context
) -> bool:
    window = period.window(at, ctx.session.zone)
    assert window is not None
    return count.accepts(ctx.session.history.count(name, actions, window.start, window.end))


def _daily_change(
    period: RelativeDay, count: Count, name: str, actions: frozenset[Action], ctx: Context
) -> Instant:
    today, zone = RelativeDay("today"), ctx.session.zone
    state, at = _fits(period, count, name, actions, ctx.now, ctx), ctx.now
    newest = ctx.session.history.last(name, actions)
    furthest = max(ctx.now, newest.at if newest else ctx.now) + 3 * DAY
    while at < furthest:
        day = today.window(at, zone)
        assert day is not None
        at = day.end
        if _fits(period, count, name, actions, at, ctx) is not state:
            return at
    return NEVER


def _sliding_change(
    period: TimeSpanDelta, count: Count, name: str, actions: frozenset[Action], ctx: Context
) -> Instant:
    history, now = ctx.session.history, ctx.now
    state = _fits(period, count, name, actions, now, ctx)
    moments: set[Instant] = set()
    for number in range(1, _MOST_RECORDS + 1):
        at = history.nth_newest(name, actions, number)
        if at is None or (period.far is not None and at + period.far < now):
            break
        moments.add(at + period.near + 1)
        if period.far is not None:
            moments.add(at + period.far + 1)
    coming = sorted(moment for moment in moments if moment > now)
    return next(
        (moment for moment in coming if _fits(period, count, name, actions, moment, ctx) is not state), NEVER
    )
