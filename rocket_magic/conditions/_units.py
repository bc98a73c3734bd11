"""The calendar units of schedules: their words, and the periods behind them. Floor 2."""

from __future__ import annotations

from functools import cache
from typing import Any, Final, Self

from rocket_magic.exc import ScheduleError
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

UNITS: Final[dict[str, type[TimePeriod]]] = {
    "second": TimeOfSecond,
    "minute": TimeOfMinute,
    "hour": TimeOfHour,
    "day": TimeOfDay,
    "week": TimeOfWeek,
    "month": TimeOfMonth,
    "year": TimeOfYear,
}
UNIT_KINDS: Final = frozenset(UNITS.values())
_UNIT_OF: Final = {kind: unit for unit, kind in UNITS.items()}
ONCE: Final = {
    "secondly": "second",
    "minutely": "minute",
    "hourly": "hour",
    "daily": "day",
    "weekly": "week",
    "monthly": "month",
    "yearly": "year",
}
"""Words of the schedules that run once per unit."""

ONCE_WORD: Final = {unit: word for word, unit in ONCE.items()}
WINDOW_METHODS: Final = ("before", "after", "between", "at", "on", "starting")
HOUR_METHODS: Final = ("before", "after", "between", "at")
"""Behind a day of a longer unit they take a part of that day: `weekly.on("Sun").after("03:00")`."""

LONG_UNITS: Final = frozenset({"week", "month", "year"})
SHORT_UNITS: Final = frozenset({"second", "minute", "hour"})
"""Units with several windows a day: a part of the day may be a gate before them."""


def unit_of(period: TimePeriod) -> str | None:
    """Give the unit of which a period is a part, or None when it is of another kind."""
    return _UNIT_OF.get(type(period))


def common_unit(period: TimePeriod) -> str | None:
    """Give the unit of which a period, or each of its members, is a part; None when there is no one unit."""
    unit = unit_of(period)
    if unit is not None:
        return unit
    units = {common_unit(member) for member in getattr(period, "periods", ())}
    return units.pop() if len(units) == 1 else None


def is_whole(period: TimePeriod) -> bool:
    """Tell whether a period is a whole calendar unit."""
    unit = unit_of(period)
    return unit is not None and period == whole(unit)


@cache
def whole(unit: str) -> TimePeriod:
    """Give the period of a whole unit; made once, since conditions ask for it whenever they are asked."""
    return UNITS[unit]()


def narrowed(period: TimePeriod, method: str, values: tuple[Any, ...]) -> TimePeriod:
    """Take a part of a whole unit.

    Raises:
        ScheduleError: The period has a window already, or a value can't be read.
    """
    if not is_whole(period):
        if method in HOUR_METHODS and are_named_days(period):
            return _of_the_days(period, method, values)
        msg = (
            f"the window is already set ({period.phrase() or period!r}): give several values to at(...), "
            "combine two schedules with |, or add hours by & like '& time of day between 09:00 and 17:00'"
        )
        raise ScheduleError(msg)
    if not values:
        msg = f"{method}() needs a value, like {method}('10:00')"
        raise ScheduleError(msg)
    try:
        part: TimePeriod = getattr(period, method)(*values)
    except ScheduleError as error:
        _refuse_hours_without_a_day(period, method, values, error)
        raise
    return part


_DAY_OF: Final = {"week": "Mon", "month": "1st", "year": "Feb 29"}


def _refuse_hours_without_a_day(
    period: TimePeriod, method: str, values: tuple[Any, ...], error: ScheduleError
) -> None:
    """Say "which day?" when hours stand where the days of a longer unit are meant."""
    unit = unit_of(period) or ""
    if unit not in LONG_UNITS or method not in HOUR_METHODS:
        return
    try:
        hours = getattr(TimeOfDay, method)(*values)
    except ScheduleError:
        return
    word, day = ONCE_WORD[unit], _DAY_OF[unit]
    msg = f"{error.message}; for hours name the day first, like '{word} on {day} {hours.phrase()}'"
    raise ScheduleError(msg, text=error.text, position=error.position, suggestion=error.suggestion) from error


def are_named_days(period: TimePeriod) -> bool:
    """Tell whether a period is days of longer units, as `weekly.on("Sun")` has them, without hours yet."""
    word, hours = getattr(period, "word", ""), getattr(period, "hours", None)
    return unit_of(period) in LONG_UNITS and word == "at" and hours is None


def _of_the_days(period: TimePeriod, method: str, values: tuple[Any, ...]) -> TimePeriod:
    hours = getattr(TimeOfDay, method)(*values)
    part: TimePeriod = period.during(hours)  # type: ignore[attr-defined]  # it is a part of a unit
    return part


class Windowed:
    """The window methods of a condition over a calendar unit (a mixin, so that they are documented once).

    A class that takes part defines `_narrow(method, values)`.
    """

    __slots__ = ()

    def _narrow(self, method: str, values: tuple[Any, ...]) -> Self:
        raise NotImplementedError

    def before(self, end: Any) -> Self:
        """Take the part of the unit before `end`: `daily.before("10:00")`.

        Behind a day of a week, month or year, take that part of the day: `monthly.on("1st").before("12:00")`.
        The same goes for `after`, `between` and `at`.
        """
        return self._narrow("before", (end,))

    def after(self, start: Any) -> Self:
        """Take the part of the unit from `start` on: `daily.after("10:00")`."""
        return self._narrow("after", (start,))

    def between(self, start: Any, end: Any) -> Self:
        """Take the part from `start` to `end`; wraps over the unit's boundary when `start` is later.

        Beside days, a part that wraps over midnight belongs to the day on which it begins:
        `daily.on("Sat").between("22:00", "02:00")` and `every("10 min").on("Sat").between("22:00", "02:00")`
        last from Saturday 22:00 to Sunday 02:00. Two conditions joined by `&` are an intersection instead.
        """
        return self._narrow("between", (start, end))

    def at(self, *values: Any) -> Self:
        """Take one subunit from each value on: `daily.at("10:00", "14:30")`, `weekly.at("Mon")`."""
        return self._narrow("at", values)

    def on(self, *values: Any) -> Self:
        """Take one subunit from each value on, as `at` does: `weekly.on("Mon", "Wed")`."""
        return self._narrow("on", values)

    def starting(self, *values: Any) -> Self:
        """Let the unit begin at a value: `daily.starting("06:00")` is 06:00 to 06:00.

        With several, a window lasts from each of them to the next.
        """
        return self._narrow("starting", values)
