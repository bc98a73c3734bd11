"""Laws that hold for every period, in every zone, on every night (T1 to T10)."""

from __future__ import annotations

import pickle
import re
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from zones import ZONES, calendar_periods, cron_or_none, cron_texts, places, running_periods, statics

from rocket_magic.instants import DAY, HOUR, MINUTE, NEVER, Instant, to_datetime, to_instant
from rocket_magic.time import TimeOfDay, TimeOfHour, TimeOfMonth, TimeOfWeek, TimePeriod

crons = cron_texts().map(cron_or_none).filter(bool)
simple = st.one_of(calendar_periods, running_periods, crons, statics)
composed = st.one_of(
    st.tuples(calendar_periods, calendar_periods).map(lambda pair: pair[0] & pair[1]),
    st.tuples(calendar_periods, calendar_periods).map(lambda pair: pair[0] | pair[1]),
    st.tuples(running_periods, calendar_periods).map(lambda pair: pair[0] & pair[1]),
)
lawful = settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)
bounded = settings(parent=lawful, max_examples=40)


def check_windows(period: TimePeriod, instant: Instant, zone: ZoneInfo) -> None:
    """Check that the three questions agree about the next few windows."""
    last = None
    for _ in range(4):
        window = period.next_window(instant, zone)
        if window is None:
            return
        assert window.start > instant
        assert window.end > window.start
        assert period.window(window.start, zone) == window
        assert period.window(window.end - 1, zone) == window
        assert period.previous_window(window.end, zone) == window
        assert period.next_window(window.start - 1, zone) == window
        middle = (window.start + window.end) // 2
        assert period.window(middle, zone) == window
        before = period.window(window.start - 1, zone)
        assert before is None or before.end == window.start
        if last is not None:
            assert last.end <= window.start
            assert period.previous_window(window.end - 1, zone) == last
            assert period.previous_window(window.start, zone) == last
        last, instant = window, window.start


def check_gap(period: TimePeriod, instant: Instant, zone: ZoneInfo, steps: list[int]) -> None:
    """Check T8: between here and the next opening everybody sees the same next opening."""
    window = period.next_window(instant, zone)
    if window is None or window.start == NEVER:
        return
    for step in steps:
        between = instant + (window.start - 1 - instant) * step // 100
        assert period.next_window(between, zone) == window


@lawful
@given(simple, places())
def test_windows_agree(period: TimePeriod, place: tuple[Instant, ZoneInfo]) -> None:
    """`window`, `next_window` and `previous_window` tell of the same windows, in order."""
    check_windows(period, *place)


@bounded
@given(composed, places())
def test_windows_of_composites_agree(period: TimePeriod, place: tuple[Instant, ZoneInfo]) -> None:
    """The same holds for `&` and `|`."""
    check_windows(period, *place)


@lawful
@given(simple, places(), st.lists(st.integers(0, 100), min_size=3, max_size=3))
def test_next_does_not_depend_on_the_asker(
    period: TimePeriod, place: tuple[Instant, ZoneInfo], steps: list[int]
) -> None:
    """The next opening is the same for everybody who asks before it."""
    check_gap(period, *place, steps)


@bounded
@given(composed, places(), st.lists(st.integers(0, 100), min_size=2, max_size=2))
def test_next_of_composites_does_not_depend_on_the_asker(
    period: TimePeriod, place: tuple[Instant, ZoneInfo], steps: list[int]
) -> None:
    """The same holds for `&` and `|`."""
    check_gap(period, *place, steps)


