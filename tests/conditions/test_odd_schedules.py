# ruff: noqa: E501  the tables read best with a row to a line
"""Schedules that people try: odd ones with instants found by hand, and wrong ones with what is proposed."""

from __future__ import annotations

from datetime import time
from zoneinfo import ZoneInfo

import pytest

from rocket_magic.conditions import parse_condition
from rocket_magic.conds import cron, daily, every, hourly, monthly, weekly, yearly
from rocket_magic.exc import ScheduleError
from rocket_magic.instants import MINUTE, NEVER, SECOND, to_datetime

from .fakes import first_starts

STARTS = [
    # phrase, from, zone, the next starts of a task whose runs succeed at once
    (
        "monthly on last",
        "2026-01-30",
        "UTC",
        "Sat 2026-01-31 00:00, Sat 2026-02-28 00:00, Tue 2026-03-31 00:00",
    ),
    (
        "monthly on 31st",
        "2026-01-01",
        "UTC",
        "Sat 2026-01-31 00:00, Tue 2026-03-31 00:00, Sun 2026-05-31 00:00, Fri 2026-07-31 00:00",
    ),
    ("monthly on 31", "2026-04-01", "UTC", "Sun 2026-05-31 00:00, Fri 2026-07-31 00:00"),
    (
        "monthly on 1st, 15th at 09:00",
        "2026-01-01",
        "UTC",
        "Thu 2026-01-01 09:00, Thu 2026-01-15 09:00, Sun 2026-02-01 09:00",
    ),
    (
        "monthly on 1st and 15th at 09:00",
        "2026-01-01",
        "UTC",
        "Thu 2026-01-01 09:00, Thu 2026-01-15 09:00, Sun 2026-02-01 09:00",
    ),
    (
        "monthly on 1st between 22:00 and 02:00",
        "2026-01-02",
        "UTC",
        "Fri 2026-01-02 00:00, Sun 2026-02-01 22:00",
    ),
    ("monthly between 25th and 5th", "2026-01-06", "UTC", "Sun 2026-01-25 00:00, Wed 2026-02-25 00:00"),
    (
        "monthly between 31st and 2nd",
        "2026-02-01",
        "UTC",
        "Sun 2026-02-01 00:00, Sun 2026-03-01 00:00, Tue 2026-03-31 00:00",
    ),
    ("monthly before 5th", "2026-01-06", "UTC", "Sun 2026-02-01 00:00, Sun 2026-03-01 00:00"),
    (
        "monthly starting 12th",
        "2026-01-06",
        "UTC",
        "Tue 2026-01-06 00:00, Mon 2026-01-12 00:00, Thu 2026-02-12 00:00",
    ),
    ("monthly on last at 23:30", "2028-02-01", "UTC", "Tue 2028-02-01 00:00, Tue 2028-02-29 23:30"),
    (
        "every 90 min on weekdays between 22:00 and 06:00",
        "2026-01-02 12:00",
        "UTC",
        "Fri 2026-01-02 22:00, Fri 2026-01-02 23:30, Sat 2026-01-03 01:00, Sat 2026-01-03 02:30, Sat 2026-01-03 04:00, Sat 2026-01-03 05:30, Mon 2026-01-05 22:00, Mon 2026-01-05 23:30",
    ),
    (
        "every 10 min on weekdays between 9am and 5pm",
        "2026-01-02 16:45",
        "UTC",
        "Fri 2026-01-02 16:45, Fri 2026-01-02 16:55, Mon 2026-01-05 09:00",
    ),
    (
        "every 2 weeks on Monday",
        "2026-01-01",
        "UTC",
        "Mon 2026-01-05 00:00, Mon 2026-01-19 00:00, Mon 2026-02-02 00:00",
    ),
    (
        "every 2 weeks on Mon after 09:00",
        "2026-01-01",
        "UTC",
        "Mon 2026-01-05 09:00, Mon 2026-01-19 09:00, Mon 2026-02-02 09:00",
    ),
    (
        "every 250 ms",
        "2026-01-01",
        "UTC",
        "Thu 2026-01-01 00:00, Thu 2026-01-01 00:00:00.250000, Thu 2026-01-01 00:00:00.500000",
    ),
    ("every 1h 30m", "2026-01-01", "UTC", "Thu 2026-01-01 00:00, Thu 2026-01-01 01:30, Thu 2026-01-01 03:00"),
    (
        "every 1 month",
        "2026-01-31",
        "UTC",
        "Sat 2026-01-31 00:00, Mon 2026-03-02 00:00, Wed 2026-04-01 00:00",
    ),
    (
        "every 1 day",
        "2026-03-28",
        "Europe/Helsinki",
        "Sat 2026-03-28 00:00+0200, Sun 2026-03-29 00:00+0200, Mon 2026-03-30 01:00+0300",
    ),
    (
        "every 2 hours",
        "2026-10-25 01:00",
        "Europe/Helsinki",
        "Sun 2026-10-25 01:00+0300, Sun 2026-10-25 03:00+0300, Sun 2026-10-25 04:00+0200, Sun 2026-10-25 06:00+0200",
    ),
    (
        "daily at 02:30",
        "2026-03-28",
        "Europe/Helsinki",
        "Sat 2026-03-28 02:30+0200, Sun 2026-03-29 02:30+0200, Mon 2026-03-30 02:30+0300",
    ),
    (
        "daily at 03:30",
        "2026-03-28",
        "Europe/Helsinki",
        "Sat 2026-03-28 03:30+0200, Sun 2026-03-29 04:00+0300, Mon 2026-03-30 03:30+0300",
    ),
    (
        "daily at 03:30",
        "2026-10-24",
        "Europe/Helsinki",
        "Sat 2026-10-24 03:30+0300, Sun 2026-10-25 03:30+0300, Mon 2026-10-26 03:30+0200, Tue 2026-10-27 03:30+0200",
    ),
    (
        "daily at 02:30, 03:30",
        "2026-03-28 23:00",
        "Europe/Helsinki",
        "Sun 2026-03-29 02:30+0200, Sun 2026-03-29 04:00+0300, Mon 2026-03-30 02:30+0300, Mon 2026-03-30 03:30+0300",
    ),
    (
        "daily between 03:00 and 04:00",
        "2026-10-24 23:00",
        "Europe/Helsinki",
        "Sun 2026-10-25 03:00+0300, Mon 2026-10-26 03:00+0200",
    ),
    (
        "daily between 02:00 and 03:00",
        "2026-03-07",
        "America/New_York",
        "Sat 2026-03-07 02:00-0500, Sun 2026-03-08 03:00-0400, Mon 2026-03-09 02:00-0400",
    ),
    (
        "daily at 02:15",
        "2026-04-04 12:00",
        "Australia/Lord_Howe",
        "Sun 2026-04-05 02:15+1030, Mon 2026-04-06 02:15+1030",
    ),
    (
        "daily at 02:15",
        "2026-10-03 12:00",
        "Australia/Lord_Howe",
        "Sun 2026-10-04 02:30+1100, Mon 2026-10-05 02:15+1100",
    ),
    (
        "daily at noon and midnight",
        "2026-01-01 06:00",
        "UTC",
        "Thu 2026-01-01 12:00, Fri 2026-01-02 00:00, Fri 2026-01-02 12:00",
    ),
    ("daily between 20:00 and midnight", "2026-01-01", "UTC", "Thu 2026-01-01 20:00, Fri 2026-01-02 20:00"),
    ("daily at 9:30 pm", "2026-01-01", "UTC", "Thu 2026-01-01 21:30, Fri 2026-01-02 21:30"),
    (
        "daily at 10:00:00.25",
        "2026-01-01",
        "UTC",
        "Thu 2026-01-01 10:00:00.250000, Fri 2026-01-02 10:00:00.250000",
    ),
    ("daily after 22:00 on Fri", "2026-01-01", "UTC", "Fri 2026-01-02 22:00, Fri 2026-01-09 22:00"),
    ("daily at 23:30 on weekdays", "2026-01-03", "UTC", "Sat 2026-01-03 00:00, Mon 2026-01-05 23:30"),
    (
        "daily on Fri-Mon at 08:00",
        "2026-01-05 09:00",
        "UTC",
        "Fri 2026-01-09 08:00, Sat 2026-01-10 08:00, Sun 2026-01-11 08:00",
    ),
    (
        "daily & ~time of week on Sat, Sun",
        "2026-01-02",
        "UTC",
        "Fri 2026-01-02 00:00, Mon 2026-01-05 00:00, Tue 2026-01-06 00:00",
    ),
    (
        "daily & from 2026-03-01 until 2026-03-03",
        "2026-01-01",
        "UTC",
        "Sun 2026-03-01 00:00, Mon 2026-03-02 00:00, NEVER",
    ),
    ("once in (from 2026-03-01 10:00)", "2026-01-01", "UTC", "Sun 2026-03-01 10:00, NEVER"),
    (
        "daily",
        "2011-12-28",
        "Pacific/Apia",
        "Wed 2011-12-28 00:00-1000, Thu 2011-12-29 00:00-1000, Sat 2011-12-31 00:00+1400, Sun 2012-01-01 00:00+1400",
    ),
    ("weekly between Fri and Mon", "2026-01-01", "UTC", "Fri 2026-01-02 00:00, Fri 2026-01-09 00:00"),
    ("weekly between Fri and Mon", "2026-01-04 12:00", "UTC", "Sun 2026-01-04 12:00, Fri 2026-01-09 00:00"),
    (
        "weekly between Fri 18:00 and Mon 08:00",
        "2026-01-05 07:59",
        "UTC",
        "Mon 2026-01-05 07:59, Fri 2026-01-09 18:00",
    ),
    (
        "weekly on Mon at 09:00, 17:00",
        "2026-01-05 09:30",
        "UTC",
        "Mon 2026-01-05 09:30, Mon 2026-01-05 17:00, Mon 2026-01-12 09:00",
    ),
    (
        "weekly on Mon and Wed",
        "2026-01-01",
        "UTC",
        "Mon 2026-01-05 00:00, Wed 2026-01-07 00:00, Mon 2026-01-12 00:00",
    ),
    ("weekly on Sat before 06:00", "2026-01-03 05:00", "UTC", "Sat 2026-01-03 05:00, Sat 2026-01-10 00:00"),
    (
        "hourly at 15, 45",
        "2026-01-01 00:50",
        "UTC",
        "Thu 2026-01-01 01:15, Thu 2026-01-01 01:45, Thu 2026-01-01 02:15",
    ),
    ("hourly at :15", "2026-01-01", "UTC", "Thu 2026-01-01 00:15, Thu 2026-01-01 01:15"),
    (
        "hourly",
        "2026-10-25 02:00",
        "Europe/Helsinki",
        "Sun 2026-10-25 02:00+0300, Sun 2026-10-25 03:00+0300, Sun 2026-10-25 03:00+0200, Sun 2026-10-25 04:00+0200, Sun 2026-10-25 05:00+0200",
    ),
    (
        "hourly at 30:00",
        "2026-03-29 02:00",
        "Europe/Helsinki",
        "Sun 2026-03-29 02:30+0200, Sun 2026-03-29 04:30+0300, Sun 2026-03-29 05:30+0300",
    ),
    (
        "hourly on Sat between 22:00 and 02:00",
        "2026-03-28 20:00",
        "Europe/Helsinki",
        "Sat 2026-03-28 22:00+0200, Sat 2026-03-28 23:00+0200, Sun 2026-03-29 00:00+0200, Sun 2026-03-29 01:00+0200, Sat 2026-04-04 22:00+0300",
    ),
    ("minutely at 30", "2026-01-01", "UTC", "Thu 2026-01-01 00:00:30, Thu 2026-01-01 00:01:30"),
    (
        "yearly on Jan 1, Apr 1, Jul 1, Oct 1",
        "2026-02-01",
        "UTC",
        "Wed 2026-04-01 00:00, Wed 2026-07-01 00:00, Thu 2026-10-01 00:00, Fri 2027-01-01 00:00",
    ),
    ("yearly on Jan and Jul", "2026-02-01", "UTC", "Wed 2026-07-01 00:00, Fri 2027-01-01 00:00"),
    ("yearly on Feb 29", "2026-01-01", "UTC", "Tue 2028-02-29 00:00, Sun 2032-02-29 00:00"),
    ("yearly on 24 Dec at 18:00", "2026-12-25", "UTC", "Fri 2027-12-24 18:00"),
    ("yearly between Nov and Feb", "2026-03-01", "UTC", "Sun 2026-11-01 00:00, Mon 2027-11-01 00:00"),
    (
        "cron 0 9 LW * *",
        "2026-01-01",
        "UTC",
        "Fri 2026-01-30 09:00, Fri 2026-02-27 09:00, Tue 2026-03-31 09:00, Thu 2026-04-30 09:00, Fri 2026-05-29 09:00",
    ),
    (
        "cron 0 9 15W * *",
        "2026-01-16",
        "UTC",
        "Mon 2026-02-16 09:00, Mon 2026-03-16 09:00, Wed 2026-04-15 09:00",
    ),
    ("cron 0 9 1W * *", "2026-01-31", "UTC", "Mon 2026-02-02 09:00, Mon 2026-03-02 09:00"),
    (
        "cron 0 9 31W * *",
        "2026-01-01",
        "UTC",
        "Fri 2026-01-30 09:00, Tue 2026-03-31 09:00, Fri 2026-05-29 09:00",
    ),
    ("cron 0 9 * * Mon#1", "2026-01-06", "UTC", "Mon 2026-02-02 09:00, Mon 2026-03-02 09:00"),
    (
        "cron 0 9 * * 5#5",
        "2026-01-01",
        "UTC",
        "Fri 2026-01-30 09:00, Fri 2026-05-29 09:00, Fri 2026-07-31 09:00",
    ),
    ("cron 0 9 * * FriL", "2026-01-01", "UTC", "Fri 2026-01-30 09:00, Fri 2026-02-27 09:00"),
    (
        "cron 0 0 31 * Mon",
        "2026-01-20",
        "UTC",
        "Mon 2026-01-26 00:00, Sat 2026-01-31 00:00, Mon 2026-02-02 00:00",
    ),
    ("cron 0 0 29 2 *", "2026-01-01", "UTC", "Tue 2028-02-29 00:00, Sun 2032-02-29 00:00"),
    (
        "cron 5/20 * * * *",
        "2026-01-01",
        "UTC",
        "Thu 2026-01-01 00:05, Thu 2026-01-01 00:25, Thu 2026-01-01 00:45, Thu 2026-01-01 01:05",
    ),
    (
        "cron */25 * * * *",
        "2026-01-01",
        "UTC",
        "Thu 2026-01-01 00:00, Thu 2026-01-01 00:25, Thu 2026-01-01 00:50, Thu 2026-01-01 01:00",
    ),
    (
        "cron 30 3 * * *",
        "2026-10-24",
        "Europe/Helsinki",
        "Sat 2026-10-24 03:30+0300, Sun 2026-10-25 03:30+0300, Mon 2026-10-26 03:30+0200",
    ),
    (
        "cron 30 3 * * *",
        "2026-03-28",
        "Europe/Helsinki",
        "Sat 2026-03-28 03:30+0200, Sun 2026-03-29 04:00+0300, Mon 2026-03-30 03:30+0300",
    ),
    (
        "cron */30 * * * *",
        "2026-10-25 03:00",
        "Europe/Helsinki",
        "Sun 2026-10-25 03:00+0300, Sun 2026-10-25 03:30+0300, Sun 2026-10-25 03:00+0200, Sun 2026-10-25 03:30+0200, Sun 2026-10-25 04:00+0200",
    ),
    (
        "cron with seconds */25 * * * * *",
        "2026-01-01",
        "UTC",
        "Thu 2026-01-01 00:00, Thu 2026-01-01 00:00:25, Thu 2026-01-01 00:00:50, Thu 2026-01-01 00:01",
    ),
]


