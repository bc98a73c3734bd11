"""What the clocks of a zone show, against the standard library."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from zones import at, changes, places

from rocket_magic.instants import DAY, HOUR, MINUTE, NEVER, Instant, to_datetime
from rocket_magic.time._offsets import locate, reached, reading, stretch


@settings(max_examples=150, deadline=None)
@given(places())
def test_readings_are_those_of_the_zone(place: tuple[Instant, ZoneInfo]) -> None:
    """A reading is the local time; stretches contain their instant and keep one offset."""
    instant, zone = place
    offset = to_datetime(instant, zone).utcoffset()
    assert offset is not None
    start, end, span = stretch(zone, instant)
    assert span == offset // timedelta(microseconds=1)
    assert start <= instant < end
    assert reading(zone, instant) == instant + span
    assert to_datetime(end - 1, zone).utcoffset() == offset
    assert to_datetime(start, zone).utcoffset() == offset


@settings(max_examples=150, deadline=None)
@given(places())
def test_locate_is_the_first_to_reach(place: tuple[Instant, ZoneInfo]) -> None:
    """The furthest reading never goes back, and `locate` finds the first instant that reaches it."""
    instant, zone = place
    wall = reached(zone, instant)
    assert wall >= reading(zone, instant)
    assert reached(zone, instant + MINUTE) >= wall
    first, gap = locate(zone, wall)
    assert gap == 0
    assert first <= instant
    assert reached(zone, first) == wall
    assert reached(zone, first - 1) == wall - 1 or reached(zone, first - 1) < wall


def test_gaps_are_measured() -> None:
    """A reading in a gap is found at the gap's end, with the size of the jump."""
    zone = ZoneInfo("America/New_York")
    skipped = at("2025-03-09 02:30")
    assert locate(zone, skipped) == (at("2025-03-09T03:00-04:00"), HOUR)
    assert locate(zone, at("2025-03-09 02:00")) == (at("2025-03-09T03:00-04:00"), HOUR)
    assert locate(zone, at("2025-03-09 03:00")) == (at("2025-03-09T03:00-04:00"), 0)
    assert locate(ZoneInfo("Pacific/Apia"), at("2011-12-30 10:00"))[1] == DAY


def test_changes_are_found_to_the_second() -> None:
    """Every change of two zones is where the standard library has it."""
    for name in ("Europe/Helsinki", "Australia/Lord_Howe"):
        zone = ZoneInfo(name)
        for change in changes(zone, 2000, 2010):
            start, _, _ = stretch(zone, change)
            assert 0 <= change - start < HOUR
            assert to_datetime(start, zone).utcoffset() != to_datetime(start - 1, zone).utcoffset()


def test_any_tzinfo_will_do() -> None:
    """Fixed offsets work, and zones that can't be hashed."""

    class Unhashable(tzinfo):
        __hash__ = None

        def __eq__(self, other: object) -> bool:
            return self is other

        def utcoffset(self, _: datetime | None) -> timedelta:
            return timedelta(hours=2)

        def dst(self, _: datetime | None) -> timedelta:
            return timedelta(0)

    assert reading(Unhashable(), 0) == 2 * HOUR
    assert reading(timezone(timedelta(hours=-3)), 0) == -3 * HOUR


def test_the_ends_of_time_are_no_error() -> None:
    """Instants beyond the year 9999 keep the last offset known."""
    for instant in (NEVER - DAY, -NEVER + DAY):
        assert abs(reading(UTC, instant) - instant) == 0
        assert locate(ZoneInfo("Europe/Helsinki"), reached(ZoneInfo("Europe/Helsinki"), instant))[1] == 0
