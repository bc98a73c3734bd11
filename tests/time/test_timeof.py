"""Parts of calendar units: tables of values, windows and refusals for every class."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from zones import at

from rocket_magic.exc import ScheduleError
from rocket_magic.instants import DAY, HOUR, MILLISECOND, MINUTE, SECOND, to_datetime
from rocket_magic.time import (
    TimeOfDay,
    TimeOfHour,
    TimeOfMinute,
    TimeOfMonth,
    TimeOfSecond,
    TimeOfWeek,
    TimeOfYear,
    TimePeriod,
)


def windows(period: TimePeriod, start: str, count: int, zone: str = "UTC") -> list[str]:
    """Give the windows that open after a moment as "start > end" in the zone's own time."""
    found, instant, tz = [], at(start, zone), ZoneInfo(zone)
    for _ in range(count):
        window = period.next_window(instant, tz)
        assert window is not None
        first, last = (to_datetime(edge, tz).replace(tzinfo=None) for edge in window)
        found.append(f"{_short(first)} > {_short(last)}")
        instant = window.start
    return found


def _short(moment: datetime) -> str:
    text = moment.isoformat(sep=" ")
    return text if moment.second or moment.microsecond else text[:16]


DAY_TABLE = (
    (TimeOfDay(), "2025-06-03 00:00 > 2025-06-04 00:00", ""),
    (TimeOfDay("10", "12"), "2025-06-02 10:00 > 2025-06-02 12:00", "between 10:00 and 12:00"),
    (TimeOfDay("10:00", "12:00"), "2025-06-02 10:00 > 2025-06-02 12:00", "between 10:00 and 12:00"),
    (TimeOfDay(10, 12), "2025-06-02 10:00 > 2025-06-02 13:00", "between 10:00 and 13:00"),
    (TimeOfDay(22, 23), "2025-06-02 22:00 > 2025-06-03 00:00", "between 22:00 and 24:00"),
    (TimeOfDay("22:00", "02:00"), "2025-06-02 22:00 > 2025-06-03 02:00", "between 22:00 and 02:00"),
    (TimeOfDay("10 am", "2 PM"), "2025-06-02 10:00 > 2025-06-02 14:00", "between 10:00 and 14:00"),
    (TimeOfDay("12 am", "12 p.m."), "2025-06-03 00:00 > 2025-06-03 12:00", "between 00:00 and 12:00"),
    (TimeOfDay(time(10, 30), time(11)), "2025-06-02 10:30 > 2025-06-02 11:00", "between 10:30 and 11:00"),
    (TimeOfDay("23:59:59.5", "24:00"), "2025-06-02 23:59:59.500000 > 2025-06-03 00:00", None),
    (TimeOfDay.before("10"), "2025-06-03 00:00 > 2025-06-03 10:00", "before 10:00"),
    (TimeOfDay.before(10), "2025-06-03 00:00 > 2025-06-03 11:00", "before 11:00"),
    (TimeOfDay.after("10:00"), "2025-06-02 10:00 > 2025-06-03 00:00", "after 10:00"),
    (TimeOfDay.at("10"), "2025-06-02 10:00 > 2025-06-02 11:00", "at 10:00"),
    (TimeOfDay.at(23), "2025-06-02 23:00 > 2025-06-03 00:00", "at 23:00"),
    (TimeOfDay.at("23:30"), "2025-06-02 23:30 > 2025-06-03 00:30", "at 23:30"),
    (TimeOfDay("10:00", time_point=True), "2025-06-02 10:00 > 2025-06-02 11:00", "at 10:00"),
    (TimeOfDay.starting("06:00"), "2025-06-03 06:00 > 2025-06-04 06:00", "starting 06:00"),
    (TimeOfDay(starting="06:00"), "2025-06-03 06:00 > 2025-06-04 06:00", "starting 06:00"),
    (TimeOfDay("10:00", "12:00", right_closed=True), "2025-06-02 10:00 > 2025-06-02 12:00:00.000001", None),
)


@pytest.mark.parametrize(("period", "expected", "phrase"), DAY_TABLE, ids=[repr(row[0]) for row in DAY_TABLE])
def test_days(period: TimeOfDay, expected: str, phrase: str | None) -> None:
    """Parts of a day open and close where documented, and say so."""
    assert windows(period, "2025-06-02 09:00", 1) == [expected]
    assert phrase is None or period.phrase() == phrase


