"""Times in a second, minute, hour or day, as users write them: "10:00", "30", "2 quarter". Floor 1, pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import time
from functools import lru_cache
from typing import Any, Final

from rocket_magic.exc import ScheduleError
from rocket_magic.instants import DAY, HOUR, MILLISECOND, MINUTE, SECOND, Span
from rocket_magic.time._points import Point, is_number

__all__ = ["ClockReader", "clock_text", "read_clock"]

_QUARTER: Final = 15 * MINUTE


def _fraction(digits: str | None) -> Span:
    return int((digits or "").ljust(6, "0")) if digits else 0


def _with_fraction(text: str, micros: Span) -> str:
    return f"{text}.{micros:06d}".rstrip("0") if micros else text


def clock_text(offset: Span) -> str:
    """Write a time of day: "10:00", "10:00:30.5"."""
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
_IN_HOUR: Final = re.compile(rf":?(?P<b>\d{{1,2}})(?::(?P<c>\d{{2}}){_FRACTION})?\s*(?:min(?:utes?)?)?")
_IN_MINUTE: Final = re.compile(rf"(?P<c>\d{{1,2}}){_FRACTION}\s*(?:s|secs?|seconds?)?")
_IN_SECOND: Final = re.compile(
    r"0?\.(?P<f>\d{1,6})\s*s?|(?P<ms>\d{1,4})(?:\.(?P<u>\d{1,3}))?\s*(?:ms|milliseconds?)?"
)
_QUARTERS: Final = re.compile(r"(?P<n>[1-4])\s*(?:st|nd|rd|th)?\s*(?:quarter|q)")


_NAMED: Final = {"noon": 12 * HOUR, "midday": 12 * HOUR, "midnight": 0}
_DOTTED: Final = re.compile(r"(\d{1,2})[.h](\d{2})")
_ZONED: Final = re.compile(r"(?P<clock>\d.*?)\s*(?:z|utc|gmt|[a-z_]+/\S+|[+-]\d{2}:?\d{2})", re.IGNORECASE)


def read_clock(text: str) -> Span | None:
    """Read a time of day in lower case: "10", "10:00:30.5", "2 pm", "noon"; None when it is none."""
    if text in _NAMED:
        return _NAMED[text]
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
    "day": read_clock,
}
_TEXT: Final = {"second": _second_text, "minute": _minute_text, "hour": _hour_text, "day": clock_text}


@lru_cache(maxsize=1024)
def _point(unit: str, offset: Span) -> Point:
    """The point at an offset; many tasks start at the same few times and share it."""
    return Point(_TEXT[unit](offset), offset, offset, _FORMS[unit].piece)


@lru_cache(maxsize=1024)
def _offset(unit: str, text: str) -> Span | None:
    """The offset that a text names, or None."""
    return _READ[unit](text)


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
        if is_number(value):
            return self._checked(value * form.piece, value, form.length)
        return self._read(value, form.length)

    def end(self, value: Any) -> Point:
        """Read where a window ends: numbers are inclusive, text is exclusive and may be the unit's end."""
        form = _FORMS[self.unit]
        if is_number(value):
            self._checked(value * form.piece, value, form.length)
            return self.at_offset((value + 1) * form.piece)
        if self.unit == "day" and isinstance(value, str) and value.strip().lower() == "midnight":
            return self.at_offset(DAY)
        return self._read(value, form.length + 1)

    def at_offset(self, offset: Span) -> Point:
        """Give the point at an offset from the start of the unit."""
        return _point(self.unit, offset)

    def _checked(self, offset: Span | None, value: Any, limit: Span) -> Point:
        if offset is None or not 0 <= offset < limit:
            raise self._problem(value)
        return self.at_offset(offset)

    def _problem(self, value: Any) -> ScheduleError:
        form, close, hint = _FORMS[self.unit], None, ""
        text = " ".join(str(value).lower().split())
        if self.unit == "day" and (zoned := _ZONED.fullmatch(text)):
            close, hint = (
                zoned["clock"],
                "; times are those of the session's timezone, without one of their own",
            )
        elif self.unit == "day" and (dotted := _DOTTED.fullmatch(text)):
            close = f"{dotted[1]}:{dotted[2]}"
        elif self.unit == "day" and text in ("24:00", "24"):
            close, hint = "00:00", "; a day begins at 00:00, and 24:00 is its end"
        elif isinstance(value, list | tuple | set):
            hint = "; give several values one by one, like at('10:00', '14:30')"
        if close is not None and read_clock(close) is None:
            close = None
        article = "an" if form.name == "hour" else "a"
        msg = (
            f"{value!r} is no time within {article} {form.name}: write text like {form.example}, "
            f"or {form.pieces}{hint}{'' if close is None else f'; did you mean {close!r}?'}"
        )
        return ScheduleError(msg, text=str(value), suggestion=close)

    def _read(self, value: Any, limit: Span) -> Point:
        if self.unit == "day" and isinstance(value, time):
            micros = (value.hour * 3600 + value.minute * 60 + value.second) * SECOND + value.microsecond
            return self._checked(micros if value.tzinfo is None else None, value, limit)
        text = " ".join(value.lower().split()) if isinstance(value, str) and value.isascii() else ""
        quarter = _QUARTERS.fullmatch(text) if self.unit == "hour" else None
        if quarter:
            number = int(quarter["n"])
            return Point(f"{number} quarter", (number - 1) * _QUARTER, number * _QUARTER, _QUARTER)
        return self._checked(_offset(self.unit, text), value, limit)
