"""Places within a calendar unit, as users write them: "10:00", "Mon 10:00", "12th", "Feb 29". Floor 1, pure.

A reader turns a value into a `Point`. What a value means depends on its form, as in Rocketry:

* clock text ("12:00") is an instant: as an end it is exclusive;
* a whole number (12) is a piece of the unit (the hour from 12:00 to 13:00): as an end it is inclusive;
* a name (a weekday, a day of the month, a month) is the whole day or month: as an end it is inclusive.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import time
from typing import Any, Final, Protocol

from rocket_magic.exc import ScheduleError
from rocket_magic.instants import DAY, HOUR, MILLISECOND, MINUTE, SECOND, Span

__all__ = ["ClockReader", "MonthReader", "Point", "Reader", "WeekReader", "YearReader", "ordinal"]

_QUARTER: Final = 15 * MINUTE


@dataclass(frozen=True, slots=True)
class Point:
    """A place within a calendar unit.

    Attributes:
        text: How it is written; reading it again gives an equal point.
        opening: Microseconds from the start of the unit when a window begins here (negative: from its end).
        closing: Microseconds from the start of the unit when a window ends here.
        extent: Length of the window that `at` opens here; None: until `closing`.
    """

    text: str
    opening: Span
    closing: Span
    extent: Span | None

    @property
    def rank(self) -> Span:
        """Its order among the points of the longest unit."""
        return self.opening if self.opening >= 0 else 31 * DAY + self.opening


class Reader(Protocol):
    """Reads the values of one unit."""

    def start(self, value: Any) -> Point:
        """Read where a window begins."""
        ...

    def end(self, value: Any) -> Point:
        """Read where a window ends."""
        ...

    def at_offset(self, offset: Span) -> Point:
        """Give the point at an offset from the start of the unit."""
        ...


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _fraction(digits: str | None) -> Span:
    return int((digits or "").ljust(6, "0")) if digits else 0


def _with_fraction(text: str, micros: Span) -> str:
    return f"{text}.{micros:06d}".rstrip("0") if micros else text


def _clock_text(offset: Span) -> str:
    hours, rest = divmod(offset, HOUR)
    minutes, rest = divmod(rest, MINUTE)
    seconds, micros = divmod(rest, SECOND)
    short = f"{hours:02d}:{minutes:02d}"
    return short if not rest else _with_fraction(f"{short}:{seconds:02d}", micros)


def _hour_text(offset: Span) -> str:
    minutes, rest = divmod(offset, MINUTE)
    seconds, micros = divmod(rest, SECOND)
    return _with_fraction(f"{minutes:02d}:{seconds:02d}", micros)


def _minute_text(offset: Span) -> str:
    seconds, micros = divmod(offset, SECOND)
    return _with_fraction(f"{seconds:02d}", micros)


def _second_text(offset: Span) -> str:
    millis, micros = divmod(offset, MILLISECOND)
    return f"{millis}.{micros:03d}".rstrip("0") + " ms" if micros else f"{millis} ms"


_FRACTION: Final = r"(?:\.(?P<f>\d{1,6}))?"
_CLOCK: Final = re.compile(
    rf"(?P<a>\d{{1,2}})(?::(?P<b>\d{{2}})(?::(?P<c>\d{{2}}){_FRACTION})?)?\s*(?P<half>[ap]\.?m\.?)?"
)
_IN_HOUR: Final = re.compile(rf"(?P<b>\d{{1,2}})(?::(?P<c>\d{{2}}){_FRACTION})?\s*(?:min(?:utes?)?)?")
_IN_MINUTE: Final = re.compile(rf"(?P<c>\d{{1,2}}){_FRACTION}\s*(?:s|secs?|seconds?)?")
_IN_SECOND: Final = re.compile(
    r"0?\.(?P<f>\d{1,6})\s*s?|(?P<ms>\d{1,4})(?:\.(?P<u>\d{1,3}))?\s*(?:ms|milliseconds?)?"
)
_QUARTERS: Final = re.compile(r"(?P<n>[1-4])\s*(?:st|nd|rd|th)?\s*(?:quarter|q)")


def _read_clock(text: str) -> Span | None:
    match = _CLOCK.fullmatch(text)
    if match is None:
        return None
    hours, minutes, seconds = int(match["a"]), int(match["b"] or 0), int(match["c"] or 0)
    if match["half"]:
        if not 1 <= hours <= 12:  # noqa: PLR2004  a clock face
            return None
        hours = hours % 12 + (12 if match["half"].startswith("p") else 0)
    return _sum(hours * HOUR, minutes, seconds, match["f"])


def _sum(offset: Span, minutes: int, seconds: int, fraction: str | None) -> Span | None:
    if minutes > 59 or seconds > 59:  # noqa: PLR2004  the clock's own limits
        return None
    return offset + minutes * MINUTE + seconds * SECOND + _fraction(fraction)


def _read_in_hour(text: str) -> Span | None:
    match = _IN_HOUR.fullmatch(text)
    if match is None:
        return None
    return _sum(int(match["b"]) * MINUTE, 0, int(match["c"] or 0), match["f"])


def _read_in_minute(text: str) -> Span | None:
    match = _IN_MINUTE.fullmatch(text)
    return None if match is None else int(match["c"]) * SECOND + _fraction(match["f"])


def _read_in_second(text: str) -> Span | None:
    match = _IN_SECOND.fullmatch(text)
    if match is None:
        return None
    if match["f"]:
        return _fraction(match["f"])
    return int(match["ms"]) * MILLISECOND + int((match["u"] or "").ljust(3, "0"))


@dataclass(frozen=True, slots=True)
class _ClockForm:
    name: str
    length: Span
    piece: Span
    pieces: str
    example: str


_FORMS: Final = {
    "second": _ClockForm("second", SECOND, MILLISECOND, "milliseconds 0-999", "'250 ms' or '.250'"),
    "minute": _ClockForm("minute", MINUTE, SECOND, "seconds 0-59", "'30' or '30.250' (seconds)"),
    "hour": _ClockForm(
        "hour", HOUR, MINUTE, "minutes 0-59", "'30:00' (minute and second), '30' or '2 quarter'"
    ),
    "day": _ClockForm("day", DAY, HOUR, "hours 0-23", "'10:00', '10:00:30', '10' or '2 pm'"),
}
_READ: Final = {
    "second": _read_in_second,
    "minute": _read_in_minute,
    "hour": _read_in_hour,
    "day": _read_clock,
}
_TEXT: Final = {"second": _second_text, "minute": _minute_text, "hour": _hour_text, "day": _clock_text}


@dataclass(frozen=True, slots=True)
class ClockReader:
    """Reads times within a second, minute, hour or day.

    Args:
        unit: "second", "minute", "hour" or "day".
    """

    unit: str

    def start(self, value: Any) -> Point:
        """Read where a window begins."""
        form = _FORMS[self.unit]
        if _is_number(value):
            return self._checked(value * form.piece, value, form.length)
        return self._read(value, form.length)

    def end(self, value: Any) -> Point:
        """Read where a window ends: numbers are inclusive, text is exclusive and may be the unit's end."""
        form = _FORMS[self.unit]
        if _is_number(value):
            self._checked(value * form.piece, value, form.length)
            return self.at_offset((value + 1) * form.piece)
        return self._read(value, form.length + 1)

    def at_offset(self, offset: Span) -> Point:
        """Give the point at an offset from the start of the unit."""
        return Point(_TEXT[self.unit](offset), offset, offset, _FORMS[self.unit].piece)

    def _checked(self, offset: Span | None, value: Any, limit: Span) -> Point:
        if offset is None or not 0 <= offset < limit:
            form = _FORMS[self.unit]
            msg = (
                f"{value!r} is no time within a {form.name}: write text like {form.example}, or {form.pieces}"
            )
            raise ScheduleError(msg, text=str(value))
        return self.at_offset(offset)

    def _read(self, value: Any, limit: Span) -> Point:
        if self.unit == "day" and isinstance(value, time):
            micros = (value.hour * 3600 + value.minute * 60 + value.second) * SECOND + value.microsecond
            return self._checked(micros if value.tzinfo is None else None, value, limit)
        text = " ".join(value.lower().split()) if isinstance(value, str) and value.isascii() else ""
        quarter = _QUARTERS.fullmatch(text) if self.unit == "hour" else None
        if quarter:
            number = int(quarter["n"])
            return Point(f"{number} quarter", (number - 1) * _QUARTER, number * _QUARTER, _QUARTER)
        return self._checked(_READ[self.unit](text), value, limit)


_WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_WEEKDAY_NAMES: Final = {
    **{name.lower(): day for day, name in enumerate(_WEEKDAYS)},
    **{
        name: day
        for day, name in enumerate(
            ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
        )
    },
    "tues": 1,
    "weds": 2,
    "thur": 3,
    "thurs": 3,
}
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTH_NAMES: Final = {
    **{name.lower(): month for month, name in enumerate(_MONTHS)},
    **{
        name: month
        for month, name in enumerate(
            (
                "january",
                "february",
                "march",
                "april",
                "may",
                "june",
                "july",
                "august",
                "september",
                "october",
                "november",
                "december",
            )
        )
    },
    "sept": 8,
}
_LENGTHS: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_BEFORE_MONTH: Final = tuple(sum(_LENGTHS[:month]) for month in range(13))
"""Days before each month of a leap year; offsets within a year count on that axis."""


def ordinal(number: int) -> str:
    """Write a day of the month: "1st", "22nd", "13th"."""
    special = {1: "st", 2: "nd", 3: "rd"}
    teen = 11 <= number <= 13  # noqa: PLR2004  English
    return f"{number}{'th' if teen else special.get(number % 10, 'th')}"


def _named(text: str, start: Span, time_text: str | None, problem: ScheduleError) -> Point:
    """Give a day, whole or from a time on."""
    if time_text is None:
        return Point(text, start, start + DAY, DAY)
    clock = _read_clock(time_text)
    if clock is None or not 0 <= clock <= DAY:
        raise problem
    offset = start + clock
    return Point(f"{text} {_clock_text(clock)}", offset, offset, DAY)


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
        if _is_number(value):
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
        msg = (
            f"{value!r} is no day of the week: write 'Mon', 'Monday' or 'Mon 10:00', or 1 (Monday) to 7{hint}"
        )
        return ScheduleError(msg, text=str(value), suggestion=close)


