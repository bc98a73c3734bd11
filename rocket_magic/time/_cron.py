"""Cron: a window for each matching minute (or second). Floor 1, pure."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from datetime import tzinfo
from functools import lru_cache
from typing import Any, Final

from rocket_magic.exc import ScheduleError
from rocket_magic.instants import DAY, HOUR, MINUTE, SECOND, Instant, Span
from rocket_magic.time._calendar import month_of
from rocket_magic.time._cron_text import CronFields, days_of, read_cron
from rocket_magic.time._offsets import Reading, locate, reached, reading, stretch
from rocket_magic.time._plans import CORRECTION
from rocket_magic.time._remembered import RememberingPeriod

__all__ = ["Cron"]

_MONTHS: Final = 50 * 12
"""A search ends after 50 years; every text that ever fires does so within 40."""

_HORIZON: Final = 50 * 366 * DAY
_NEAR: Final = 2 * DAY
"""More than any clock is ever put forward or back."""

_KEYWORDS: Final = ("minute", "hour", "day_of_month", "month", "day_of_week")


@dataclass(frozen=True, slots=True, eq=False)
class _Pattern:
    """Matching readings of a local clock: fitting days, and in each the same times."""

    fields: CronFields
    within: tuple[Span, ...]
    """Matching offsets within a matching hour."""

    def next_time(self, time: Span) -> Span | None:
        """Give the first matching time of day at or after one."""
        hour, rest = divmod(time, HOUR)
        hours, within = self.fields.hours, self.within
        place = bisect_left(hours, hour)
        if place < len(hours) and hours[place] == hour:
            inner = bisect_left(within, rest)
            if inner < len(within):
                return hour * HOUR + within[inner]
            place += 1
        return hours[place] * HOUR + within[0] if place < len(hours) else None

    def previous_time(self, time: Span) -> Span | None:
        """Give the last matching time of day at or before one."""
        hour, rest = divmod(time, HOUR)
        hours, within = self.fields.hours, self.within
        place = bisect_right(hours, hour) - 1
        if place >= 0 and hours[place] == hour:
            inner = bisect_right(within, rest) - 1
            if inner >= 0:
                return hour * HOUR + within[inner]
            place -= 1
        return hours[place] * HOUR + within[-1] if place >= 0 else None

    def next_reading(self, wall: Reading) -> Reading | None:
        """Give the first matching reading at or after one; None when there is none within 50 years."""
        day, time = divmod(wall, DAY)
        year, month = month_of(day)
        days = days_of(self.fields.days, year, month + 1)
        place = bisect_left(days, day)
        if place < len(days) and days[place] == day:
            fitting = self.next_time(time)
            if fitting is not None:
                return day * DAY + fitting
            place += 1
        index = year * 12 + month
        last = index + _MONTHS
        while place == len(days):
            index, place = index + 1, 0
            if index > last:
                return None
            days = days_of(self.fields.days, index // 12, index % 12 + 1)
        return days[place] * DAY + self.fields.hours[0] * HOUR + self.within[0]

    def previous_reading(self, wall: Reading) -> Reading | None:
        """Give the last matching reading at or before one; None when there is none within 50 years."""
        day, time = divmod(wall, DAY)
        year, month = month_of(day)
        days = days_of(self.fields.days, year, month + 1)
        place = bisect_right(days, day) - 1
        if place >= 0 and days[place] == day:
            fitting = self.previous_time(time)
            if fitting is not None:
                return day * DAY + fitting
            place -= 1
        index = year * 12 + month
        first = index - _MONTHS
        while place < 0:
            index -= 1
            if index < first:
                return None
            days = days_of(self.fields.days, index // 12, index % 12 + 1)
            place = len(days) - 1
        return days[place] * DAY + self.fields.hours[-1] * HOUR + self.within[-1]


@lru_cache(maxsize=2048)
def _pattern(text: str, with_seconds: bool) -> _Pattern:
    fields = read_cron(text, with_seconds)
    within = (minute * MINUTE + second * SECOND for minute in fields.minutes for second in fields.seconds)
    return _Pattern(fields, tuple(within))


@dataclass(frozen=True, slots=True, init=False, repr=False)
class Cron(RememberingPeriod):
    """A window for each minute that matches a cron text: `Cron("*/15 9-17 * * MON-FRI")`.

    Fields are minute (0-59), hour (0-23), day of month (1-31), month (1-12 or JAN-DEC) and day of week
    (0-7 or SUN-SAT, 0 and 7 are Sunday). Each is `*`, a value, a range `1-5` (also `FRI-SUN`), a step
    `*/15`, `1-9/2` or `5/15` (from 5 on), or a list of these. Days of the month may be `L` (the last), `LW`
    (the last weekday) and `15W` (the weekday nearest to the 15th); days of the week `5L` (the month's last
    Friday) and `MON#2` (the second Monday). When both day fields are given, one of them is enough; when one
    begins with `*`, both must fit. `@yearly`, `@annually`, `@monthly`, `@weekly`, `@daily`, `@midnight` and
    `@hourly` are short forms.

    Changes of clocks follow Debian's cron. With `*` at the beginning of minute or hour it follows the
    running clock. Otherwise its times are fixed: what the clock skips fires once at the end of the gap, what
    it repeats fires the first time, whether there is a field for seconds or not.

    Args:
        text: The fields, apart by blanks, or a short form; None: take the keywords.
        seconds: A field for seconds (0-59) stands in front, and windows are a second long.
        fields: Single fields by keyword: `minute`, `hour`, `day_of_month`, `month`, `day_of_week`, and
            `second` with `seconds=True`; those not given are `*`.

    Attributes:
        text: The fields apart by one blank each.
        seconds: Whether seconds stand in front.

    Raises:
        ScheduleError: A field can't be read (the message names it, the value and what is accepted), or the
            text can never fire.
    """

    text: str
    seconds: bool
    _key: str
    _pattern: _Pattern = field(compare=False)

    def __init__(self, text: str | None = None, *, seconds: bool = False, **fields: Any) -> None:
        given: object = _from_keywords(fields, seconds=seconds) if text is None else text
        if text is not None and fields:
            msg = f"Cron takes a text or keywords, not both; got {text!r} and {', '.join(fields)}"
            raise ScheduleError(msg)
        if not isinstance(given, str):
            msg = f"cron text must be text like '0 10 * * MON-FRI', got {given!r}"
            raise ScheduleError(msg)
        pattern = _pattern(given, seconds)
        words = " ".join(given.split())
        object.__setattr__(self, "text", words)
        object.__setattr__(self, "seconds", seconds)
        object.__setattr__(self, "_key", words.upper())
        object.__setattr__(self, "_pattern", pattern)

    def __reduce__(self) -> tuple[Any, ...]:
        return _remake, (self.text, self.seconds)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Cron):
            return NotImplemented
        return self._key == other._key and self.seconds == other.seconds

    def __hash__(self) -> int:
        return hash((self._key, self.seconds))

    def opening_after(self, at: Instant, zone: tzinfo) -> Instant | None:
        """Give the first fire after an instant."""
        pattern = self._pattern
        if pattern.fields.fixed:
            wall = pattern.next_reading(reached(zone, at) + 1)
            while wall is not None:
                instant, gap = locate(zone, wall)
                if gap <= CORRECTION:
                    return instant
                wall = pattern.next_reading(reached(zone, instant))
            return None
        low = at + 1
        while low < at + _HORIZON:
            _, end, offset = stretch(zone, low)
            wall = pattern.next_reading(low + offset)
            if wall is None:
                return None
            if wall - offset < end:
                return wall - offset
            repeats = reading(zone, end) < low + offset
            low = end if repeats else max(end, wall - offset - _NEAR)
        return None

    def opening_until(self, at: Instant, zone: tzinfo) -> Instant | None:
        """Give the last fire at or before an instant."""
        pattern = self._pattern
        if pattern.fields.fixed:
            wall = pattern.previous_reading(reached(zone, at))
            while wall is not None:
                instant, gap = locate(zone, wall)
                if gap <= CORRECTION:
                    return instant
                wall = pattern.previous_reading(reached(zone, instant - 1))
            return None
        high = at
        while high > at - _HORIZON:
            start, _, offset = stretch(zone, high)
            wall = pattern.previous_reading(high + offset)
            if wall is None:
                return None
            if wall - offset >= start:
                return wall - offset
            repeats = reading(zone, start - 1) > high + offset
            high = start - 1 if repeats else min(start - 1, wall - offset + _NEAR)
        return None

    def closing(self, opening: Instant, zone: tzinfo) -> Instant:
        """Give the end of the minute (or second); a jump of the clock may bring the next fire sooner."""
        piece = SECOND if self.seconds else MINUTE
        end = opening + piece
        _, until, offset = stretch(zone, opening)
        if until >= end and (opening + offset) % piece == 0:
            return end
        following = self.opening_after(opening, zone)
        return end if following is None else min(end, following)

    def __repr__(self) -> str:
        return f"Cron({self.text!r}{', seconds=True' if self.seconds else ''})"


def _remake(text: str, seconds: bool) -> Cron:
    return Cron(text, seconds=seconds)


def _from_keywords(given: dict[str, Any], *, seconds: bool) -> str:
    names = ("second", *_KEYWORDS) if seconds else _KEYWORDS
    unknown = [name for name in given if name not in names]
    if unknown:
        hint = "; 'second' needs seconds=True" if unknown == ["second"] else ""
        msg = f"Cron has no field {unknown[0]!r}: fields are {', '.join(names)}{hint}"
        raise ScheduleError(msg)
    words = [" ".join(str(given.get(name, "*")).split()) for name in names]
    for name, word in zip(names, words, strict=True):
        if not word or " " in word:
            msg = f"Cron: {name}={given[name]!r} must be one field, like '*/5' or 10"
            raise ScheduleError(msg)
    return " ".join(words)