OTHER_TABLE = (
    (TimeOfSecond(), "2025-06-02 09:00:01 > 2025-06-02 09:00:02", ""),
    (TimeOfSecond("250 ms", "500ms"), "2025-06-02 09:00:00.250000 > 2025-06-02 09:00:00.500000", None),
    (TimeOfSecond(".25", "0.5"), "2025-06-02 09:00:00.250000 > 2025-06-02 09:00:00.500000", None),
    (
        TimeOfSecond(250, 499),
        "2025-06-02 09:00:00.250000 > 2025-06-02 09:00:00.500000",
        "between 250 ms and 500 ms",
    ),
    (TimeOfSecond.at("250.5 ms"), "2025-06-02 09:00:00.250500 > 2025-06-02 09:00:00.251500", "at 250.5 ms"),
    (TimeOfSecond.after(500), "2025-06-02 09:00:00.500000 > 2025-06-02 09:00:01", "after 500 ms"),
    (TimeOfMinute(), "2025-06-02 09:01 > 2025-06-02 09:02", ""),
    (TimeOfMinute("15", "30"), "2025-06-02 09:00:15 > 2025-06-02 09:00:30", "between 15 and 30"),
    (TimeOfMinute(15, 30), "2025-06-02 09:00:15 > 2025-06-02 09:00:31", "between 15 and 31"),
    (TimeOfMinute("5.25", "60"), "2025-06-02 09:00:05.250000 > 2025-06-02 09:01", "between 05.25 and 60"),
    (TimeOfMinute("50", "10"), "2025-06-02 09:00:50 > 2025-06-02 09:01:10", "between 50 and 10"),
    (TimeOfMinute.at("30"), "2025-06-02 09:00:30 > 2025-06-02 09:00:31", "at 30"),
    (TimeOfHour(), "2025-06-02 10:00 > 2025-06-02 11:00", ""),
    (TimeOfHour("15:00", "30:00"), "2025-06-02 09:15 > 2025-06-02 09:30", "between 15:00 and 30:00"),
    (TimeOfHour("15", "30"), "2025-06-02 09:15 > 2025-06-02 09:30", "between 15:00 and 30:00"),
    (TimeOfHour(15, 29), "2025-06-02 09:15 > 2025-06-02 09:30", "between 15:00 and 30:00"),
    (
        TimeOfHour("2 quarter", "3 quarter"),
        "2025-06-02 09:15 > 2025-06-02 09:45",
        "between 2 quarter and 3 quarter",
    ),
    (TimeOfHour.at("2 quarter"), "2025-06-02 09:15 > 2025-06-02 09:30", "at 2 quarter"),
    (TimeOfHour.at("30:00"), "2025-06-02 09:30 > 2025-06-02 09:31", "at 30:00"),
    (TimeOfHour.after("20:00"), "2025-06-02 09:20 > 2025-06-02 10:00", "after 20:00"),
    (TimeOfHour.starting("05"), "2025-06-02 09:05 > 2025-06-02 10:05", "starting 05:00"),
    (TimeOfWeek(), "2025-06-09 00:00 > 2025-06-16 00:00", ""),
    (TimeOfWeek("Tue", "Fri"), "2025-06-03 00:00 > 2025-06-07 00:00", "between Tue and Fri"),
    (TimeOfWeek("tuesday", 5), "2025-06-03 00:00 > 2025-06-07 00:00", "between Tue and Fri"),
    (
        TimeOfWeek("Tue 10:00", "Fri 17:00"),
        "2025-06-03 10:00 > 2025-06-06 17:00",
        "between Tue 10:00 and Fri 17:00",
    ),
    (TimeOfWeek("Sat", "Mon"), "2025-06-07 00:00 > 2025-06-10 00:00", "between Sat and Mon"),
    (TimeOfWeek("Tue", "Mon"), "2025-06-03 00:00 > 2025-06-10 00:00", "between Tue and Mon"),
    (TimeOfWeek("Tue", "Tue"), "2025-06-03 00:00 > 2025-06-04 00:00", "between Tue and Tue"),
    (TimeOfWeek.on("Sunday"), "2025-06-08 00:00 > 2025-06-09 00:00", "on Sun"),
    (TimeOfWeek.at(7), "2025-06-08 00:00 > 2025-06-09 00:00", "on Sun"),
    (TimeOfWeek.on("Mon 10:00"), "2025-06-02 10:00 > 2025-06-03 10:00", "on Mon 10:00"),
    (TimeOfWeek.before("Wed"), "2025-06-09 00:00 > 2025-06-12 00:00", "before Wed"),
    (TimeOfWeek.after("Fri"), "2025-06-06 00:00 > 2025-06-09 00:00", "after Fri"),
    (TimeOfWeek.starting("Tue"), "2025-06-03 00:00 > 2025-06-10 00:00", "starting Tue"),
    (TimeOfMonth(), "2025-07-01 00:00 > 2025-08-01 00:00", ""),
    (TimeOfMonth("5", "7th"), "2025-06-05 00:00 > 2025-06-08 00:00", "between 5th and 7th"),
    (TimeOfMonth(5, "7."), "2025-06-05 00:00 > 2025-06-08 00:00", "between 5th and 7th"),
    (TimeOfMonth("5th 10:00", "5th 12:00"), "2025-06-05 10:00 > 2025-06-05 12:00", None),
    (TimeOfMonth("25th", "2nd"), "2025-06-25 00:00 > 2025-07-03 00:00", "between 25th and 2nd"),
    (TimeOfMonth("25th", "31st"), "2025-06-25 00:00 > 2025-07-01 00:00", None),
    (TimeOfMonth("25th", "last"), "2025-06-25 00:00 > 2025-07-01 00:00", "between 25th and last"),
    (TimeOfMonth("last", "1st"), "2025-06-30 00:00 > 2025-07-02 00:00", "between last and 1st"),
    (TimeOfMonth("last 12:00", "last 18:00"), "2025-06-30 12:00 > 2025-06-30 18:00", None),
    (TimeOfMonth.on("12th"), "2025-06-12 00:00 > 2025-06-13 00:00", "on 12th"),
    (TimeOfMonth.on("31st"), "2025-07-31 00:00 > 2025-08-01 00:00", "on 31st"),
    (TimeOfMonth.on("last"), "2025-06-30 00:00 > 2025-07-01 00:00", "on last"),
    (TimeOfMonth.on("last day"), "2025-06-30 00:00 > 2025-07-01 00:00", "on last"),
    (TimeOfMonth.before("3rd"), "2025-07-01 00:00 > 2025-07-04 00:00", "before 3rd"),
    (TimeOfMonth.after("31st"), "2025-07-31 00:00 > 2025-08-01 00:00", "after 31st"),
    (TimeOfMonth.starting("12th"), "2025-06-12 00:00 > 2025-07-12 00:00", "starting 12th"),
    (TimeOfMonth.starting("31st"), "2025-07-31 00:00 > 2025-08-31 00:00", "starting 31st"),
    (TimeOfYear(), "2026-01-01 00:00 > 2027-01-01 00:00", ""),
    (TimeOfYear("Jul", "Aug"), "2025-07-01 00:00 > 2025-09-01 00:00", "between Jul and Aug"),
    (TimeOfYear(7, 8), "2025-07-01 00:00 > 2025-09-01 00:00", "between Jul and Aug"),
    (TimeOfYear("nov", "february"), "2025-11-01 00:00 > 2026-03-01 00:00", "between Nov and Feb"),
    (TimeOfYear("24 Dec", "Dec 26"), "2025-12-24 00:00 > 2025-12-27 00:00", "between Dec 24 and Dec 26"),
    (TimeOfYear("Dec 24 18:00", "Dec 25 06:00"), "2025-12-24 18:00 > 2025-12-25 06:00", None),
    (TimeOfYear.on("Dec"), "2025-12-01 00:00 > 2026-01-01 00:00", "on Dec"),
    (TimeOfYear.on("Dec 24th"), "2025-12-24 00:00 > 2025-12-25 00:00", "on Dec 24"),
    (TimeOfYear.on("Feb 29"), "2028-02-29 00:00 > 2028-03-01 00:00", "on Feb 29"),
    (TimeOfYear.on("Feb"), "2026-02-01 00:00 > 2026-03-01 00:00", "on Feb"),
    (TimeOfYear("Feb 29", "Mar 2"), "2026-03-01 00:00 > 2026-03-03 00:00", None),
    (TimeOfYear("Feb 27", "Feb 29"), "2026-02-27 00:00 > 2026-03-01 00:00", None),
    (TimeOfYear.starting("Apr"), "2026-04-01 00:00 > 2027-04-01 00:00", "starting Apr"),
)


