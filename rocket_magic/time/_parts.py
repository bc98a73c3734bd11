"""From words and points to plans: what "between 10:00 and 12:00" of a day means. Floor 1, pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from rocket_magic.exc import ScheduleError
from rocket_magic.instants import DAY, Span
from rocket_magic.time._calendar import Calendar, Fixed
from rocket_magic.time._clock_points import ClockReader
from rocket_magic.time._plans import CalendarPlan, Part, Plan, RunningPlan, beats_of
from rocket_magic.time._points import Point, Reader

__all__ = ["Unit", "plan_of", "plan_of_days"]


@dataclass(frozen=True, slots=True)
class Unit:
    """A kind of calendar unit.

    Attributes:
        name: "second" … "year".
        length: Its length in microseconds; of a month or year, the longest.
        reader: Reads places in it.
        point_word: How its phrases name a point: "at 10:00", "on Mon".
        calendar: Numbers its units; None: it follows the running clock.
        step: What `create_range` counts in.
    """

    name: str
    length: Span
    reader: Reader
    point_word: str = "at"
    calendar: Calendar | None = None
    step: Span = DAY


def plan_of(unit: Unit, word: str, points: tuple[Point, ...]) -> Plan:
    """Make the plan of a part of a unit.

    Args:
        unit: The unit.
        word: "" (all of it), "before", "after", "between", "at" or "starting".
        points: The word's values.

    Raises:
        ScheduleError: No time is left between the values.
    """
    parts = _PARTS[word](unit, points)
    if unit.calendar is not None:
        return CalendarPlan(unit.calendar, parts)
    return RunningPlan(unit.length, beats_of(unit.length, parts))


class Hours(Protocol):
    """A part of the day: its word and its values."""

    @property
    def word(self) -> str: ...
    @property
    def points(self) -> tuple[Point, ...]: ...


def plan_of_days(unit: Unit, days: tuple[Point, ...], hours: Hours) -> Plan:
    """Make the plan of a part of some days of a week, month or year.

    Args:
        unit: The unit.
        days: The days in it, whole.
        hours: The part of each; it may last into the next day.

    Raises:
        ScheduleError: No time is left between the values.
    """
    assert unit.calendar is not None
    of_a_day = [(part.opening, _lasting(part)) for part in _PARTS[hours.word](_A_DAY, hours.points)]
    parts = [Part(day.opening + start, length=length) for day in days for start, length in of_a_day]
    return CalendarPlan(unit.calendar, tuple(parts))


def _lasting(part: Part) -> Span:
    if part.closing is None:
        return DAY if part.length is None else part.length
    return part.closing - part.opening + (DAY if part.wraps else 0)


def _whole(unit: Unit, points: tuple[Point, ...]) -> tuple[Part, ...]:  # noqa: ARG001  the table's signature
    return (Part(0),)


def _starting(unit: Unit, points: tuple[Point, ...]) -> tuple[Part, ...]:  # noqa: ARG001  the form that all of the table have
    return tuple(Part(point.opening) for point in points)


def _at(unit: Unit, points: tuple[Point, ...]) -> tuple[Part, ...]:  # noqa: ARG001  the same
    return tuple(
        Part(point.opening, closing=point.closing)
        if point.extent is None
        else Part(point.opening, length=point.extent)
        for point in points
    )


def _after(unit: Unit, points: tuple[Point, ...]) -> tuple[Part, ...]:
    return (Part(points[0].opening, closing=unit.length),)


def _before(unit: Unit, points: tuple[Point, ...]) -> tuple[Part, ...]:
    if points[0].closing == 0:
        msg = f"before {points[0].text!r}: that is where the {unit.name} begins, so no time is left"
        raise ScheduleError(msg, text=points[0].text)
    return (Part(0, closing=points[0].closing),)


def _between(unit: Unit, points: tuple[Point, ...]) -> tuple[Part, ...]:
    first, last = points
    if first.text == last.text and last.opening == last.closing:
        msg = (
            f"between {first.text!r} and {last.text!r}: no time is left; for the whole {unit.name} write "
            f"starting {first.text!r}, for a part of it give a later end"
        )
        raise ScheduleError(msg, text=first.text)
    closing = last.closing if last.closing >= 0 else 31 * DAY + last.closing
    return (Part(first.opening, closing=last.closing, wraps=closing <= first.rank),)


_PARTS: Final[dict[str, Callable[[Unit, tuple[Point, ...]], tuple[Part, ...]]]] = {
    "": _whole,
    "starting": _starting,
    "at": _at,
    "after": _after,
    "before": _before,
    "between": _between,
}

_A_DAY: Final = Unit("day", DAY, ClockReader("day"), calendar=Fixed(DAY, 0))
