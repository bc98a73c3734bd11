"""Windows that don't recur."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from zones import at

from rocket_magic.clock import SystemClock
from rocket_magic.exc import ScheduleError
from rocket_magic.instants import DAY, HOUR, NEVER, to_datetime
from rocket_magic.time import RelativeDay, StaticInterval, TimeDelta, TimeSpanDelta

HELSINKI = ZoneInfo("Europe/Helsinki")


def test_static_interval_has_one_window() -> None:
    """Naive bounds are meant on the asker's clock, aware ones are instants."""
    march = StaticInterval("2026-03-01", date(2026, 4, 1))
    start, end = at("2026-03-01", "Europe/Helsinki"), at("2026-04-01", "Europe/Helsinki")
    assert march.window(start, HELSINKI) == (start, end)
    assert march.window(end, HELSINKI) is None
    assert march.next_window(start - 1, HELSINKI) == (start, end)
    assert march.next_window(start, HELSINKI) is None
    assert march.previous_window(end, HELSINKI) == (start, end)
    assert march.previous_window(end - 1, HELSINKI) is None
    fixed = StaticInterval(datetime(2026, 3, 1, tzinfo=UTC))
    assert fixed.window(at("2100-01-01"), HELSINKI) == (at("2026-03-01"), NEVER)
    assert StaticInterval() == StaticInterval(None, None)
    assert StaticInterval().window(0, HELSINKI) == (-NEVER, NEVER)


def test_time_delta_is_seen_from_the_moment_of_asking() -> None:
    """It reaches back and ahead from any instant, and never opens or ends by itself."""
    delta = TimeDelta("2 hours", future=timedelta(hours=1))
    assert delta.window(10 * HOUR, HELSINKI) == (8 * HOUR, 11 * HOUR)
    assert TimeDelta(7200).window(10 * HOUR, HELSINKI) == (8 * HOUR, 10 * HOUR + 1)
    assert delta.next_window(0, HELSINKI) is None
    assert delta.previous_window(0, HELSINKI) is None
    assert delta.next_change(0, HELSINKI) == NEVER
    now = to_datetime(SystemClock().now(), HELSINKI)
    assert now - timedelta(hours=1) in delta
    assert now - timedelta(hours=3) not in delta
    assert repr(delta) == "TimeDelta('2 hours', '1 hour')"


def test_time_span_delta_lies_in_the_past() -> None:
    """It is between far and near ago."""
    span = TimeSpanDelta("1 hour", "3 hours")
    assert span.window(10 * HOUR, HELSINKI) == (7 * HOUR, 9 * HOUR)
    assert TimeSpanDelta("1 hour").window(10 * HOUR, HELSINKI) == (-NEVER, 9 * HOUR)
    assert repr(span) == "TimeSpanDelta('1 hour', '3 hours')"
    assert repr(TimeSpanDelta(60)) == "TimeSpanDelta('1 min')"


def test_relative_days_are_local_days() -> None:
    """Yesterday is as long as the local clock made it."""
    monday = at("2025-10-27 09:00", "Europe/Helsinki")
    yesterday = RelativeDay("yesterday").window(monday, HELSINKI)
    assert yesterday is not None
    assert yesterday.end - yesterday.start == 25 * HOUR
    today = RelativeDay("Today").window(monday, HELSINKI)
    assert today is not None
    assert today.start == yesterday.end
    assert today.end - today.start == DAY
    assert to_datetime(SystemClock().now(), HELSINKI) in RelativeDay("today")
    assert RelativeDay("the day before") == RelativeDay("the_day_before")


REFUSED: tuple[tuple[Any, str], ...] = (
    (lambda: StaticInterval("soon"), "the start must be a datetime, a date or ISO text"),
    (lambda: StaticInterval(None, 5), "the end must be"),
    (lambda: StaticInterval("2026-02-01", "2026-01-01"), "must be after the start"),
    (lambda: TimeDelta("-1 h"), "must not be negative"),
    (lambda: TimeDelta("soon"), "TimeDelta: past must be text like"),
    (lambda: TimeSpanDelta("3 h", "1 h"), "must be longer ago"),
    (lambda: RelativeDay("yesterdy"), "did you mean 'yesterday'"),
)


@pytest.mark.parametrize(("make", "message"), REFUSED, ids=[row[1] for row in REFUSED])
def test_bad_values_are_refused(make: Any, message: str) -> None:
    """Each names what is accepted."""
    with pytest.raises(ScheduleError, match=message):
        make()