@pytest.mark.parametrize(
    ("period", "expected", "phrase"), OTHER_TABLE, ids=[repr(row[0]) for row in OTHER_TABLE]
)
def test_other_units(period: TimePeriod, expected: str, phrase: str | None) -> None:
    """Parts of the other units open and close where documented, and say so."""
    assert windows(period, "2025-06-02 09:00", 1) == [expected]
    assert phrase is None or period.phrase() == phrase


def test_several_values_open_one_after_another() -> None:
    """Several values are several windows; one ends early where the next opens."""
    assert windows(TimeOfDay.at("14:30", "10:00"), "2025-06-02 09:00", 3) == [
        "2025-06-02 10:00 > 2025-06-02 11:00",
        "2025-06-02 14:30 > 2025-06-02 15:30",
        "2025-06-03 10:00 > 2025-06-03 11:00",
    ]
    assert windows(TimeOfDay.at("10:00", "10:20"), "2025-06-02 09:00", 2) == [
        "2025-06-02 10:00 > 2025-06-02 10:20",
        "2025-06-02 10:20 > 2025-06-02 11:20",
    ]
    assert windows(TimeOfWeek.on("Wed", "Mon"), "2025-06-02", 2) == [
        "2025-06-04 00:00 > 2025-06-05 00:00",
        "2025-06-09 00:00 > 2025-06-10 00:00",
    ]
    assert windows(TimeOfDay.starting("06:00", "18:00"), "2025-06-02 09:00", 2) == [
        "2025-06-02 18:00 > 2025-06-03 06:00",
        "2025-06-03 06:00 > 2025-06-03 18:00",
    ]
    assert windows(TimeOfMonth.on("28th", "last"), "2025-01-29", 3) == [
        "2025-01-31 00:00 > 2025-02-01 00:00",
        "2025-02-28 00:00 > 2025-03-01 00:00",
        "2025-03-28 00:00 > 2025-03-29 00:00",
    ]
    assert TimeOfDay.at("14:30", "10:00", 10) == TimeOfDay.at("10", "14:30")
    assert TimeOfDay.at("14:30", "10:00").phrase() == "at 10:00, 14:30"
    assert TimeOfWeek.on("Wednesday", 1).phrase() == "on Mon, Wed"