def written(instant, zone):
    """An instant as the table has it."""
    if instant == NEVER:
        return "NEVER"
    moment = to_datetime(instant, ZoneInfo(zone))
    text = f"{moment:%a %Y-%m-%d %H:%M}"
    if instant % MINUTE:
        text += f"{moment:.%S}".replace(".", ":") + (f".{instant % SECOND:06d}" if instant % SECOND else "")
    return text if zone == "UTC" else f"{text}{moment:%z}"


@pytest.mark.parametrize(("text", "start", "zone", "expected"), STARTS)
def test_starts(text, start, zone, expected):
    """They start when a calendar and Debian's cron say; the text of each parses back."""
    condition = parse_condition(text)
    assert parse_condition(str(condition)) == condition
    wanted = expected.split(", ")
    found = first_starts(condition, start, len(wanted), ZoneInfo(zone))
    over = [NEVER] if len(found) < len(wanted) else []
    assert [written(instant, zone) for instant in found + over] == wanted


SAME = [
    ("daily at noon, midnight", daily.at("12:00", "00:00")),
    ("daily between 20:00 and midnight", daily.between("20:00", "24:00")),
    ("daily before midnight", daily.before("24:00")),
    ("daily at 9 am and 5 pm", daily.at("09:00", "17:00")),
    ("daily at 9:00, 12:00, and 17:00", daily.at(9, time(12), "5 pm")),
    ("daily at 10:00 and 14:30 on weekdays", daily.on("weekdays").at("10:00", "14:30")),
    ("weekly on Mon and Wed at 09:00", weekly.on("Mon", "Wed").at("09:00")),
    ("monthly on 1st and last", monthly.on(1, "last")),
    ("yearly on Jan and Jul", yearly.on("Jan", 7)),
    ("hourly at :15 and :45", hourly.at(15, "45:00")),
    ("every 10 min on Fri-Mon between 10pm and 2am", every("10 min").on("Fri-Mon").between("22:00", "02:00")),
    ("cron 30 9 * * FriL", cron(minute=30, hour=9, day_of_week="FriL")),
]


