"""Tests of days with hours over midnight: the night to Sunday is Saturday's."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rocket_magic import Session, VirtualClock
from rocket_magic.conditions import TaskExecutable, lint_schedule, parse_condition
from rocket_magic.conds import daily, every, hourly, time_of_day, time_of_month, time_of_week
from rocket_magic.instants import DAY, MINUTE, to_datetime
from rocket_magic.time import TimeOfDay, TimeOfHour

from .fakes import HELSINKI, FakeSession, at, first_starts

NEW_YORK = ZoneInfo("America/New_York")
SAO_PAULO = ZoneInfo("America/Sao_Paulo")  # until 2019 its clocks changed at midnight


def starts(condition, start, number, zone=HELSINKI):
    """The first starts in local time, with the day of the week."""
    return [f"{to_datetime(at, zone):%a %d %H:%M}" for at in first_starts(condition, start, number, zone)]


@pytest.mark.parametrize(
    ("condition", "start", "expected"),
    [
        (daily.on("Sat").between("22:00", "02:00"), "2026-03-06 23:00", ["Sat 07 22:00", "Sat 14 22:00"]),
        # it comes late: Sunday 01:00 is still Saturday's night, Saturday 01:00 is not
        (daily.on("Sat").between("22:00", "02:00"), "2026-03-08 01:00", ["Sun 08 01:00", "Sat 14 22:00"]),
        (daily.on("Sat").between("22:00", "02:00"), "2026-03-07 01:00", ["Sat 07 22:00"]),
        (daily.at("23:30").on("Sat"), "2026-03-06 20:00", ["Sat 07 23:30", "Sat 14 23:30"]),
        (daily.at("23:30").on("weekdays"), "2026-03-08 00:00", ["Mon 09 23:30", "Tue 10 23:30"]),
        (daily.starting("06:00").on("Sat"), "2026-03-07 01:00", ["Sat 07 06:00", "Sat 14 06:00"]),
        (daily.starting("06:00", "18:00").on("Sat"), "2026-03-08 05:00", ["Sun 08 05:00", "Sat 14 06:00"]),
        (hourly.on("Sat").between("22:00", "02:00"), "2026-03-07 01:00",
         ["Sat 07 22:00", "Sat 07 23:00", "Sun 08 00:00", "Sun 08 01:00", "Sat 14 22:00"]),
        (hourly.starting("30:00").on("Sat"), "2026-03-07 00:00", ["Sat 07 00:30", "Sat 07 01:30"]),
        (every("90 min").on("Sat").between("22:00", "02:00"), "2026-03-07 00:10",
         ["Sat 07 22:00", "Sat 07 23:30", "Sun 08 01:00", "Sat 14 22:00"]),
        # the night of 29 March lacks 03:00 to 04:00, that of 25 October has it twice
        (every("1 hour").on("Sat").between("23:00", "05:00"), "2026-03-28 12:00",
         ["Sat 28 23:00", "Sun 29 00:00", "Sun 29 01:00", "Sun 29 02:00", "Sun 29 04:00",
          "Sat 04 23:00"]),
        (every("1 hour").on("Sat").between("23:00", "05:00"), "2026-10-24 12:00",
         ["Sat 24 23:00", "Sun 25 00:00", "Sun 25 01:00", "Sun 25 02:00", "Sun 25 03:00",
          "Sun 25 03:00", "Sun 25 04:00", "Sat 31 23:00"]),
        (daily.on("Sat").between("23:00", "03:30"), "2026-03-29 04:00", ["Sat 04 23:00"]),
        (daily.on("Fri-Sun").between("22:00", "02:00"), "2026-03-06 00:00",
         ["Fri 06 22:00", "Sat 07 22:00", "Sun 08 22:00", "Fri 13 22:00"]),
        (TaskExecutable(period=TimeOfDay("22:00", "02:00") | TimeOfDay("23:00", "03:00")).on("Sat"),
         "2026-03-07 01:00", ["Sat 07 22:00", "Sat 14 22:00"]),
    ],
)  # fmt: skip
def test_starts(condition, start, expected):
    """The days are those on which the windows begin."""
    assert starts(condition, start, len(expected)) == expected
    assert parse_condition(str(condition)) == condition


@pytest.mark.parametrize(
    "text",
    [
        "daily on Sat between 22:00 and 02:00",
        "daily between 22:00 and 02:00 on Sat",
        "every 10 min on weekdays between 22:00 and 06:00",
        "every 10 min between 22:00 and 06:00 on weekdays",
        "hourly on Sat between 22:00 and 02:00",
        "daily at 23:30 on weekdays",
    ],
)
def test_round_trip(text):
    """Days and hours may stand in either order."""
    condition = parse_condition(text)
    assert parse_condition(str(condition)) == condition
    assert lint_schedule(condition) == []


@pytest.mark.parametrize(
    ("zone", "first"),
    [
        (HELSINKI, "2026-03-27"),
        (HELSINKI, "2026-10-23"),
        (NEW_YORK, "2026-03-06"),
        (SAO_PAULO, "2018-11-02"),  # Sunday began at 01:00
        (SAO_PAULO, "2018-02-16"),  # Saturday 23:00 to 24:00 came twice
        (ZoneInfo("Australia/Lord_Howe"), "2026-04-03"),
        (ZoneInfo("Pacific/Apia"), "2011-12-28"),  # there was no Friday
    ],
    ids=str,
)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_the_gate_is_the_windows_that_begin_on_the_day(zone, first, data):
    """Minute by minute: open exactly in the windows of the day whose first instant is on a named day."""
    clock = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.sampled_from([0, 1, 30, 59]))
    one, two = data.draw(st.lists(clock, min_size=2, max_size=2, unique=True))
    days = data.draw(
        st.lists(st.sampled_from(["Fri", "Sat", "Sun", "Mon"]), min_size=1, max_size=3, unique=True)
    )
    gated, hours = every("1 min").on(*days).between(one, two), TimeOfDay(one, two)
    once = daily.on(*days).between(one, two)
    session, begin = FakeSession(zone=zone), at(f"{first} 00:00", zone)
    task = session.task("me")
    change = begin
    for now in range(begin, begin + 4 * DAY, 13 * MINUTE):
        window = hours.window(now, zone)
        expected = window is not None and f"{to_datetime(window.start, zone):%a}" in days
        context = session.context(task, now)
        assert gated.holds(context) is expected
        assert once.holds(context) is expected
        if now >= change:
            state, change = gated.look(context)
            assert (state, change > now) == (expected, True)
        else:
            assert gated.holds(context) is state  # no change before the one foretold


def test_explained():
    """The explanation tells of the whole night, and that the end of Friday's is none of it."""
    session, condition = FakeSession(), daily.on("Sat").between("22:00", "02:00")
    task = session.task("me")
    told = condition.explain(session.context(task, "2026-03-07 01:00"))
    assert (told.state, told.reason) == (False, "opens today at 22:00")
    told = condition.explain(session.context(task, "2026-03-08 01:00"))
    assert (told.state, told.reason) == (True, "not run since yesterday at 22:00, open until today at 02:00")