def test_a_month_without_the_first_day_of_a_window() -> None:
    """A wrapping window whose first day is missing opens with the next month; a day alone is left out."""
    assert windows(TimeOfMonth("30th", "2nd"), "2025-01-31", 2) == [
        "2025-03-01 00:00 > 2025-03-03 00:00",
        "2025-03-30 00:00 > 2025-04-03 00:00",
    ]
    assert windows(TimeOfMonth.on("30th"), "2025-01-31", 1) == ["2025-03-30 00:00 > 2025-03-31 00:00"]


def test_leap_days_over_a_century() -> None:
    """29 February is left out in 2100, and a year's later days don't shift."""
    assert windows(TimeOfYear.on("Feb 29"), "2096-03-01", 1) == ["2104-02-29 00:00 > 2104-03-01 00:00"]
    assert windows(TimeOfYear.on("Dec 31"), "2024-01-01", 2) == [
        "2024-12-31 00:00 > 2025-01-01 00:00",
        "2025-12-31 00:00 > 2026-01-01 00:00",
    ]


RANGES = (
    (TimeOfDay.create_range("10:00", "13:00"), "at 10:00, 11:00, 12:00"),
    (TimeOfDay.create_range(10, 12), "at 10:00, 11:00, 12:00"),
    (TimeOfDay.create_range("08:00", "18:00", "2 h 30 min"), "at 08:00, 10:30, 13:00, 15:30"),
    (TimeOfDay.create_range(step=6), "at 00:00, 06:00, 12:00, 18:00"),
    (TimeOfHour.create_range(step="15 min"), "at 00:00, 15:00, 30:00, 45:00"),
    (TimeOfMinute.create_range("10", "40", 10), "at 10, 20, 30"),
    (TimeOfSecond.create_range(step=500), "at 0 ms, 500 ms"),
    (TimeOfWeek.create_range("Mon", "Fri"), "on Mon, Tue, Wed, Thu, Fri"),
    (TimeOfMonth.create_range("1st", "15th", 7), "on 1st, 8th, 15th"),
    (TimeOfYear.create_range("Jan", "Dec", 3), "on Jan, Apr, Jul, Oct"),
)


