"""The period in which a condition lets a task start (`task.period`)."""

from __future__ import annotations

import pytest

from rocket_magic.conditions import as_condition, scheduling_period
from rocket_magic.time import TimeOfDay, TimeOfWeek, always

MORNING, MONDAY = TimeOfDay("06:00", "12:00"), TimeOfWeek.on("Mon")


@pytest.mark.parametrize(
    ("condition", "period"),
    [
        ("daily", TimeOfDay()),
        ("daily between 06:00 and 12:00", MORNING),
        ("time of day between 06:00 and 12:00", MORNING),
        ("daily between 06:00 and 12:00 & time of week on Mon", MORNING & MONDAY),
        ("daily between 06:00 and 12:00 & after task 'x' & every 10 min", MORNING),
        ("daily between 06:00 and 12:00 | time of week on Mon", MORNING | MONDAY),
        ("daily between 06:00 and 12:00 | after task 'x'", always),
        ("~time of week on Mon", always),
        ("after task 'x'", always),
        ("every 10 min", always),
        ("true", always),
        (None, always),
    ],
)
def test_period(condition, period):
    """What all terms demand together, or any of the alternatives; other terms don't restrict it."""
    assert scheduling_period(as_condition(condition)) == period
