"""What users ask of a period in datetimes: `in`, rollforward, rollback."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from rocket_magic.time import Cron, Interval, StaticInterval, TimeOfDay, TimeOfHour, TimePeriod, always, never

MORNING = TimeOfDay("10:00", "12:00")


def moment(text: str, zone: str | None = None) -> datetime:
    """Give a datetime of ISO text."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone) if zone else None)


def test_in_takes_naive_and_aware_datetimes() -> None:
    """A naive datetime is taken as it reads, an aware one in its own zone."""
    assert moment("2025-06-02 10:00") in MORNING
    assert moment("2025-06-02 12:00") not in MORNING
    assert moment("2025-06-02 11:00", "Asia/Tokyo") in MORNING
    assert moment("2025-06-02 11:00", "Asia/Tokyo").astimezone(ZoneInfo("UTC")) not in MORNING
    with pytest.raises(TypeError, match="asked about a datetime"):
        assert "10:30" in MORNING


ROLLS = (
    ("2025-06-02 09:00", ("2025-06-02 10:00", "2025-06-02 12:00"), ("2025-06-01 10:00", "2025-06-01 12:00")),
    ("2025-06-02 10:00", ("2025-06-02 10:00", "2025-06-02 12:00"), ("2025-06-02 10:00", "2025-06-02 10:00")),
    ("2025-06-02 11:00", ("2025-06-02 11:00", "2025-06-02 12:00"), ("2025-06-02 10:00", "2025-06-02 11:00")),
    ("2025-06-02 12:00", ("2025-06-03 10:00", "2025-06-03 12:00"), ("2025-06-02 10:00", "2025-06-02 12:00")),
)


@pytest.mark.parametrize("zone", [None, "UTC", "Europe/Helsinki"])
@pytest.mark.parametrize(("now", "forward", "back"), ROLLS)
def test_rolls(now: str, forward: tuple[str, str], back: tuple[str, str], zone: str | None) -> None:
    """Inside a window what is left, or has passed; outside it the next, or the previous one."""
    assert MORNING.rollforward(moment(now, zone)) == Interval(*(moment(edge, zone) for edge in forward))
    assert MORNING.rollback(moment(now, zone)) == Interval(*(moment(edge, zone) for edge in back))


def test_rolls_through_a_gap_keep_the_zone() -> None:
    """Results carry the zone they were asked in, with the offset of their own instant."""
    zone = "America/New_York"
    interval = TimeOfDay.at("02:30").rollforward(moment("2025-03-09 01:00", zone))
    assert interval is not None
    assert interval.left.isoformat() == "2025-03-09T03:00:00-04:00"
    assert interval.left.tzinfo is interval.right.tzinfo


def test_naive_datetimes_know_no_change_of_clocks() -> None:
    """Naive questions are answered on a clock without gaps, whatever the machine's zone."""
    interval = TimeOfDay.at("02:30").rollforward(moment("2025-03-30 01:00"))
    assert interval == Interval(moment("2025-03-30 02:30"), moment("2025-03-30 03:30"))
    assert TimeOfHour().rollforward(moment("2025-10-26 02:30")) == Interval(
        moment("2025-10-26 02:30"), moment("2025-10-26 03:00")
    )


def test_no_window_left() -> None:
    """Without a window before or after, the answer is None; endless windows end at the edge of time."""
    past = StaticInterval("2020-01-01", "2020-02-01")
    assert past.rollforward(moment("2025-06-02")) is None
    assert past.rollback(moment("2019-06-02")) is None
    assert past.rollback(moment("2025-06-02")) == Interval(moment("2020-01-01"), moment("2020-02-01"))
    assert never.rollforward(moment("2025-06-02")) is None
    endless = always.rollforward(moment("2025-06-02", "UTC"))
    assert endless is not None
    assert endless.right.year == 9999


def test_rollback_of_cron() -> None:
    """Upstream raised for the 31st (PR 218)."""
    assert Cron("0 0 31 * *").rollforward(moment("2025-04-15")) == Interval(
        moment("2025-05-31 00:00"), moment("2025-05-31 00:01")
    )


def test_intervals_know_which_ends_belong_to_them() -> None:
    """An interval tells whether a datetime lies in it."""
    left, right = moment("2025-06-02"), moment("2025-06-03")
    inside = [("left", True, False), ("right", False, True), ("both", True, True), ("neither", False, False)]
    for closed, at_left, at_right in inside:
        interval = Interval(left, right, closed)
        assert (left in interval, right in interval) == (at_left, at_right)
        assert left + timedelta(hours=1) in interval
        assert not interval.is_empty
    assert Interval(left, left).is_empty
    assert not Interval(left, left, "both").is_empty


def test_a_base_without_answers() -> None:
    """A subclass has to answer the three questions."""
    for ask in (TimePeriod().window, TimePeriod().next_window, TimePeriod().previous_window):
        with pytest.raises(NotImplementedError):
            ask(0, ZoneInfo("UTC"))
    assert TimePeriod().phrase() == ""
    with pytest.raises(TypeError):
        MORNING & 5
    with pytest.raises(TypeError):
        MORNING | "x"
