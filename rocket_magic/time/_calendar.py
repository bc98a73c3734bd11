"""Days, weeks, months and years, numbered, on the local clock, in integer arithmetic. Floor 1, pure."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import Final

from rocket_magic.instants import DAY, Span
from rocket_magic.time._offsets import Reading

__all__ = ["Calendar", "Fixed", "Months", "Years", "days_before_year", "days_in_month", "is_leap", "year_of"]

_BEFORE: Final = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365)
_BEFORE_LEAP: Final = (0, 31, 60, 91, 121, 152, 182, 213, 244, 274, 305, 335, 366)
_LEAP_DAY: Final = 59 * DAY
"""Where 29 February lies in a leap year."""


def is_leap(year: int) -> bool:
    """Tell whether a year has 29 February."""
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def days_before_year(year: int) -> int:
    """Count the days from 1970-01-01 to the first of a year."""
    past = year - 1
    return past * 365 + past // 4 - past // 100 + past // 400 - 719162


def days_before_month(year: int, month: int) -> int:
    """Count the days from 1970-01-01 to the first of a month (0 is January)."""
    return days_before_year(year) + (_BEFORE_LEAP if is_leap(year) else _BEFORE)[month]


def days_in_month(year: int, month: int) -> int:
    """Count the days of a month (0 is January)."""
    before = _BEFORE_LEAP if is_leap(year) else _BEFORE
    return before[month + 1] - before[month]


def year_of(day: int) -> int:
    """Give the year in which a day (counted from 1970-01-01) lies."""
    year = day * 400 // 146097 + 1970
    if days_before_year(year) > day:
        return year - 1
    return year if days_before_year(year + 1) > day else year + 1


def month_of(day: int) -> tuple[int, int]:
    """Give year and month (0 is January) of a day counted from 1970-01-01."""
    year = year_of(day)
    before = _BEFORE_LEAP if is_leap(year) else _BEFORE
    return year, bisect_right(before, day - days_before_year(year)) - 1


class Calendar:
    """Numbers units of one kind and finds places in them."""

    __slots__ = ()

    def index(self, wall: Reading) -> int:
        """Give the number of the unit in which a reading lies."""
        raise NotImplementedError

    def start(self, index: int) -> Reading:
        """Give where a unit begins."""
        raise NotImplementedError

    def place(self, index: int, offset: Span) -> tuple[Reading, bool]:
        """Give the reading at an offset in a unit.

        Returns:
            The reading, and whether the unit is long enough to have it; else it is where the calendar goes
            on (the first of the next month for the 31st in April).
        """
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Fixed(Calendar):
    """Units of one length: days and weeks.

    Args:
        length: Microseconds of a unit on the local clock.
        origin: Where unit 0 begins.
    """

    length: Span
    origin: Reading

    def index(self, wall: Reading) -> int:
        """Give the number of the unit in which a reading lies."""
        return (wall - self.origin) // self.length

    def start(self, index: int) -> Reading:
        """Give where a unit begins."""
        return index * self.length + self.origin

    def place(self, index: int, offset: Span) -> tuple[Reading, bool]:
        """Give the reading at an offset in a unit; there is none that it lacks."""
        return index * self.length + self.origin + offset, True


@dataclass(frozen=True, slots=True)
class Months(Calendar):
    """Months, numbered from January of year 0."""

    def index(self, wall: Reading) -> int:
        """Give the number of the month in which a reading lies."""
        year, month = month_of(wall // DAY)
        return year * 12 + month

    def start(self, index: int) -> Reading:
        """Give where a month begins."""
        return days_before_month(*divmod(index, 12)) * DAY

    def place(self, index: int, offset: Span) -> tuple[Reading, bool]:
        """Give the reading at an offset in a month; negative offsets count from its end."""
        year, month = divmod(index, 12)
        length = days_in_month(year, month) * DAY
        start = days_before_month(year, month) * DAY
        if offset < 0:
            return start + length + offset, True
        return (start + offset, True) if offset < length else (start + length, False)


@dataclass(frozen=True, slots=True)
class Years(Calendar):
    """Years; offsets in them count on the axis of a leap year."""

    def index(self, wall: Reading) -> int:
        """Give the year in which a reading lies."""
        return year_of(wall // DAY)

    def start(self, index: int) -> Reading:
        """Give where a year begins."""
        return days_before_year(index) * DAY

    def place(self, index: int, offset: Span) -> tuple[Reading, bool]:
        """Give the reading at an offset in a year; 29 February is 1 March in a common year."""
        start = days_before_year(index) * DAY
        if is_leap(index) or offset < _LEAP_DAY:
            return start + offset, True
        if offset < _LEAP_DAY + DAY:
            return start + _LEAP_DAY, False
        return start + offset - DAY, True