@pytest.mark.parametrize(("text", "condition"), SAME)
def test_said_in_words_and_in_python(text, condition):
    """Both ways give the same condition."""
    assert parse_condition(text) == condition
    assert parse_condition(str(condition)) == condition


REFUSED = [
    # phrase, place of the mistake (from 1), words of the message, what is proposed
    ("monthly on last Fri at 09:30", 12, "for a weekday of the month use cron", "cron 30 9 * * FriL"),
    ("monthly on the first Monday", 12, "no day of the month", "cron 0 0 * * Mon#1"),
    ("monthly on last weekday", 12, "for a weekday of the month", "cron 0 0 LW * *"),
    ("monthly on 2nd Tue & env 'prod'", 12, "no day of the month", "cron 0 0 * * Tue#2 & env 'prod'"),
    ("monthly on -1", 12, "no day of the month", "monthly on last"),
    ("monthly on 32nd", 12, "write 1 to 31", "monthly on 31st"),
    ("weekly on Mon-Fri", 11, "for days in a row", "daily on Mon-Fri"),
    ("every 2 weeks on Mon at 09:00", 22, "got 'at'", "every 2 weeks on Mon after 09:00"),
    ("time of week on Mon-Fri & daily", 17, "for days in a row", "time of week between Mon and Fri & daily"),
    ("every other day", 7, "got 'other'", "every 2 days"),
    ("every 10 min from 09:00 to 17:00", 14, "'from'", "every 10 min between 09:00 and 17:00"),
    ("every 10 min between 9 & 17", 24, "expected 'and'", "every 10 min between 9 and 17"),
    ("every 10 min on Mon to Fri", 17, "'Mon to Fri' names no day", "every 10 min on Mon-Fri"),
    ("every 10 min on Mondy", 17, '"weekdays", "weekends", "Mon"', "every 10 min on Monday"),
    ("every 10", 9, "expected one of sec, min, hours", "every 10 min"),
    ("every day at 10:00", 7, "write 'daily'", "daily at 10:00"),
    ("every -5 min", 7, "above zero", "every 10 min"),
    ("quarterly", 1, "expected a condition", "yearly on Jan 1, Apr 1, Jul 1, Oct 1"),
    ("biweekly on Mon", 1, "expected a condition", "every 2 weeks on Mon"),
    ("twice a day", 1, "expected a condition", "daily at 09:00, 17:00"),
    ("weekdays at 09:00", 1, "expected a condition", "daily on weekdays at 09:00"),
    ("Mondays at 9", 1, "expected a condition", "daily on Mondays at 9"),
    ("daily at 10.30", 10, "no time within a day", "daily at 10:30"),
    ("daily at 09:00, 10.30", 17, "'10.30' is no time", "daily at 09:00, 10:30"),
    ("daily at 24:00", 10, "a day begins at 00:00", "daily at 00:00"),
    ("daily at 10:00 UTC", 10, "session's timezone", "daily at 10:00"),
    ("daily at 10:00 Europe/Helsinki", 10, "session's timezone", "daily at 10:00"),
    ("hourly at 75", 11, "no time within an hour", "hourly at 30:00"),
    ("daily between 10:00", 20, "expected 'and'", "daily before 10:00"),
    ("daily between 10:00 and 10:00", 15, "no time is left", "daily between 10:00 and 12:00"),
    ("daily && hourly", 8, "expected a condition", "daily & hourly"),
    ("daily || hourly", 8, "expected a condition", "daily | hourly"),
    ("daily and hourly", 7, "got 'and'", "daily & hourly"),
    ("(daily | hourly", 16, "got the end", "(daily | hourly)"),
    ("daily)", 6, "got ')'", "daily"),
    ("daily from 2026-03-01", 7, "put & before it", "daily & from 2026-03-01"),
    ("once at 2026-03-01 10:00", 6, "expected 'in'", "once in (from 2026-03-01 10:00)"),
    ("cron * * * * * *", 6, "5 fields", "cron with seconds * * * * * *"),
    ("cron 0 9 * * L5", 14, "0-7 (0 and 7 are Sunday)", "cron 0 9 * * 5L"),
    ("cron 60 * * * *", 6, "accepted are 0-59", "cron */5 * * * *"),
    ("cron * 25 * * *", 8, "'25' is no hour; accepted are 0-23", "cron */5 * * * *"),
    ("after task load", 12, "expected 'task'", "after task 'load'"),
    ("after task 'a' suceeded", 16, "got 'suceeded'", "after task 'a' succeeded"),
    ("has succeeded yesteday", 15, "got 'yesteday'", "has succeeded yesterday"),
    ("task 'x' is runing", 13, "expected 'running'", "task 'x' is running"),
]


