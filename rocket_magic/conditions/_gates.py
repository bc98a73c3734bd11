"""Days and hours in which a repeated schedule may start: "every 10 min on weekdays between 09:00 and 17:00".

Floor 2. A gate has no memory: it only lets starts through while it is open.
"""

from __future__ import annotations

import dataclasses
import difflib
import re
from dataclasses import dataclass
from datetime import tzinfo
from functools import lru_cache
from typing import Any, Final

from rocket_magic.conditions._units import SHORT_UNITS, common_unit
from rocket_magic.exc import ScheduleError
from rocket_magic.instants import NEVER, Instant
from rocket_magic.time import Any as AnyPeriod
from rocket_magic.time import TimeOfDay, TimeOfWeek, TimePeriod
from rocket_magic.time._on_days import OnDays

_WITHIN_DAYS: Final = SHORT_UNITS | {"day"}
DAY_NAMES: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
GROUPS: Final = {"weekdays": (0, 1, 2, 3, 4), "weekends": (5, 6)}
_LONG: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SPELLINGS: Final = {
    **{name.lower(): index for index, name in enumerate(DAY_NAMES)},
    **{name: index for index, name in enumerate(_LONG)},
    **{f"{name}s": index for index, name in enumerate(_LONG)},
    "tues": 1,
    "weds": 2,
    "thur": 3,  # codespell:ignore thur
    "thurs": 3,
}
_GROUP_SPELLINGS: Final = {"weekday": "weekdays", "weekend": "weekends"}


def are_days(value: object) -> bool:
    """Tell whether a value names days of the week: "Mon", "Monday", "weekdays", "Mon-Fri"."""
    if not isinstance(value, str):
        return False
    words = [word.strip() for word in re.split(r"[-,]", value.lower())]
    return all(word in _SPELLINGS or _GROUP_SPELLINGS.get(word, word) in GROUPS for word in words)


def is_group(value: object) -> bool:
    """Tell whether a value names a group of days: "weekdays", "weekends"."""
    return isinstance(value, str) and _GROUP_SPELLINGS.get(value.lower(), value.lower()) in GROUPS


def read_days(values: tuple[Any, ...]) -> tuple[int, ...]:
    """Turn day names, groups and ranges into sorted weekday numbers (Monday is 0).

    Raises:
        ScheduleError: A value names no day.
    """
    days: set[int] = set()
    for value in values:
        if not are_days(value):
            msg = (
                f"{value!r} names no day of the week: "
                'write "weekdays", "weekends", "Mon", "Monday" or a range like "Mon-Fri"'
            )
            names = (*GROUPS, *DAY_NAMES, *map(str.capitalize, _LONG))
            close = difflib.get_close_matches(str(value), names, n=1, cutoff=0.5)
            raise ScheduleError(msg, text=str(value), suggestion=close[0] if close else None)
        for item in value.lower().split(","):
            days.update(_days_of(item.strip()))
    if not days:
        msg = 'name at least one day of the week, like "weekdays" or "Mon", "Wed"'
        raise ScheduleError(msg)
    return tuple(sorted(days))


def _days_of(item: str) -> tuple[int, ...]:
    item = _GROUP_SPELLINGS.get(item, item)
    if item in GROUPS:
        return GROUPS[item]
    first, *rest = (word.strip() for word in item.split("-"))
    if first not in _SPELLINGS or any(word not in _SPELLINGS for word in rest) or len(rest) > 1:
        msg = f"{item!r} is no range of days: write it like Mon-Fri"
        raise ScheduleError(msg, text=item)
    start = _SPELLINGS[first]
    span = (_SPELLINGS[rest[0]] - start) % 7 if rest else 0
    return tuple((start + offset) % 7 for offset in range(span + 1))


@lru_cache(maxsize=256)
def days_period(days: tuple[int, ...]) -> TimePeriod:
    """Give the days of each week as a period; neighbouring days are one window."""
    starts = [day for day in days if (day - 1) % 7 not in days]
    if not starts:
        return TimeOfWeek()
    runs = []
    for start in starts:
        end = start
        while (end + 1) % 7 in days:
            end = (end + 1) % 7
        runs.append(TimeOfWeek(DAY_NAMES[start], DAY_NAMES[end]))
    return runs[0] if len(runs) == 1 else AnyPeriod(*runs)


