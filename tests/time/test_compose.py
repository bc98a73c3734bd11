"""Periods made of periods."""

from __future__ import annotations

import time
from zoneinfo import ZoneInfo

import pytest
from zones import at

from rocket_magic.exc import ScheduleError
from rocket_magic.instants import DAY, HOUR, MINUTE, NEVER
from rocket_magic.time import (
    All,
    Any,
    Cron,
    StaticInterval,
    TimeOfDay,
    TimeOfHour,
    TimeOfMonth,
    TimeOfWeek,
    always,
    never,
)

UTC = ZoneInfo("UTC")
MONDAY = at("2025-06-02")


def test_and_gives_overlaps() -> None:
    """`&` is open where both are; the hours of a morning stay single hours."""
    hours = TimeOfHour() & TimeOfDay("08:30", "10:30")
    edges = [(8.5, 9), (9, 10), (10, 10.5)]
    instant = MONDAY
    for start, end in edges:
        window = hours.next_window(instant, UTC)
        assert window == (MONDAY + start * HOUR, MONDAY + end * HOUR)
        instant = window.start
    following = hours.next_window(instant, UTC)
    assert following is not None
    assert following.start == MONDAY + DAY + 8.5 * HOUR
    assert hours.previous_window(MONDAY + 10 * HOUR, UTC) == (MONDAY + 9 * HOUR, MONDAY + 10 * HOUR)


def test_friday_the_thirteenth() -> None:
    """Days of the month and of the week meet."""
    window = (TimeOfMonth.on("13th") & TimeOfWeek.on("Fri")).next_window(at("2025-06-14"), UTC)
    assert window == (at("2026-02-13"), at("2026-02-14"))


def test_or_joins_what_overlaps_and_keeps_what_touches() -> None:
    """Overlapping windows are one, touching windows two."""
    overlapping = TimeOfDay("10:00", "12:00") | TimeOfDay("11:00", "14:00")
    assert overlapping.next_window(MONDAY, UTC) == (MONDAY + 10 * HOUR, MONDAY + 14 * HOUR)
    assert overlapping.window(MONDAY + 13 * HOUR, UTC) == (MONDAY + 10 * HOUR, MONDAY + 14 * HOUR)
    touching = TimeOfDay("10:00", "12:00") | TimeOfDay("12:00", "14:00")
    assert touching.next_window(MONDAY, UTC) == (MONDAY + 10 * HOUR, MONDAY + 12 * HOUR)
    assert touching.next_window(MONDAY + 10 * HOUR, UTC) == (MONDAY + 12 * HOUR, MONDAY + 14 * HOUR)
    assert touching.previous_window(MONDAY + 14 * HOUR, UTC) == (MONDAY + 12 * HOUR, MONDAY + 14 * HOUR)


def test_what_overlaps_for_ever_is_endless() -> None:
    """Days from midnight and days from six leave no beginning and no end."""
    ever = TimeOfDay() | TimeOfDay.starting("06:00")
    assert ever.window(MONDAY, UTC) == (-NEVER, NEVER)
    assert ever.next_window(MONDAY, UTC) is None
    assert ever.previous_window(MONDAY, UTC) is None
    assert ever.next_change(MONDAY, UTC) == NEVER


def test_what_never_meets_has_no_window() -> None:
    """A search without end gives up soon."""
    began = time.thread_time()
    nothing = TimeOfWeek.on("Sat") & TimeOfWeek.on("Sun")
    assert nothing.next_window(MONDAY, UTC) is None
    assert nothing.previous_window(MONDAY, UTC) is None
    assert nothing.next_change(MONDAY, UTC) == NEVER
    assert time.thread_time() - began < 2
    over = TimeOfDay() & StaticInterval("2020-01-01", "2020-02-01")
    assert over.next_window(MONDAY, UTC) is None
    assert over.previous_window(MONDAY, UTC) == (at("2020-01-31"), at("2020-02-01"))
    assert over.previous_window(at("2019-01-01"), UTC) is None


def test_always_and_never() -> None:
    """The empty composites are open at every instant, and at none."""
    assert always.window(MONDAY, UTC) == (-NEVER, NEVER)
    assert always.next_window(MONDAY, UTC) is None
    assert always.previous_window(MONDAY, UTC) is None
    assert never.window(MONDAY, UTC) is None
    assert never.next_window(MONDAY, UTC) is None
    assert never.previous_window(MONDAY, UTC) is None
    assert never.next_change(MONDAY, UTC) == NEVER
    assert (repr(always), repr(never)) == ("always", "never")
    assert (always & TimeOfDay("10:00", "12:00")).window(MONDAY + 11 * HOUR, UTC) is not None
    assert (never | Cron("* * * * *")).window(MONDAY, UTC) == (MONDAY, MONDAY + MINUTE)


def test_composites_flatten_and_compare() -> None:
    """Parts of one kind are taken apart; equal parts make equal composites."""
    one, two, three = TimeOfDay("10", "12"), TimeOfWeek("Mon", "Fri"), TimeOfHour()
    assert (one & two) & three == All(one, two, three)
    assert one | (two | three) == Any(one, two, three)
    assert (one & two).periods == (one, two)
    assert hash(one & two) == hash(All(one, two))
    assert one & two != one | two
    assert (one | two) & three == All(Any(one, two), three)
    assert (
        repr((one | two) & three) == "(TimeOfDay('10:00', '12:00') | TimeOfWeek('Mon', 'Fri')) & TimeOfHour()"
    )


def test_parts_must_be_periods() -> None:
    """Anything else is refused."""
    with pytest.raises(ScheduleError, match="'daily' is no time period"):
        All("daily")
