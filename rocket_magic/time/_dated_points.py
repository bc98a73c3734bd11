"""Days of a week, month or year, as users write them: "Mon 10:00", "12th", "Feb 29". Floor 1, pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from rocket_magic.exc import ScheduleError
from rocket_magic.instants import DAY, Span
from rocket_magic.time._clock_points import clock_text, read_clock
from rocket_magic.time._points import Point, is_number

__all__ = ["MonthReader", "WeekReader", "YearReader"]

_WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_LONG_WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WEEKDAY_NAMES: Final = {
    **{name.lower(): day for day, name in enumerate(_WEEKDAYS)},
    **{name: day for day, name in enumerate(_LONG_WEEKDAYS)},
    "tues": 1,
    "weds": 2,
    "thur": 3,
    "thurs": 3,
}
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_LONG_MONTHS: Final = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_MONTH_NAMES: Final = {
    **{name.lower(): month for month, name in enumerate(_MONTHS)},
    **{name: month for month, name in enumerate(_LONG_MONTHS)},
    "sept": 8,
}
_LENGTHS: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_BEFORE_MONTH: Final = tuple(sum(_LENGTHS[:month]) for month in range(13))
"""Days before each month of a leap year; offsets within a year count on that axis."""


def _ordinal(number: int) -> str:
    """Write a day of the month: "1st", "22nd", "13th"."""
    special = {1: "st", 2: "nd", 3: "rd"}
    teen = 11 <= number <= 13  # noqa: PLR2004  English
    return f"{number}{'th' if teen else special.get(number % 10, 'th')}"


def _named(text: str, start: Span, time_text: str | None, problem: ScheduleError) -> Point:
    """Give a day, whole or from a time on."""
    if time_text is None:
        return Point(text, start, start + DAY, DAY)
    clock = read_clock(time_text)
    if clock is None or not 0 <= clock <= DAY:
        raise problem
    offset = start + clock
    return Point(f"{text} {clock_text(clock)}", offset, offset, DAY)


def _split(value: Any) -> Sequence[str]:
    """Cut a value into lower-case words; nothing for what is no plain text."""
    return value.lower().split() if isinstance(value, str) and value.isascii() else ()


def _close(word: str, names: Sequence[str]) -> str | None:
    match = difflib.get_close_matches(word.lower(), [name.lower() for name in names], n=1, cutoff=0.5)
    return match[0].capitalize() if match else None


@dataclass(frozen=True, slots=True)
class WeekReader:
    """Reads days of the week: "Mon", "Monday 10:00", 1 (Monday) to 7."""

    def start(self, value: Any) -> Point:
        """Read where a window begins."""
        if is_number(value):
            if not 1 <= value <= 7:  # noqa: PLR2004  days of a week
                raise self._problem(value)
            return self.at_offset((value - 1) * DAY)
        words = _split(value)
        if not words or words[0].rstrip(".,") not in _WEEKDAY_NAMES:
            raise self._problem(value)
        day = _WEEKDAY_NAMES[words[0].rstrip(".,")]
        return _named(_WEEKDAYS[day], day * DAY, " ".join(words[1:]) or None, self._problem(value))

    def end(self, value: Any) -> Point:
        """Read where a window ends: a day alone is inclusive."""
        return self.start(value)

    def at_offset(self, offset: Span) -> Point:
        """Give the point at an offset from the start of the unit."""
        day, clock = divmod(offset, DAY)
        text = _WEEKDAYS[day]
        return Point(text, offset, offset + DAY, DAY) if not clock else _shifted(text, offset, clock)

    @staticmethod
    def _problem(value: Any) -> ScheduleError:
        words = _split(value)
        close = _close(words[0], (*_WEEKDAYS, *_WEEKDAY_NAMES)) if words else None
        hint = f"; did you mean {close!r}?" if close else ""
        if isinstance(value, list | tuple | set):
            hint = "; give several values one by one, like on('Mon', 'Wed')"
        elif words and "-" in words[0]:
            hint, close = "; for days in a row write between('Mon', 'Fri'), or daily on 'Mon-Fri'", None
        msg = (
            f"{value!r} is no day of the week: write 'Mon', 'Monday' or 'Mon 10:00', or 1 (Monday) to 7{hint}"
        )
        return ScheduleError(msg, text=str(value), suggestion=close)


def _shifted(text: str, offset: Span, clock: Span) -> Point:
    return Point(f"{text} {clock_text(clock)}", offset, offset, DAY)


_ORDINAL: Final = re.compile(r"(\d{1,2})(?:st|nd|rd|th|\.)?")


@dataclass(frozen=True, slots=True)
class MonthReader:
    """Reads days of the month: 5, "5th", "5.", "5th 10:00", "last"."""

    def start(self, value: Any) -> Point:
        """Read where a window begins."""
        words = [str(value)] if is_number(value) else list(_split(value))
        rest = words[2:] if words[1:2] == ["day"] else words[1:]
        time_text = " ".join(rest) or None
        if words[:1] == ["last"]:
            return self._last(time_text, value)
        match = _ORDINAL.fullmatch(words[0]) if words else None
        if match is None or not 1 <= int(match[1]) <= 31:  # noqa: PLR2004  days of a month
            raise self._problem(value)
        day = int(match[1])
        return _named(_ordinal(day), (day - 1) * DAY, time_text, self._problem(value))

    def _last(self, time_text: str | None, value: Any) -> Point:
        if time_text is None:
            return Point("last", -DAY, 31 * DAY, DAY)
        point = _named("last", 0, time_text, self._problem(value))
        return Point(point.text, point.opening - DAY, point.closing - DAY, DAY)

    def end(self, value: Any) -> Point:
        """Read where a window ends: a day alone is inclusive."""
        return self.start(value)

    def at_offset(self, offset: Span) -> Point:
        """Give the point at an offset from the start of the unit."""
        day, clock = divmod(offset, DAY)
        text = _ordinal(day + 1)
        return Point(text, offset, offset + DAY, DAY) if not clock else _shifted(text, offset, clock)

    @staticmethod
    def _problem(value: Any) -> ScheduleError:
        words = [str(value)] if is_number(value) else _split(value)
        match = _ORDINAL.match(words[0]) if words else None
        close = _ordinal(min(max(int(match[1]), 1), 31)) if match else None
        if words and words[0].startswith("-"):
            close = "last"
        weekday = len(words) > 1 and (words[1] in _WEEKDAY_NAMES or words[1] in ("weekday", "workday"))
        hint = f"; did you mean {close!r}?" if close else ""
        if isinstance(value, list | tuple | set):
            hint = "; give several values one by one, like on('1st', '15th')"
        elif weekday:
            cron = "cron('0 0 * * Fri#1') (the first Friday), 'FriL' (the last) or cron('0 0 LW * *')"
            hint, close = f"; for a weekday of the month use {cron} (the last weekday)", None
        msg = f"{value!r} is no day of the month: write 1 to 31, '5th', '5th 10:00' or 'last'{hint}"
        return ScheduleError(msg, text=str(value), suggestion=close)


@dataclass(frozen=True, slots=True)
class YearReader:
    """Reads places in a year: "Feb", "February 29", "24 Dec", "Feb 29 10:00", 1 (January) to 12."""

    def start(self, value: Any) -> Point:
        """Read where a window begins."""
        if is_number(value):
            if not 1 <= value <= 12:  # noqa: PLR2004  months of a year
                raise self._problem(value)
            return self._month(value - 1)
        words = [word.rstrip(".,") for word in _split(value)]
        if len(words) > 1 and words[1] in _MONTH_NAMES:
            words[:2] = words[1::-1]
        if not words or words[0] not in _MONTH_NAMES:
            raise self._problem(value)
        month = _MONTH_NAMES[words[0]]
        if len(words) == 1:
            return self._month(month)
        match = _ORDINAL.fullmatch(words[1])
        if match is None or not 1 <= int(match[1]) <= _LENGTHS[month]:
            raise self._problem(value)
        start = (_BEFORE_MONTH[month] + int(match[1]) - 1) * DAY
        return _named(
            f"{_MONTHS[month]} {int(match[1])}", start, " ".join(words[2:]) or None, self._problem(value)
        )

    @staticmethod
    def _month(month: int) -> Point:
        return Point(_MONTHS[month], _BEFORE_MONTH[month] * DAY, _BEFORE_MONTH[month + 1] * DAY, None)

    def end(self, value: Any) -> Point:
        """Read where a window ends: a month or a day alone is inclusive."""
        return self.start(value)

    def at_offset(self, offset: Span) -> Point:
        """Give the month that begins at an offset (on the axis of a leap year)."""
        return self._month(_BEFORE_MONTH.index(offset // DAY))

    @staticmethod
    def _problem(value: Any) -> ScheduleError:
        words = _split(value)
        close = _close(words[0], (*_MONTHS, *_MONTH_NAMES)) if words else None
        hint = f"; did you mean {close!r}?" if close and (words[0] not in _MONTH_NAMES) else ""
        forms = "'Feb', 'Feb 29' or 'Feb 29 10:00', or 1 (January) to 12"
        msg = f"{value!r} is no place in a year: write {forms}{hint}"
        return ScheduleError(msg, text=str(value), suggestion=close)
