"""Tests of the warnings about schedules that can't have been meant."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rocket_magic.conditions import lint_schedule, parse_condition
from rocket_magic.instants import DAY, NEVER, POLL

from .fakes import FakeSession, at
from .strategies import conditions


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("daily & weekly on Sat & weekly on Sun", "never open at once"),
        ("time of day before 10:00 & daily after 11:00", "never open at once"),
        ("daily at 10:00 on weekdays & time of week on Sun", "never open at once"),
        ("daily & false", "can never be true"),
        ("daily & ~daily", "can never be true: it joins"),
        ("daily | ~daily", "always true"),
        ("true", "always true"),
        ("time of day between 10:00 and 12:00", "'daily between 10:00 and 12:00' starts it once"),
        ("~running", "starts the task again as soon as it has ended"),
        ("retry 3 times", "never starts the task a first time"),
        ("env 'prod'", "starts the task again as soon as it has ended"),
        ("has failed today", "starts the task again as soon as it has ended"),
        ("~(has started less than 3 times today)", "starts the task again as soon as it has ended"),
        ("task 'a' has succeeded today", "'after task 'a'' starts it once after each"),
        ("param 'x' is 3 & ~running", "starts the task again as soon as it has ended"),
        ("during (never)", "no window that ever opens"),
        ("once in (time of day before 08:00 & time of day after 09:00)", "no window that ever opens"),
        ("weekly on Mon & from 2015-01-06 until 2015-01-08", "never open at once"),
        ("from 2026-01-01 until 2026-02-01 & daily & from 2027-01-01", "never open at once"),
        ("yearly on Feb 29 & time of month before 28th", "never open at once"),
        ("hourly | (daily & false)", "the part 'daily & false' does nothing"),
    ],
)
def test_warnings(text, words):
    """A schedule that can never be true, always is, or never starts draws one warning."""
    (warning,) = lint_schedule(parse_condition(text))
    assert words in warning


@pytest.mark.parametrize(
    "text",
    [
        "false",
        "daily",
        "daily & hourly",
        "every 10 min on weekdays between 09:00 and 17:00",
        "every 10 min & time of week between Mon and Fri & time of day between 09:00 and 17:00",
        "daily | retry 3 times",
        "(daily | retry 3 times) & time of day between 09:00 and 17:00",
        "after task 'a' & ~has failed today",
        "weekly on Sat | weekly on Sun",
        "monthly on 31st & time of year between Jan and Mar",
        "cron 0 0 29 2 * & daily",
        "yearly on Feb 29 & time of week on Mon",
        "daily & from 2080-01-01",
        "weekly on Mon & from 2015-01-01 until 2015-02-01",
        "daily & until 1990-01-01",
        "daily & env 'prod'",
        "~has succeeded today",
        "has started less than 3 times today",
        "task 'a' has succeeded today & daily",
    ],
)
def test_sound_schedules(text):
    """A sound schedule draws no warning."""
    assert lint_schedule(parse_condition(text)) == []


@given(conditions(), st.lists(st.integers(0, 60 * 366 * DAY), min_size=20, max_size=60))
@settings(max_examples=150, deadline=None)
def test_nothing_that_holds_is_called_impossible(condition, moments):
    """Where a warning says "never", no moment of sixty years is found at which the condition holds."""
    warnings = lint_schedule(condition)
    if not any(text.startswith(f"'{condition}' can never be true") for text in warnings):
        return
    session = FakeSession()
    task = session.task("me")
    for moment in moments:
        now = at("1999-12-01 00:00") + moment
        context = session.context(task, now)
        change = condition.next_change(context)
        for instant in (now, change):
            if instant in (NEVER, POLL):
                continue
            assert not condition.holds(context.at(instant))
