"""Tests of hours behind days: "weekly on Sun after 03:00", "monthly on 1st before 12:00"."""

from __future__ import annotations

import pytest

from rocket_magic.conditions import parse_condition
from rocket_magic.conds import daily, monthly, succeeded, time_of_month, time_of_week, weekly, yearly
from rocket_magic.exc import ScheduleError
from rocket_magic.instants import to_datetime
from rocket_magic.time import TimeOfDay, TimeOfMonth, TimeOfWeek

from .fakes import HELSINKI, FakeSession, at, first_starts

SPELLINGS = [
    ("weekly on Sunday after 03:00", weekly.on("Sunday").after("03:00")),
    ("monthly on 1st before 12:00", monthly.on("1st").before("12:00")),
    ("weekly on Mon between 09:00 and 17:00", weekly.on("Mon").between("09:00", "17:00")),
    ("weekly on Mon, Fri at 09:00, 15:30", weekly.on("Mon", "Fri").at("09:00", "15:30")),
    ("monthly on last after 22:00", monthly.on("last").after("22:00")),
    ("yearly on Feb 29 at 10:00", yearly.on("Feb 29").at("10:00")),
    ("weekly after Wed before 12:00", weekly.after("Wed").before("12:00")),
    ("time of week on Sat between 22:00 and 02:00", time_of_week.on("Sat").between("22:00", "02:00")),
    ("time of month on 1st after 18:00", time_of_month.on(1).after("18:00")),
    ("has succeeded this week on Sun after 03:00", succeeded.this_week.on("Sun").after("03:00")),
]


@pytest.mark.parametrize(("text", "condition"), SPELLINGS)
def test_spellings(text, condition):
    """The phrase and Python say the same, and each is written as it is read."""
    assert parse_condition(text) == condition
    assert parse_condition(str(condition)) == condition


_NIGHTLY = weekly.on("Sun").between("03:00", "03:30")
_LAST_NIGHT = monthly.on("last").between("22:00", "02:00")


def _starts(condition, start, number):
    found = first_starts(condition, start, number, HELSINKI)
    return [f"{to_datetime(instant, HELSINKI):%Y-%m-%d %H:%M}" for instant in found]


@pytest.mark.parametrize(
    ("condition", "start", "expected"),
    [
        (weekly.on("Sun").after("03:00"), "2026-03-01 12:00", ["2026-03-01 12:00", "2026-03-08 03:00"]),
        # the night of 29 March lacks 03:00 to 04:00
        (_NIGHTLY, "2026-03-25 00:00", ["2026-03-29 04:00", "2026-04-05 03:00"]),
        # the night of 25 October has 03:00 to 04:00 twice
        (_NIGHTLY, "2026-10-20 00:00", ["2026-10-25 03:00", "2026-11-01 03:00"]),
        (monthly.on("31st").at("10:00"), "2026-01-01 00:00", ["2026-01-31 10:00", "2026-03-31 10:00"]),
        (_LAST_NIGHT, "2026-02-02 00:00", ["2026-02-28 22:00", "2026-03-31 22:00"]),
        (yearly.on("Feb 29").after("06:00"), "2026-01-01 00:00", ["2028-02-29 06:00", "2032-02-29 06:00"]),
        (weekly.on("Mon", "Tue").at("08:00"), "2026-03-01 00:00", ["2026-03-02 08:00", "2026-03-03 08:00"]),
        (weekly.after("Wed").before("12:00"), "2026-03-04 13:00", ["2026-03-05 00:00", "2026-03-11 00:00"]),
    ],
)  # fmt: skip
def test_starts(condition, start, expected):
    """Each window starts the task once, on the day, from the hour on."""
    assert _starts(condition, start, len(expected)) == expected


def test_a_part_that_wraps_begins_on_the_day():
    """Saturday from 22:00 to 02:00 is the night to Sunday, not the one before."""
    condition = time_of_week.on("Sat").between("22:00", "02:00")
    session = FakeSession()
    assert not condition.holds(session.context(None, "2026-03-07 01:00"))
    assert condition.holds(session.context(None, "2026-03-07 22:00"))
    assert condition.holds(session.context(None, "2026-03-08 01:59"))
    assert (
        condition.explain(session.context(None, "2026-03-07 23:00")).reason == "open until tomorrow at 02:00"
    )


def test_explained():
    """The explanation tells the hour of the day."""
    session = FakeSession()
    told = weekly.on("Sun").after("03:00").explain(session.context(session.task("me"), "2026-03-07 12:00"))
    assert (told.state, told.reason, told.changes_at) == (
        False, "opens tomorrow at 03:00", at("2026-03-08 03:00"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: weekly.on("Sun 10:00").after("12:00"), "whole days only"),
        (lambda: time_of_week.on("Sun").after("03:00").before("12:00"), "already set"),
        (lambda: weekly.on("Sun").after("Mon"), "'Mon' is no time within a day"),
        (lambda: yearly.on("Feb").after("03:00"), "whole days only"),
        (lambda: TimeOfWeek("Mon", "Tue").during(TimeOfDay.after("03:00")), "whole days only"),
        (lambda: TimeOfDay.at("10:00").during(TimeOfDay.after("03:00")), "whole days only"),
        (lambda: TimeOfMonth.on(1).during(TimeOfWeek.on("Mon")), "takes a part of the day"),
    ],
)
def test_refusals(make, words):
    """What has no day to take hours of is refused with the reason."""
    with pytest.raises(ScheduleError, match=words):
        make()


def test_the_whole_day_is_no_part():
    """Hours without bounds leave the day as it is."""
    assert TimeOfWeek.on("Mon").during(TimeOfDay()) == TimeOfWeek.on("Mon")


def test_daily_keeps_its_order():
    """Days may stand before and behind hours of a daily schedule."""
    assert daily.on("Mon").after("03:00") == daily.after("03:00").on("Mon")