@pytest.mark.parametrize(("period", "phrase"), RANGES, ids=[row[1] for row in RANGES])
def test_ranges(period: TimePeriod, phrase: str) -> None:
    """A range is its pieces, the end included where it is a number or a name."""
    assert period.phrase() == phrase


REFUSED: tuple[tuple[Any, str], ...] = (
    (lambda: TimeOfDay("25:00"), "'25:00' is no time within a day: write text like '10:00'"),
    (lambda: TimeOfDay("10:60"), "no time within a day"),
    (lambda: TimeOfDay("1000"), "no time within a day"),
    (lambda: TimeOfDay("13 pm"), "no time within a day"),
    (lambda: TimeOfDay("ten"), "or hours 0-23"),
    (lambda: TimeOfDay(""), "no time within a day"),
    (lambda: TimeOfDay("١٠:٠٠"), "no time within a day"),
    (lambda: TimeOfDay(24), "24 is no time within a day"),
    (lambda: TimeOfDay(-1), "no time within a day"),
    (lambda: TimeOfDay(True), "True is no time within a day"),
    (lambda: TimeOfDay(10.5), "10.5 is no time within a day"),
    (lambda: TimeOfDay(time(10, tzinfo=UTC)), "no time within a day"),
    (lambda: TimeOfDay("24:00"), "no time within a day"),
    (lambda: TimeOfDay(None, 24), "24 is no time within a day"),
    (lambda: TimeOfDay("10:00", "10:00"), "no time is left; for the whole day write starting '10:00'"),
    (lambda: TimeOfDay.before("00:00"), "no time is left"),
    (TimeOfDay.at, "at least one value"),
    (lambda: TimeOfDay("10:00", "11:00", time_point=True), "time_point=True"),
    (lambda: TimeOfDay("10:00", starting="11:00"), "can't be combined"),
    (lambda: TimeOfSecond("2 s"), "no time within a second: write text like '250 ms'"),
    (lambda: TimeOfSecond(1000), "milliseconds 0-999"),
    (lambda: TimeOfMinute("60"), "'60' is no time within a minute"),
    (lambda: TimeOfMinute("10:30"), "or seconds 0-59"),
    (lambda: TimeOfHour("60:00"), "'60:00' is no time within an hour"),
    (lambda: TimeOfHour("5 quarter"), "no time within"),
    (lambda: TimeOfHour("10:00:00"), "or minutes 0-59"),
    (lambda: TimeOfWeek("Mno"), "'Mno' is no day of the week: .* did you mean 'Mon'"),
    (lambda: TimeOfWeek("Thuersday"), "did you mean 'Thursday'"),
    (lambda: TimeOfWeek(0), "1 \\(Monday\\) to 7"),
    (lambda: TimeOfWeek(8), "no day of the week"),
    (lambda: TimeOfWeek("Mon 25:00"), "no day of the week"),
    (lambda: TimeOfWeek("Mon 10:00", "Mon 10:00"), "no time is left"),
    (lambda: TimeOfMonth("32nd"), "'32nd' is no day of the month: write 1 to 31, .* did you mean '31st'"),
    (lambda: TimeOfMonth(0), "did you mean '1st'"),
    (lambda: TimeOfMonth("monday"), "no day of the month"),
    (lambda: TimeOfMonth("5th 24:01"), "no day of the month"),
    (lambda: TimeOfYear("Febuary"), "did you mean 'February'"),
    (lambda: TimeOfYear("Feb 30"), "'Feb 30' is no place in a year"),
    (lambda: TimeOfYear(13), "1 \\(January\\) to 12"),
    (lambda: TimeOfDay.create_range("12:00", "10:00"), "is empty"),
    (lambda: TimeOfDay.create_range(step=0), "above zero"),
    (lambda: TimeOfDay.create_range(step="1 us"), "at most"),
    (lambda: TimeOfYear.create_range(step="1 h"), "number of months"),
)