@pytest.mark.parametrize(("text", "place", "words", "closest"), REFUSED)
def test_refused(text, place, words, closest):
    """The message has the place and what is accepted; what is proposed is valid."""
    with pytest.raises(ScheduleError) as caught:
        parse_condition(text)
    error = caught.value
    assert words in str(error)
    assert (error.position, error.suggestion) == (place - 1, closest)
    if closest is not None:
        assert str(error).endswith(f"did you mean {closest!r}?")
        parse_condition(closest)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: daily.at(["10:00", "12:00"]), "several values one by one"),
        (lambda: weekly.on(["Mon", "Wed"]), "several values one by one"),
        (lambda: monthly.on([1, 15]), "several values one by one"),
        (lambda: weekly.on("Mon-Fri"), "between\\('Mon', 'Fri'\\)"),
        (lambda: monthly.on("last Fri"), "use cron\\('0 0 \\* \\* Fri#1'\\)"),
        (lambda: hourly.at("61:00"), "no time within an hour"),
        (lambda: daily.at("10:00+02:00"), "session's timezone"),
    ],
)
def test_refused_in_python(make, words):
    """The message names the forms that are accepted."""
    with pytest.raises(ScheduleError, match=words):
        make()


def test_text_beside_a_condition():
    """A phrase is not combined with a condition by an operator; the message says how they are."""
    for combine in (lambda: daily & "hourly", lambda: daily | "hourly"):
        with pytest.raises(TypeError, match="write all of it as text"):
            combine()
