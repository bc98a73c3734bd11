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
from typing import Final

from cronsim import CronSim, CronSimError

from rocket_magic.exc import ScheduleError
from rocket_magic.time._calendar import days_before_month, days_in_month

__all__ = ["CronFields", "read_cron"]

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
_STEPPED_LAST: Final = re.compile(r"[LW#].*/|/.*[LW#]")
_LAST: Final = -1000
_LAST_WEEKDAY: Final = -1001
_SATURDAY: Final = 5


@dataclass(frozen=True, slots=True)
class CronFields:
    """What a cron text lets through.

    Attributes:
        seconds: Seconds of the minute, sorted.
        minutes: Minutes of the hour, sorted.
        hours: Hours of the day, sorted.
        days: Days of the month.
        last_day: The month's last day too.
        last_weekday: The month's last day from Monday to Friday too.
        nearest: Also the weekdays nearest to these days, in the same month.
        months: Months, 1-12.
        weekdays: Days of the week, 0 is Monday.
        nth_weekdays: Pairs of a weekday and which one in its month; 0: the last.
        both_days: Whether day of month *and* day of week must fit; else one is enough.
        fixed: Whether neither minute nor hour begins with "*": it then keeps to fixed times (T2, T3).
    """

    seconds: tuple[int, ...]
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    last_day: bool
    last_weekday: bool
    nearest: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    nth_weekdays: frozenset[tuple[int, int]]
    both_days: bool
    fixed: bool

    def days_of(self, year: int, month: int) -> tuple[int, ...]:
        """Give the days of a month (1-12) that fit, counted from 1970-01-01, sorted."""
        return _days_of(self, year, month)

    def _month_days(self, length: int, first_weekday: int) -> set[int]:
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

    def _week_days(self, length: int, first_weekday: int) -> set[int]:
        fitting = {day for day in range(1, length + 1) if (first_weekday + day - 1) % 7 in self.weekdays}
        for weekday, number in self.nth_weekdays:
            first = 1 + (weekday - first_weekday) % 7
            day = first + 7 * (number - 1) if number else first + (length - first) // 7 * 7
            if day <= length:
                fitting.add(day)
        return fitting


def _nearest_weekday(day: int, length: int, weekday: int) -> int:
    if weekday == _SATURDAY:
        return day - 1 if day > 1 else day + 2
    if weekday == _SATURDAY + 1:
        return day + 1 if day < length else day - 2
    return day


@lru_cache(maxsize=8192)
def _days_of(fields: CronFields, year: int, month: int) -> tuple[int, ...]:
    if month not in fields.months:
        return ()
    length, before = days_in_month(year, month - 1), days_before_month(year, month - 1)
    first_weekday = (before + 3) % 7  # 1970-01-01 was a Thursday
    by_month, by_week = fields._month_days(length, first_weekday), fields._week_days(length, first_weekday)  # noqa: SLF001  a part of it, cached
    fitting = by_month & by_week if fields.both_days else by_month | by_week
    return tuple(sorted(before + day - 1 for day in fitting))


@lru_cache(maxsize=2048)
def read_cron(text: str, with_seconds: bool) -> CronFields:
    """Read a cron text.

    Args:
        text: Fields apart by blanks, or a macro.
        with_seconds: Whether a field for seconds stands in front.

    Raises:
        ScheduleError: A field can't be read, or no day ever fits.
    """
    tokens = _tokens(text, with_seconds)
    plain = [_normal(token, place) for place, token in enumerate(tokens)]
    nearest = frozenset(int(match[1]) for item in plain[3].split(",") if (match := _NEAREST.fullmatch(item)))
    if any(not 1 <= day <= 31 for day in nearest):  # noqa: PLR2004  days of a month
        raise _bad_field(text, tokens, 3)
    kept = [item for item in plain[3].split(",") if not _NEAREST.fullmatch(item)]
    both = plain[3].startswith("*") or plain[5].startswith("*")
    plain[3] = ",".join(kept) or "*"
    for place in (3, 5):
        if any(_STEPPED_LAST.search(item) for item in plain[place].split(",")):
            raise _bad_field(text, tokens, place)
    fields = _fields(_parsed(text, tokens, plain), plain, nearest, both=both, no_days=not kept)
    _refuse_never(fields, text, tokens)
    return fields


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


def _normal(token: str, place: int) -> str:
    token = token.upper()
    if place != len(FIELDS):
        return token
    items = (_NAMED_LAST.sub(lambda match: f"{_DAYS.index(match[1])}L", item) for item in token.split(","))
    return ",".join(_TO_SUNDAY.sub(r"\g<1>7", item) for item in items)


def _parsed(text: str, tokens: list[str], plain: list[str]) -> CronSim:
    try:
        return CronSim(" ".join(plain), _ANY_DAY)
    except (CronSimError, ValueError):
        pass
    for place, token in enumerate(plain):
        alone = ["*"] * len(plain)
        alone[place] = token
        try:
            CronSim(" ".join(alone), _ANY_DAY)
        except (CronSimError, ValueError):
            raise _bad_field(text, tokens, place) from None
    raise _never(text, tokens)


def _bad_field(text: str, tokens: list[str], place: int) -> ScheduleError:
    name, accepted = (_SECOND, *FIELDS)[place]
    msg = (
        f"cron {text!r}: {tokens[place]!r} is no {name}; accepted are {accepted}, "
        "lists (1,2), ranges (1-5) and steps (*/2, 1-9/2, 5/2)"
    )
    return ScheduleError(msg, text=text, position=max(text.find(tokens[place]), 0))


def _fields(
    parsed: CronSim, plain: list[str], nearest: frozenset[int], *, both: bool, no_days: bool
) -> CronFields:
    days = set() if no_days else parsed.days
    numbered = {item for item in parsed.weekdays if isinstance(item, tuple)}
    plain_days = {item for item in parsed.weekdays if not isinstance(item, tuple)}
    return CronFields(
        seconds=tuple(sorted(parsed.seconds)),
        minutes=tuple(sorted(parsed.minutes)),
        hours=tuple(sorted(parsed.hours)),
        days=frozenset(day for day in days if day > 0),
        last_day=_LAST in days,
        last_weekday=_LAST_WEEKDAY in days,
        nearest=nearest,
        months=frozenset(parsed.months),
        weekdays=frozenset((day - 1) % 7 for day in plain_days),
        nth_weekdays=frozenset(((day - 1) % 7, max(number, 0)) for day, number in numbered),
        both_days=both,
        fixed=not plain[1].startswith("*") and not plain[2].startswith("*"),
    )


def _refuse_never(fields: CronFields, text: str, tokens: list[str]) -> None:
    # 28 years hold a year of each kind: leap or common, beginning on each day of the week.
    if not any(fields.days_of(year, month) for year in range(2000, 2028) for month in sorted(fields.months)):
        raise _never(text, tokens)


def _never(text: str, tokens: list[str]) -> ScheduleError:
    msg = (
        f"cron {text!r} never fires: no day of month {tokens[3]!r} (1-31) lies in month {tokens[4]!r} (1-12) "
        f"on day of week {tokens[5]!r}"
    )
    return ScheduleError(msg, text=text)
