"""Durations: text, numbers and timedeltas become microseconds, and back to words. Floor 1, pure."""

from __future__ import annotations

import difflib
import math
import re
from datetime import timedelta
from fractions import Fraction
from typing import Final

from rocket_magic.exc import ScheduleError
from rocket_magic.instants import DAY, HOUR, MICROSECOND, MILLISECOND, MINUTE, SECOND, Span, from_timedelta

__all__ = ["format_duration", "parse_duration"]

FORMS: Final = "text like '10 min', '1 hour 20 min' or '1:30:00', a number of seconds, or a timedelta"

_SPELLINGS: Final = (
    (MICROSECOND, "us µs microsecond microseconds"),
    (MILLISECOND, "ms milli millis millisecond milliseconds"),
    (SECOND, "s sec secs second seconds"),
    (MINUTE, "m min mins minute minutes"),
    (HOUR, "h hr hrs hour hours"),
    (DAY, "d day days"),
    (7 * DAY, "w wk wks week weeks"),
    (30 * DAY, "month months"),
    (365 * DAY, "y yr yrs year years"),
)
_UNITS: Final = {word: span for span, words in _SPELLINGS for word in words.split()}
_ITEM: Final = re.compile(
    r"[\s,]*(?P<number>\d+(?:\.\d*)?|\.\d+)\s*(?P<unit>[^\W\d_]+)", re.ASCII | re.IGNORECASE
)
_MICRO: Final = re.compile("[µμ]s")
_CLOCK: Final = re.compile(r"[\s,]*(?P<h>\d+):(?P<m>[0-5]\d)(?::(?P<s>[0-5]\d)(?P<f>\.\d+)?)?", re.ASCII)
_LONGEST_TEXT: Final = 200
_LONGEST: Final = 10_000 * 365 * DAY


def parse_duration(value: str | float | timedelta, what: str = "duration") -> Span:
    """Turn a duration into microseconds.

    Args:
        value: Text of numbers with units ("1 hour 20 min", "2 weeks", "1.5 h", "250 ms"), clock text
            ("1:30:00" is h:mm:ss), both with an optional sign in front; a number of seconds; a timedelta.
            Units are microseconds, milliseconds, seconds, minutes, hours, days and weeks, and months of 30
            and years of 365 days (calendar months are `monthly`'s); usual short forms are read.
        what: What the duration is for; messages begin with it.

    Returns:
        Microseconds, rounded; negative where the value is.

    Raises:
        ScheduleError: The value can't be read, is no finite number, or is longer than 10,000 years.
    """
    if isinstance(value, timedelta):
        span = from_timedelta(value)
    elif isinstance(value, str):
        span = _parse_text(value, what)
    elif isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        msg = f"{what} must be {FORMS}; got {value!r}"
        raise ScheduleError(msg)
    else:
        span = round(Fraction(value) * SECOND)
    if abs(span) > _LONGEST:
        msg = f"{what} is longer than 10,000 years: {str(value)[:40]!r}"
        raise ScheduleError(msg)
    return span


def _parse_text(text: str, what: str) -> Span:
    body = text.strip()
    if len(body) > _LONGEST_TEXT:
        msg = f"{what} is {len(body)} characters long; write it like '1 hour 20 min'"
        raise ScheduleError(msg, text=text)
    sign = -1 if body.startswith("-") else 1
    body = _MICRO.sub("us", body[1:].lstrip() if body[:1] in ("-", "+") else body)
    total, position = Fraction(0), 0
    while position < len(body):
        clock = _CLOCK.match(body, position)
        item = clock or _ITEM.match(body, position)
        if item is None:
            break
        total += _clock_span(clock) if clock else _item_span(item, text, what)
        position = item.end()
        if clock:
            break
    if not body or body[position:].strip(" ,\t\n"):
        raise _unreadable(text, what)
    return sign * round(total)


def _clock_span(match: re.Match[str]) -> Fraction:
    seconds = int(match["h"]) * 3600 + int(match["m"]) * 60 + int(match["s"] or 0)
    return (seconds + Fraction(match["f"] or 0)) * SECOND


def _item_span(match: re.Match[str], text: str, what: str) -> Fraction:
    unit = match["unit"].lower()
    if unit not in _UNITS:
        close = difflib.get_close_matches(unit, _UNITS, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else "; units are us, ms, s, min, hour, day, week"
        msg = f"{what}: {match['unit']!r} in {text!r} is no unit of time{hint}"
        raise ScheduleError(
            msg, text=text, position=text.find(match["unit"]), suggestion=close[0] if close else None
        )
    return Fraction(match["number"]) * _UNITS[unit]


def _unreadable(text: str, what: str) -> ScheduleError:
    if re.fullmatch(r"\d+(\.\d+)?", text.strip(), re.ASCII):
        number = text.strip()
        msg = f"{what}: {text!r} has no unit; write '{number} s' or '{number} min'"
        return ScheduleError(msg, text=text, suggestion=f"{number} s")
    return ScheduleError(f"{what} must be {FORMS}; got {text!r}", text=text)


_WORDS: Final = ((DAY, "day", "days"), (HOUR, "hour", "hours"), (MINUTE, "min", "min"), (SECOND, "s", "s"))
_FINE_WORDS: Final = ((MILLISECOND, "ms"), (MICROSECOND, "us"))


def format_duration(span: Span) -> str:
    """Write microseconds in the shortest exact words that `parse_duration` reads back: "1 hour 20 min"."""
    if span < 0:
        return f"-{format_duration(-span)}"
    if span and span % (7 * DAY) == 0:
        weeks = span // (7 * DAY)
        return f"{weeks} week{'s' if weeks > 1 else ''}"
    parts = []
    for unit, singular, plural in _WORDS:
        count, span = divmod(span, unit)
        if count:
            parts.append(f"{count} {singular if count == 1 else plural}")
    for unit, word in _FINE_WORDS:
        count, span = divmod(span, unit)
        if count:
            parts.append(f"{count} {word}")
    return " ".join(parts) or "0 s"
