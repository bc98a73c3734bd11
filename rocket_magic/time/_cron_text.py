"""Cron text, read: what each field lets through, or an error that names the field. Floor 1, pure.

Fields are parsed by cronsim. Before it we read what it does not know (`FRI-SUN`, `15W`, `MONL`, macros) and
refuse what it would take for something else (`L/2`, letters of other alphabets that upper-case to ours).
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from cronsim import CronSim, CronSimError

from rocket_magic.exc import ScheduleError
from rocket_magic.time._calendar import days_before_month, days_in_month

__all__ = ["CronDays", "CronFields", "days_of", "read_cron"]

MACROS: Final = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}

FIELDS: Final = (
    ("minute", "0-59"),
    ("hour", "0-23"),
    ("day of month", "1-31, L (the last), LW (the last weekday), 15W (the weekday nearest to the 15th)"),
    ("month", "1-12 or JAN-DEC"),
    ("day of week", "0-7 (0 and 7 are Sunday) or SUN-SAT, 5L (the last Friday), MON#2 (the second Monday)"),
)
_SECOND: Final = ("second", "0-59")
_LONGEST: Final = 1_000
_ANY_DAY: Final = datetime(2000, 1, 1)  # noqa: DTZ001  cronsim wants a start; nothing is asked about it
_DAYS: Final = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_NEAREST: Final = re.compile(r"(\d{1,2})W")
_NAMED_LAST: Final = re.compile(rf"({'|'.join(_DAYS)})L")
_TO_SUNDAY: Final = re.compile(r"((?:MON|TUE|WED|THU|FRI|SAT|[1-6])-)SUN(?=/|$)")
_STEPPED_DAY: Final = re.compile(r"[LW].*/|/.*[LW]")
_STEPPED_WEEKDAY: Final = re.compile(r"[L#].*/|/.*[L#]")
_CRONSIM: Final = ("seconds", "minutes", "hours", "days", "months", "weekdays")
_LAST: Final = -1000
_LAST_WEEKDAY: Final = -1001
_SATURDAY: Final = 5


@dataclass(frozen=True, slots=True, eq=False)
class CronDays:
    """The days that fit; texts with equal day fields share one, and so its cached months.

    Attributes:
        days: Days of the month.
        last_day: The month's last day too.
        last_weekday: The month's last day from Monday to Friday too.
        nearest: Also the weekdays nearest to these days, in the same month.
        months: Months, 1-12.
        weekdays: Days of the week, 0 is Monday.
        nth_weekdays: Pairs of a weekday and which one in its month; 0: the last.
        both: Whether day of month *and* day of week must fit; else one is enough.
    """

    days: frozenset[int]
    last_day: bool
    last_weekday: bool
    nearest: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    nth_weekdays: frozenset[tuple[int, int]]
    both: bool

    def month_days(self, length: int, first_weekday: int) -> set[int]:
        """Give the days that fit by their number, in a month of a length that begins on a weekday."""
        fitting = {day for day in self.days if day <= length}
        last_weekday = (first_weekday + length - 1) % 7
        if self.last_day:
            fitting.add(length)
        if self.last_weekday:
            fitting.add(length - max(0, last_weekday - _SATURDAY + 1))
        for day in self.nearest:
            if day <= length:
                fitting.add(_nearest_weekday(day, length, (first_weekday + day - 1) % 7))
        return fitting

    def week_days(self, length: int, first_weekday: int) -> set[int]:
        """Give the days that fit by their weekday, in a month of a length that begins on a weekday."""
        fitting = {day for day in range(1, length + 1) if (first_weekday + day - 1) % 7 in self.weekdays}
        for weekday, number in self.nth_weekdays:
            first = 1 + (weekday - first_weekday) % 7
            day = first + 7 * (number - 1) if number else first + (length - first) // 7 * 7
            if day <= length:
                fitting.add(day)
        return fitting


@dataclass(frozen=True, slots=True, eq=False)
class CronFields:
    """What a cron text lets through.

    Attributes:
        seconds: Seconds of the minute, sorted.
        minutes: Minutes of the hour, sorted.
        hours: Hours of the day, sorted.
        days: The days.
        fixed: Whether neither minute nor hour begins with "*": it then keeps to fixed times (T2, T3).
    """

    seconds: tuple[int, ...]
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: CronDays
    fixed: bool


def _nearest_weekday(day: int, length: int, weekday: int) -> int:
    if weekday == _SATURDAY:
        return day - 1 if day > 1 else day + 2
    if weekday == _SATURDAY + 1:
        return day + 1 if day < length else day - 2
    return day


@lru_cache(maxsize=8192)
def days_of(fields: CronDays, year: int, month: int) -> tuple[int, ...]:
    """Give the days of a month (1-12) that fit, counted from 1970-01-01, sorted."""
    if month not in fields.months:
        return ()
    length, before = days_in_month(year, month - 1), days_before_month(year, month - 1)
    first_weekday = (before + 3) % 7  # 1970-01-01 was a Thursday
    by_month, by_week = fields.month_days(length, first_weekday), fields.week_days(length, first_weekday)
    fitting = by_month & by_week if fields.both else by_month | by_week
    return tuple(sorted(before + day - 1 for day in fitting))


def read_cron(text: str, with_seconds: bool) -> CronFields:
    """Read a cron text.

    Args:
        text: Fields apart by blanks, or a macro.
        with_seconds: Whether a field for seconds stands in front.

    Raises:
        ScheduleError: A field can't be read, or no day ever fits.
    """
    tokens = _tokens(text, with_seconds)
    plain = [token.upper() for token in tokens]
    clock = [_values(place, plain[place]) for place in range(3)]
    if None in clock:
        raise _bad_field(text, tokens, clock.index(None))
    days = _days(plain[3], plain[4], plain[5])
    if isinstance(days, int):
        raise _bad_field(text, tokens, days)
    if days is None:
        raise _never(text, tokens)
    seconds, minutes, hours = (tuple(sorted(values or ())) for values in clock)
    fixed = not plain[1].startswith("*") and not plain[2].startswith("*")
    return CronFields(seconds, minutes, hours, days, fixed)


@lru_cache(maxsize=4096)
def _values(place: int, field: str) -> frozenset[Any] | None:
    """Give what one field lets through, as cronsim reads it; None when it can't be read."""
    fields = ["*"] * (len(FIELDS) + 1)
    fields[place] = field
    try:
        parsed = CronSim(" ".join(fields), _ANY_DAY)
    except (CronSimError, ValueError):
        return None
    return frozenset(getattr(parsed, _CRONSIM[place]))