@pytest.mark.parametrize(("make", "message"), REFUSED, ids=[row[1][:40] for row in REFUSED])
def test_bad_values_are_refused(make: Any, message: str) -> None:
    """What can't be meant is refused with the accepted forms and the closest match."""
    with pytest.raises(ScheduleError, match=message):
        make()


def test_an_error_carries_text_and_suggestion() -> None:
    """Callers can offer the closest match themselves."""
    with pytest.raises(ScheduleError) as caught:
        TimeOfMonth("32nd")
    assert (caught.value.text, caught.value.suggestion) == ("32nd", "31st")


def test_windows_are_half_open() -> None:
    """At its first instant a window is open, at its end it is over (T7)."""
    period, zone, ten = TimeOfDay("10:00", "12:00"), ZoneInfo("UTC"), at("2025-06-02 10:00")
    assert period.window(ten, zone) == (ten, ten + 2 * HOUR)
    assert period.window(ten - 1, zone) is None
    assert period.window(ten + 2 * HOUR - 1, zone) == (ten, ten + 2 * HOUR)
    assert period.window(ten + 2 * HOUR, zone) is None
    assert period.next_window(ten, zone) == (ten + DAY, ten + DAY + 2 * HOUR)
    assert period.previous_window(ten + 2 * HOUR, zone) == (ten, ten + 2 * HOUR)
    assert period.previous_window(ten + 2 * HOUR - 1, zone) == (ten - DAY, ten - DAY + 2 * HOUR)
    assert period.next_change(ten - 1, zone) == ten
    assert period.next_change(ten, zone) == ten + 2 * HOUR
    whole = TimeOfHour()
    assert whole.window(ten, zone) == (ten, ten + HOUR)
    assert TimeOfSecond().window(ten + SECOND - 1, zone) == (ten, ten + SECOND)
    assert TimeOfSecond.at(0).window(ten + MILLISECOND, zone) is None
    assert TimeOfMinute().next_change(ten, zone) == ten + MINUTE