def _shifted(text: str, offset: Span, clock: Span) -> Point:
    return Point(f"{text} {_clock_text(clock)}", offset, offset, DAY)


_ORDINAL: Final = re.compile(r"(\d{1,2})(?:st|nd|rd|th|\.)?")


@dataclass(frozen=True, slots=True)
class MonthReader:
    """Reads days of the month: 5, "5th", "5.", "5th 10:00", "last"."""

    def start(self, value: Any) -> Point:
        """Read where a window begins."""
        words = [str(value)] if _is_number(value) else list(_split(value))
        rest = words[2:] if words[1:2] == ["day"] else words[1:]
        time_text = " ".join(rest) or None
        if words[:1] == ["last"]:
            return self._last(time_text, value)
        match = _ORDINAL.fullmatch(words[0]) if words else None
        if match is None or not 1 <= int(match[1]) <= 31:  # noqa: PLR2004  days of a month
            raise self._problem(value)
        day = int(match[1])
        return _named(ordinal(day), (day - 1) * DAY, time_text, self._problem(value))

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
        text = ordinal(day + 1)
        return Point(text, offset, offset + DAY, DAY) if not clock else _shifted(text, offset, clock)

    @staticmethod
    def _problem(value: Any) -> ScheduleError:
        words = [str(value)] if _is_number(value) else _split(value)
        match = _ORDINAL.match(words[0]) if words else None
        close = ordinal(min(max(int(match[1]), 1), 31)) if match else None
        hint = f"; did you mean {close!r}?" if close else ""
        msg = f"{value!r} is no day of the month: write 1 to 31, '5th', '5th 10:00' or 'last'{hint}"
        return ScheduleError(msg, text=str(value), suggestion=close)


@dataclass(frozen=True, slots=True)
class YearReader:
    """Reads places in a year: "Feb", "February 29", "24 Dec", "Feb 29 10:00", 1 (January) to 12."""

    def start(self, value: Any) -> Point:
        """Read where a window begins."""
        if _is_number(value):
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