@lru_cache(maxsize=2048)
def _days(month_days: str, months: str, week_days: str) -> CronDays | int | None:
    """Read the three day fields.

    Returns:
        The days; the place of a field that can't be read; or None when no day ever fits.
    """
    items = month_days.split(",")
    nearest = frozenset(int(match[1]) for item in items if (match := _NEAREST.fullmatch(item)))
    numbered = ",".join(item for item in items if not _NEAREST.fullmatch(item))
    days = _values(3, numbered) if numbered else frozenset()
    if days is None or not nearest <= set(range(1, 32)) or any(map(_STEPPED_DAY.search, items)):
        return 3
    in_year = _values(4, months)
    if in_year is None:
        return 4
    week_items = [_plain_weekday(item) for item in week_days.split(",")]
    in_week = _values(5, ",".join(week_items))
    if in_week is None or any(map(_STEPPED_WEEKDAY.search, week_items)):
        return 5
    nth = {item for item in in_week if isinstance(item, tuple)}
    fields = CronDays(
        days=frozenset(day for day in days if day > 0),
        last_day=_LAST in days,
        last_weekday=_LAST_WEEKDAY in days,
        nearest=nearest,
        months=in_year,
        weekdays=frozenset((day - 1) % 7 for day in in_week - nth),
        nth_weekdays=frozenset(((day - 1) % 7, max(number, 0)) for day, number in nth),
        both=month_days.startswith("*") or week_days.startswith("*"),
    )
    # 28 years hold a year of each kind: leap or common, beginning on each day of the week.
    fits = any(days_of(fields, year, month) for year in range(2000, 2028) for month in sorted(in_year))
    return fields if fits else None


def _plain_weekday(item: str) -> str:
    """Write a list item as cronsim knows it: FRIL as 5L, FRI-SUN as FRI-7."""
    item = _NAMED_LAST.sub(lambda match: f"{_DAYS.index(match[1])}L", item)
    return _TO_SUNDAY.sub(r"\g<1>7", item)


def _tokens(text: str, with_seconds: bool) -> list[str]:
    stripped = text.strip()
    if len(stripped) > _LONGEST:
        msg = f"cron text is {len(stripped)} characters long; five fields need no more than {_LONGEST}"
        raise ScheduleError(msg)
    if stripped.startswith("@"):
        return ["0", *_macro(stripped).split()]
    tokens = stripped.split()
    wanted = len(FIELDS) + with_seconds
    if len(tokens) != wanted:
        names = ", ".join(name for name, _ in ((_SECOND, *FIELDS) if with_seconds else FIELDS))
        hint = "; for a field of seconds pass seconds=True" if len(tokens) == len(FIELDS) + 1 else ""
        msg = f"cron text has {wanted} fields ({names}), got {len(tokens)} in {text!r}{hint}"
        raise ScheduleError(msg, text=text)
    tokens = tokens if with_seconds else ["0", *tokens]
    for place, token in enumerate(tokens):
        if not token.isascii():
            raise _bad_field(text, tokens, place)
    return tokens


def _macro(text: str) -> str:
    if text.lower() == "@reboot":
        msg = "cron '@reboot' is no time: give the task on_startup=True instead"
        raise ScheduleError(msg, text=text)
    if text.lower() not in MACROS:
        close = difflib.get_close_matches(text.lower(), MACROS, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        msg = f"cron {text!r} is no macro: use {', '.join(MACROS)}, or five fields{hint}"
        raise ScheduleError(msg, text=text, suggestion=close[0] if close else None)
    return MACROS[text.lower()]


def _bad_field(text: str, tokens: list[str], place: int) -> ScheduleError:
    name, accepted = (_SECOND, *FIELDS)[place]
    msg = (
        f"cron {text!r}: {tokens[place]!r} is no {name}; accepted are {accepted}, "
        "lists (1,2), ranges (1-5) and steps (*/2, 1-9/2, 5/2)"
    )
    return ScheduleError(msg, text=text, position=max(text.find(tokens[place]), 0))


def _never(text: str, tokens: list[str]) -> ScheduleError:
    msg = (
        f"cron {text!r} never fires: no day of month {tokens[3]!r} (1-31) lies in month {tokens[4]!r} (1-12) "
        f"on day of week {tokens[5]!r}"
    )
    return ScheduleError(msg, text=text)