NEW_YORK, LORD_HOWE, APIA = "America/New_York", "Australia/Lord_Howe", "Pacific/Apia"
CLOCK_CHANGES = (
    (
        TimeOfDay.at("02:30"),
        "2025-03-08 12:00",
        2,
        NEW_YORK,
        ["03-09 03:00 > 03-09 03:30", "03-10 02:30 > 03-10 03:30"],
    ),
    (TimeOfDay("02:00", "03:00"), "2025-03-08 12:00", 1, NEW_YORK, ["03-09 03:00 > 03-09 04:00"]),
    (TimeOfDay("02:15", "02:45"), "2025-03-08 12:00", 1, NEW_YORK, ["03-09 03:00 > 03-09 03:30"]),
    (TimeOfDay("01:30", "02:30"), "2025-03-08 12:00", 1, NEW_YORK, ["03-09 01:30 > 03-09 03:00"]),
    (TimeOfDay("02:30", "04:00"), "2025-03-08 12:00", 1, NEW_YORK, ["03-09 03:00 > 03-09 04:00"]),
    (
        TimeOfDay.at("02:00", "02:30", "03:00", "03:15"),
        "2025-03-08 12:00",
        2,
        NEW_YORK,
        ["03-09 03:00 > 03-09 03:15", "03-09 03:15 > 03-09 04:15"],
    ),
    (
        TimeOfDay("01:00", "01:45"),
        "2025-11-02 00:30",
        2,
        NEW_YORK,
        ["11-02 01:00 > 11-02 01:45", "11-03 01:00 > 11-03 01:45"],
    ),
    (TimeOfDay("01:30", "03:00"), "2025-11-02 00:30", 1, NEW_YORK, ["11-02 01:30 > 11-02 03:00"]),
    (
        TimeOfHour(),
        "2025-03-09 00:30",
        3,
        NEW_YORK,
        ["03-09 01:00 > 03-09 03:00", "03-09 03:00 > 03-09 04:00", "03-09 04:00 > 03-09 05:00"],
    ),
    (
        TimeOfHour(),
        "2025-11-02 00:30",
        3,
        NEW_YORK,
        ["11-02 01:00 > 11-02 01:00", "11-02 01:00 > 11-02 02:00", "11-02 02:00 > 11-02 03:00"],
    ),
    (TimeOfHour("50:00", "10:00"), "2025-11-02 01:40", 1, NEW_YORK, ["11-02 01:50 > 11-02 01:10"]),
    (
        TimeOfHour(),
        "2025-04-06 00:30",
        2,
        LORD_HOWE,
        ["04-06 01:00 > 04-06 02:00", "04-06 02:00 > 04-06 03:00"],
    ),
    (TimeOfHour("50:00", "10:00"), "2025-04-06 01:40", 1, LORD_HOWE, ["04-06 01:50 > 04-06 01:30"]),
    (
        TimeOfHour("20:00", "40:00"),
        "2025-04-06 01:00",
        2,
        LORD_HOWE,
        ["04-06 01:20 > 04-06 01:40", "04-06 02:20 > 04-06 02:40"],
    ),
    (
        TimeOfDay(),
        "2025-03-08 12:00",
        2,
        "America/Havana",
        ["03-09 01:00 > 03-10 00:00", "03-10 00:00 > 03-11 00:00"],
    ),
    (
        TimeOfDay(),
        "2007-11-02 12:00",
        2,
        "America/St_Johns",
        ["11-03 00:00 > 11-04 00:00", "11-04 00:00 > 11-05 00:00"],
    ),
    (
        TimeOfDay(),
        "2011-12-28 12:00",
        3,
        APIA,
        ["12-29 00:00 > 12-31 00:00", "12-31 00:00 > 01-01 00:00", "01-01 00:00 > 01-02 00:00"],
    ),
    (
        TimeOfDay.at("10:00"),
        "2011-12-28 12:00",
        2,
        APIA,
        ["12-29 10:00 > 12-29 11:00", "12-31 10:00 > 12-31 11:00"],
    ),
    (
        TimeOfDay("22:00", "02:00"),
        "2011-12-29 12:00",
        2,
        APIA,
        ["12-29 22:00 > 12-31 00:00", "12-31 00:00 > 12-31 02:00"],
    ),
)


@pytest.mark.parametrize(
    ("period", "start", "count", "zone", "expected"),
    CLOCK_CHANGES,
    ids=[f"{r[0]!r}-{r[3]}-{r[1][:4]}" for r in CLOCK_CHANGES],
)
def test_changes_of_clocks(
    period: TimePeriod, start: str, count: int, zone: str, expected: list[str]
) -> None:
    """Gaps, repeats and date lines follow rules T2 to T6 and T10."""
    found = windows(period, start, count, zone)
    assert [" > ".join(edge[5:] for edge in window.split(" > ")) for window in found] == expected


def test_the_repeated_hour_is_an_hour_of_its_own() -> None:
    """Two hours of the same name are two windows of an hour each (T4), one day is 25 hours (T10)."""
    zone = ZoneInfo(NEW_YORK)
    first = at("2025-11-02T01:00-04:00")
    assert TimeOfHour().window(first, zone) == (first, first + HOUR)
    assert TimeOfHour().window(first + HOUR, zone) == (first + HOUR, first + 2 * HOUR)
    day = TimeOfDay().window(first, zone)
    assert day is not None
    assert day.end - day.start == 25 * HOUR


def test_repr_makes_the_period() -> None:
    """A period's repr is the call that makes it."""
    assert repr(TimeOfDay("10", "12")) == "TimeOfDay('10:00', '12:00')"
    assert repr(TimeOfDay()) == "TimeOfDay()"
    assert repr(TimeOfDay.at("10", "14:30")) == "TimeOfDay.at('10:00', '14:30')"
    assert repr(TimeOfWeek.on("Mon")) == "TimeOfWeek.on('Mon')"
    assert repr(TimeOfMonth.starting("12")) == "TimeOfMonth.starting('12th')"


def test_equality_is_of_one_kind() -> None:
    """Parts of different units never compare equal."""
    assert TimeOfHour() != TimeOfDay()
    assert TimeOfHour.at("10:00") != TimeOfDay.at("10:00")
    assert len({TimeOfDay("10", "12"), TimeOfDay("10:00", "12:00")}) == 1