@bounded
@given(st.one_of(simple, composed), places())
def test_next_change_is_never_late(period: TimePeriod, place: tuple[Instant, ZoneInfo]) -> None:
    """Up to the announced change every instant is in the same window, or in none."""
    instant, zone = place
    change, state = period.next_change(instant, zone), period.window(instant, zone)
    assert change > instant
    until = min(change, instant + 3 * DAY)
    for sample in range(instant, until, max((until - instant) // 200, 1)):
        assert period.window(sample, zone) == state


@bounded
@given(calendar_periods, calendar_periods, places())
def test_composites_are_open_where_their_parts_are(
    one: TimePeriod, other: TimePeriod, place: tuple[Instant, ZoneInfo]
) -> None:
    """`&` is open where both are and `|` where one is, sampled densely."""
    instant, zone = place
    for sample in range(instant - DAY, instant + DAY, 37 * MINUTE):
        states = [part.window(sample, zone) is not None for part in (one, other)]
        assert ((one & other).window(sample, zone) is not None) == all(states)
        assert ((one | other).window(sample, zone) is not None) == any(states)


@bounded
@given(st.one_of(simple, composed))
def test_periods_are_values(period: TimePeriod) -> None:
    """Periods pickle, hash and compare as values, and can't be changed."""
    copy = pickle.loads(pickle.dumps(period))
    assert copy == period
    assert hash(copy) == hash(period)
    with pytest.raises((AttributeError, TypeError)):
        period.word = "at"


def spoken(kind: Any, words: str) -> Any:
    """The period of a kind that a word and its values make."""
    word, _, values = words.partition(" ")
    return getattr(kind, word)(*values.split(" and " if word == "between" else ", "))


@lawful
@given(st.one_of(calendar_periods, running_periods))
def test_phrases_read_back(period: TimePeriod) -> None:
    """A phrase's values make an equal period again."""
    words, kind = period.phrase(), type(period)
    if not words:
        assert period == kind()
        return
    day, *hours = re.split(r" (?=(?:after|at|before|between|starting) \d\d:)", words)
    said = spoken(kind, day)
    for part in hours:  # "on Mon" and then "between 10:00 and 12:00"
        said = said.during(spoken(TimeOfDay, part))
    assert said == period
    assert eval(repr(period), {kind.__name__: kind, "TimeOfDay": TimeOfDay}) == period


def first_existing(day: datetime, zone: ZoneInfo) -> Instant:
    """Give the first instant whose local clock has reached a naive time, minute by minute (T2, T3)."""
    moment = day.replace(tzinfo=zone, fold=0)
    while True:
        instant = to_instant(moment, zone)
        if to_datetime(instant, zone).replace(tzinfo=None) == moment.replace(tzinfo=None):
            return instant
        moment = (moment.replace(tzinfo=None) + timedelta(minutes=1)).replace(tzinfo=zone, fold=0)


@settings(parent=lawful, max_examples=60)
@given(places(ZONES), st.integers(0, 23), st.integers(0, 59))
def test_fixed_times_open_once_a_day(place: tuple[Instant, ZoneInfo], hour: int, minute: int) -> None:
    """A daily time opens at its first existing instant on each local day, and at no other."""
    instant, zone = place
    today = to_datetime(instant, zone).replace(
        tzinfo=None, hour=hour, minute=minute, second=0, microsecond=0, fold=0
    )
    expected = sorted({first_existing(today + timedelta(days=shift), zone) for shift in range(-3, 4)})
    period, found = TimeOfDay.at(f"{hour:02d}:{minute:02d}"), []
    instant = expected[0] - 1
    while len(found) < len(expected):
        window = period.next_window(instant, zone)
        assert window is not None
        found.append(window.start)
        instant = window.start
    assert found == expected


@bounded
@given(places())
def test_whole_units_leave_no_instant_out(place: tuple[Instant, ZoneInfo]) -> None:
    """Every instant is in a day, week, month and hour, and windows follow each other without a break."""
    instant, zone = place
    for period in (TimeOfDay(), TimeOfWeek(), TimeOfMonth(), TimeOfHour(), TimeOfDay.starting("06:00")):
        window = period.window(instant, zone)
        assert window is not None
        following = period.next_window(instant, zone)
        assert following is not None
        assert following.start == window.end
        assert window.end - window.start <= 32 * DAY


@bounded
@given(places(ZONES))
def test_hours_are_those_of_cron(place: tuple[Instant, ZoneInfo]) -> None:
    """An hour opens whenever the running clock shows a full hour (T4)."""
    instant, zone = place
    for _ in range(4):
        window = TimeOfHour().next_window(instant, zone)
        assert window is not None
        local = to_datetime(window.start, zone)
        assert (local.minute, local.second) == (0, 0)
        assert window.end - window.start <= 2 * HOUR
        instant = window.start
