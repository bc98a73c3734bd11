"""Starts by days and hours against a calendar that knows nothing of periods: a walk over quarters."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rocket_magic.conditions import parse_condition
from rocket_magic.instants import DAY, MINUTE, SECOND

from .fakes import FakeSession, at

QUARTER = 15 * MINUTE
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

clocks = st.lists(st.integers(0, 95).map(lambda n: n * 15), min_size=2, max_size=2, unique=True)
weekdays = st.lists(st.integers(0, 6), min_size=1, max_size=4, unique=True).map(sorted)
dates = st.lists(st.sampled_from([1, 2, 15, 28, 29, 30, 31]), min_size=1, max_size=3, unique=True).map(sorted)


def written(minutes):
    """A time of day."""
    return f"{minutes // 60:02}:{minutes % 60:02}"


def by_calendar(kind, named, first, last, begin, end):
    """The first quarter of each window: its day is the one on which the hours begin."""
    seen, starts = set(), []
    for now in range(begin, end, QUARTER):
        local = datetime.fromtimestamp(now / SECOND, UTC)
        minute, day = local.hour * 60 + local.minute, local.date()
        inside = first <= minute < last if first < last else minute >= first or minute < last
        if last < first and minute < last:
            day -= timedelta(days=1)
        if not inside or (day.day if kind == "monthly" else day.weekday()) not in named:
            continue
        window = (local.date(), local.hour) if kind == "hourly" else day
        if window not in seen:
            seen.add(window)
            starts.append(now)
    return starts


def by_condition(condition, begin, end):
    """What the scheduler's questions give, each run ending at once."""
    session, now, starts = FakeSession(), begin, []
    task = session.task("me")
    while now < end:
        context = session.context(task, now)
        if condition.holds(context):
            starts.append(now)
            session.history.add("me", "run", now)
            session.history.add("me", "success", now)
        now = condition.next_change(session.context(task, now))
    return starts


@pytest.mark.parametrize("kind", ["daily", "weekly", "monthly", "hourly"])
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_starts_are_those_of_the_calendar(kind, data):
    """Over five weeks from any quarter on, hours over midnight included."""
    first, last = data.draw(clocks)
    named = data.draw(dates if kind == "monthly" else weekdays)
    words = ", ".join(str(one) if kind == "monthly" else DAYS[one] for one in named)
    text = f"{kind} on {words} between {written(first)} and {written(last)}"
    begin = at("2026-01-05 00:00") + data.draw(st.integers(0, 60 * 96)) * QUARTER
    end = begin + 35 * DAY
    assert by_condition(parse_condition(text), begin, end) == by_calendar(
        kind, named, first, last, begin, end
    )