def test_forecast():
    """The forecast of a fortnight has two nights, and the scheduler carries them out."""
    clock = VirtualClock("2026-03-06 12:00", "Europe/Helsinki")
    session = Session(time_func=clock, timezone="Europe/Helsinki", execution="main")
    session.create_task(func=lambda: None, name="a", start_cond="daily on Sat between 22:00 and 02:00")
    session.create_task(
        func=lambda: None, name="b", start_cond="every 2 hours on Sat between 22:00 and 02:00"
    )
    session.step("14 days")
    rows = [f"{row.task_name} {to_datetime(int(row.created * 1_000_000), HELSINKI):%d %H}"
            for row in session.get_task_log(action="run")]  # fmt: skip
    assert rows == ["a 07 22", "b 07 22", "b 08 00", "a 14 22", "b 14 22", "b 15 00"]


@pytest.mark.parametrize(
    ("condition", "warned"),
    [
        (daily.between("22:00", "02:00") & time_of_week.on("Sat"), True),
        (daily.at("23:30") & time_of_week.on("Sat"), True),
        (every("10 min") & time_of_day.between("22:00", "02:00") & time_of_week.between("Mon", "Fri"), True),
        (daily.on("Sat") & time_of_day.after("20:00"), False),
        (daily.on("Sat") & time_of_day.between("22:00", "02:00"), True),
        (every("1 h").between("22:00", "02:00") & time_of_month.on("1st"), True),
        (every("1 h").on("Sat") & time_of_day.starting("06:00"), True),
        (daily.between("22:00", "02:00") & time_of_week.between("Fri 18:00", "Sun 06:00"), False),
        (every("1 h").between("09:00", "17:00") & time_of_week.on("Sat"), False),
        (hourly.on("Sat").between("22:00", "02:00") & time_of_month.on("1st"), False),
        (daily.on("Sat").between("22:00", "02:00") & time_of_week.on("Sun"), False),
        (daily.between("22:00", "02:00") | time_of_week.on("Sat"), False),
    ],
)
def test_an_intersection_that_clips_a_night_draws_a_warning(condition, warned):
    """What is joined by & stays an intersection, and the linter says what that does to a night."""
    warnings = lint_schedule(condition)
    assert [text for text in warnings if "clipped at midnight" in text] == warnings
    assert bool(warnings) is warned


def test_windows_of_odd_lengths_keep_days_for_starts():
    """A period that is no part of the day may start on the days; where it opened does not matter."""
    condition = parse_condition("once in (from 2026-03-04) on Sat")
    assert starts(condition, "2026-03-05 00:00", 1) == ["Sat 07 00:00"]
    assert starts(TaskExecutable(period=TimeOfHour()).on("Sat"), "2026-03-05 00:00", 1) == ["Sat 07 00:00"]
