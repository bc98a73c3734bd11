"""Tests of the warnings about schedules that can't have been meant."""

from __future__ import annotations

import pytest

from rocket_magic.conditions import lint_schedule, parse_condition


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
        "has failed today",
    ],
)
def test_sound_schedules(text):
    """A sound schedule draws no warning."""
    assert lint_schedule(parse_condition(text)) == []