@dataclass(frozen=True, slots=True)
class Gates:
    """When starts are let through.

    Hours that wrap over midnight belong to the day on which they begin: "on Sat between 22:00 and 02:00" is
    the night to Sunday.

    Attributes:
        days: Weekday numbers, Monday is 0; empty: every day.
        hours: A part of the day; None: all day.
    """

    days: tuple[int, ...] = ()
    hours: TimePeriod | None = None
    _periods: tuple[TimePeriod, ...] = dataclasses.field(init=False, compare=False, repr=False, default=())

    def __post_init__(self) -> None:
        periods = () if self.hours is None else (self.hours,)
        if self.days:
            days = days_period(self.days)
            periods = (days,) if self.hours is None else (OnDays(self.hours, days),)
        object.__setattr__(self, "_periods", periods)

    def on(self, values: tuple[Any, ...]) -> Gates:
        """Let starts through on these days only."""
        if self.days:
            words = self._day_words()
            msg = f"the days are already set to {words}: name all of them at once, like on('Mon', 'Wed')"
            raise ScheduleError(msg)
        days = read_days(values)
        return dataclasses.replace(self, days=() if len(days) == len(DAY_NAMES) else days)

    def within(self, method: str, values: tuple[Any, ...]) -> Gates:
        """Let starts through in a part of the day only."""
        if self.hours is not None:
            msg = f"the hours are already set ({self.hours.phrase()}): combine two windows with |"
            raise ScheduleError(msg)
        return dataclasses.replace(self, hours=getattr(TimeOfDay(), method)(*values))

    def periods(self) -> tuple[TimePeriod, ...]:
        """Give the periods that must all be open."""
        return self._periods

    def open(self, now: Instant, zone: tzinfo) -> bool:
        """Tell whether starts are let through at `now`."""
        for period in self._periods:  # noqa: SIM110  asked at each look, and faster than all()
            if period.window(now, zone) is None:
                return False
        return True

    def look(self, now: Instant, zone: tzinfo) -> tuple[bool, Instant]:
        """Give `open` and `next_change` at once."""
        opens, closes = now, NEVER
        for period in self._periods:
            window = period.window(now, zone)
            if window is None:
                opens = max(opens, period.next_change(now, zone))
            elif window.end < closes:
                closes = window.end
        return (True, closes) if opens == now else (False, opens)

    def next_change(self, now: Instant, zone: tzinfo) -> Instant:
        """Give the earliest instant at which `open` may differ."""
        return self.look(now, zone)[1]

    def of(self, period: TimePeriod) -> tuple[TimePeriod, Gates]:
        """Give the windows of a schedule by the day or less that are let through, and what is left to ask.

        The days are those on which a window opens, so that `daily.at("23:30").on("Sat")` is once, late on
        Saturday, and not at midnight when Friday's hour still lasts.
        """
        if not self.days or self.hours is not None or common_unit(period) not in _WITHIN_DAYS:
            return period, self
        return OnDays(period, days_period(self.days)), NO_GATES

    def _day_words(self) -> str:
        for name, days in GROUPS.items():
            if self.days == days:
                return name
        return ", ".join(DAY_NAMES[day] for day in self.days)

    def phrase(self) -> str:
        """Give the words behind a schedule, with a leading blank, or ""."""
        days = f" on {self._day_words()}" if self.days else ""
        return days if self.hours is None else f"{days} {self.hours.phrase()}"

    def python(self) -> str:
        """Give the calls behind a schedule, or ""."""
        names = self._day_words().split(", ")
        days = f".on({', '.join(map(repr, names))})" if self.days else ""
        return days if self.hours is None else f"{days}{window_call(self.hours)}"


def window_call(period: TimePeriod) -> str:
    """Write a window as method calls: "between 10:00 and 12:00" is `.between('10:00', '12:00')`."""
    calls = getattr(period, "calls", None)
    return "" if calls is None else str(calls())


NO_GATES: Final = Gates()
