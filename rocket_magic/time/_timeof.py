"""Parts of calendar units: `TimeOfDay("10:00", "12:00")`, `TimeOfWeek.on("Mon", "Wed")`. Floor 1."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any, ClassVar, Final, Self

from rocket_magic.exc import ScheduleError
from rocket_magic.instants import DAY, HOUR, MILLISECOND, MINUTE, SECOND, Instant, Span
from rocket_magic.time._calendar import Fixed, Months, Years
from rocket_magic.time._clock_points import ClockReader
from rocket_magic.time._dated_points import MonthReader, WeekReader, YearReader
from rocket_magic.time._duration import parse_duration
from rocket_magic.time._parts import Unit, plan_of, plan_of_days
from rocket_magic.time._plans import Plan
from rocket_magic.time._points import Point
from rocket_magic.time._remembered import RememberingPeriod
from rocket_magic.time._window import Window

__all__ = [
    "TimeOfDay",
    "TimeOfHour",
    "TimeOfMinute",
    "TimeOfMonth",
    "TimeOfSecond",
    "TimeOfWeek",
    "TimeOfYear",
]

_MONDAY: Final = 4 * DAY
"""1970-01-05, a Monday."""


@dataclass(frozen=True, slots=True, init=False, repr=False)
class _TimeOf(RememberingPeriod):
    """A part of each unit of one kind; without bounds the whole unit.

    Whole numbers are pieces of the unit and inclusive as an end: `TimeOfDay(10, 11)` is 10:00 to 12:00.
    Clock text is exclusive as an end: `TimeOfDay("10", "12")` is 10:00 to 12:00. Names of days and
    months as an end include all of it. An end before its start wraps over the boundary:
    `TimeOfDay("22:00", "02:00")`.

    Args:
        start: Where the window opens; None: with the unit.
        end: Where it closes; None: with the unit.
        time_point: The window is one piece of the unit long, from `start` on (as `at` makes it).
        starting: The whole unit, but beginning here: `TimeOfDay(starting="06:00")` is 06:00 to 06:00.
        right_closed: The last instant belongs to the window too (where the end is clock text).

    Raises:
        ScheduleError: A value can't be read, or no time is left between the bounds.
    """

    word: str
    points: tuple[Point, ...]
    hours: TimeOfDay | None
    _plan: Plan = field(compare=False)

    _unit: ClassVar[Unit]

    def __init__(
        self,
        start: Any = None,
        end: Any = None,
        time_point: bool | None = None,
        starting: Any = None,
        right_closed: bool = False,
    ) -> None:
        reader = self._unit.reader
        if starting is not None:
            self._refuse_also("starting", start, end)
            self._set("starting", (reader.start(starting),))
        elif time_point:
            if start is None or end is not None:
                msg = f"{type(self).__name__}: time_point=True needs a start and no end"
                raise ScheduleError(msg)
            self._set("at", (reader.start(start),))
        else:
            self._set_bounds(start, end, right_closed=right_closed)

    def _refuse_also(self, option: str, *others: Any) -> None:
        if any(other is not None for other in others):
            msg = f"{type(self).__name__}: {option} can't be combined with a start or an end"
            raise ScheduleError(msg)

    def _set_bounds(self, start: Any, end: Any, *, right_closed: bool) -> None:
        reader = self._unit.reader
        first = None if start is None else reader.start(start)
        last = None if end is None else reader.end(end)
        if last is not None and right_closed and last.opening == last.closing < self._unit.length:
            last = reader.at_offset(last.closing + 1)
        if first is not None and last is not None:
            self._set("between", (first, last))
        elif first is not None:
            self._set("after", (first,))
        elif last is not None:
            self._set("before", (last,))
        else:
            self._set("", ())

    def _set(self, word: str, points: tuple[Point, ...], hours: TimeOfDay | None = None) -> None:
        plan = plan_of(self._unit, word, points) if hours is None else plan_of_days(self._unit, points, hours)
        object.__setattr__(self, "word", word)
        object.__setattr__(self, "points", points)
        object.__setattr__(self, "hours", hours)
        object.__setattr__(self, "_plan", plan)

    @classmethod
    def _with_points(cls, word: str, values: tuple[Any, ...]) -> Self:
        if not values:
            msg = f"{cls.__name__}.{word}() needs at least one value"
            raise ScheduleError(msg)
        points = {point.text: point for point in map(cls._unit.reader.start, values)}
        return cls._made(word, tuple(sorted(points.values(), key=lambda point: (point.rank, point.text))))

    @classmethod
    def _made(cls, word: str, points: tuple[Point, ...], hours: TimeOfDay | None = None) -> Self:
        period = cls()
        period._set(word, points, hours)
        return period

    @classmethod
    def at(cls, *values: Any) -> Self:
        """Take one piece of the unit from each value on.

        A piece is a millisecond of a second, a second of a minute, a minute of an hour, an hour of a day, a
        day of a week or month; in a year the month, or the day where one is named. Where the next value
        comes sooner, the piece ends there. A month or year that lacks the day (31st, Feb 29) is left out,
        as cron does; `TimeOfMonth.at("last")` is the last day of every month.

        Args:
            values: Where the windows open, in any order.

        Raises:
            ScheduleError: A value can't be read, or there is none.
        """
        return cls._with_points("at", values)

    @classmethod
    def on(cls, *values: Any) -> Self:
        """Take one piece of the unit from each value on; the same as `at`."""
        return cls._with_points("at", values)

    @classmethod
    def starting(cls, *values: Any) -> Self:
        """Take the whole unit, but beginning at a value: `TimeOfWeek.starting("Tue")`.

        Args:
            values: With several, each window lasts until the next of them.

        Raises:
            ScheduleError: A value can't be read, or there is none.
        """
        return cls._with_points("starting", values)

    def during(self, hours: TimeOfDay) -> Self:
        """Take a part of each named day: `TimeOfWeek.on("Sun").during(TimeOfDay.after("03:00"))`.

        A part that wraps over midnight (22:00 to 02:00) begins on the day and ends on the next.

        Args:
            hours: The part of the day.

        Raises:
            ScheduleError: The windows are not days, as `on` makes them, or have a time already.
        """
        whole_days = self.word == "at" and all(
            point.extent == DAY and point.opening % DAY == 0 for point in self.points
        )
        if self.hours is not None or not whole_days or self._unit.step < DAY:
            msg = f"{self!r}: hours can be taken of whole days only, as in TimeOfWeek.on('Sun')"
            raise ScheduleError(msg)
        part: object = hours
        if not isinstance(part, TimeOfDay):
            msg = f"{self!r}.during takes a part of the day like TimeOfDay.after('03:00'), got {hours!r}"
            raise ScheduleError(msg)
        return self._made(self.word, self.points, part) if part.word else self

    @classmethod
    def before(cls, end: Any) -> Self:
        """Take the unit up to a value (inclusive for whole numbers and for names of days and months)."""
        return cls(None, end)

    @classmethod
    def after(cls, start: Any) -> Self:
        """Take the unit from a value on."""
        return cls(start, None)

    @classmethod
    def between(cls, start: Any, end: Any) -> Self:
        """Take the part between two values; it wraps over the boundary when the end comes first."""
        return cls(start, end)

    @classmethod
    def create_range(cls, start: Any = None, end: Any = None, step: Any = None) -> Self:
        """Take the pieces at regular steps: `TimeOfDay.create_range("08:00", "18:00", "2 hours")`.

        Args:
            start: The first; None: where the unit begins.
            end: Where they stop: exclusive for clock text, inclusive for whole numbers and names; None:
                where the unit ends.
            step: Pieces to go on by (a whole number), or a duration; None: one piece.

        Raises:
            ScheduleError: A value can't be read, the step is not above zero, or the range is empty.
        """
        unit = cls._unit
        first = 0 if start is None else unit.reader.start(start).opening
        stop = unit.length if end is None else unit.reader.end(end).closing
        offsets = _year_steps(first, stop, step) if unit.name == "year" else _steps(unit, first, stop, step)
        if not offsets:
            msg = f"{cls.__name__}.create_range({start!r}, {end!r}) is empty: the end must come later"
            raise ScheduleError(msg)
        return cls._with_points("at", tuple(unit.reader.at_offset(offset).text for offset in offsets))

    def _find_window(self, at: Instant, zone: tzinfo) -> Window | None:
        """Give the window that contains an instant, or None."""
        return self._plan.window(at, zone)

    def _find_next(self, at: Instant, zone: tzinfo) -> Window | None:
        """Give the first window that opens after an instant; None when there is none."""
        return self._plan.next_window(at, zone)

    def opening_after(self, at: Instant, zone: tzinfo) -> Instant | None:
        """Give the first opening after an instant."""
        return self._plan.opening_after(at, zone)

    def opening_until(self, at: Instant, zone: tzinfo) -> Instant | None:
        """Give the last opening at or before an instant."""
        return self._plan.opening_until(at, zone)

    def closing(self, opening: Instant, zone: tzinfo) -> Instant:
        """Give the end of the window that opens at an instant."""
        return self._plan.closing(opening, zone)

    def phrase(self) -> str:
        """Give its words in the phrase language: "between 10:00 and 12:00"; "" without bounds."""
        texts = [point.text for point in self.points]
        if self.word == "between":
            return f"between {texts[0]} and {texts[1]}"
        words = f"{self._written} {', '.join(texts)}".rstrip()
        return words if self.hours is None else f"{words} {self.hours.phrase()}"

    def calls(self) -> str:
        """Give the calls that narrow the unit: ".between('10:00', '12:00')"; "" without bounds."""
        if not self.word:
            return ""
        arguments = ", ".join(repr(point.text) for point in self.points)
        return f".{self._written}({arguments})" + ("" if self.hours is None else self.hours.calls())

    @property
    def _written(self) -> str:
        return self._unit.point_word if self.word == "at" else self.word

    def __repr__(self) -> str:
        arguments = ", ".join(repr(point.text) for point in self.points)
        method = "" if self.word in ("", "between") else f".{self._written}"
        hours = "" if self.hours is None else f".during({self.hours!r})"
        return f"{type(self).__name__}{method}({arguments}){hours}"


_MOST_STEPS: Final = 10_000


def _steps(unit: Unit, first: Span, stop: Span, step: Any) -> list[Span]:
    whole = isinstance(step, int) and not isinstance(step, bool)
    span = (
        unit.step
        if step is None
        else step * unit.step
        if whole
        else parse_duration(step, "create_range: step")
    )
    if span <= 0 or (stop - first) // span > _MOST_STEPS:
        msg = f"create_range: the step must be above zero and give at most {_MOST_STEPS} pieces, got {step!r}"
        raise ScheduleError(msg)
    return list(range(first, stop, span))


def _year_steps(first: Span, stop: Span, step: Any) -> list[Span]:
    if step is not None and (not isinstance(step, int) or isinstance(step, bool) or step <= 0):
        msg = f"create_range: the step of a year is a number of months, got {step!r}"
        raise ScheduleError(msg)
    months = [YearReader().start(number).opening for number in range(1, 13)]
    return [month for month in months if first <= month < stop][:: step or 1]


class TimeOfSecond(_TimeOf):
    """A part of each second: `TimeOfSecond("250 ms", "500 ms")`.

    Bounds are text ("250 ms", ".250") or milliseconds 0-999; construction and methods as for `TimeOfDay`.
    Repeated by the running clock.
    """

    __slots__ = ()
    _unit = Unit("second", SECOND, ClockReader("second"), step=MILLISECOND)


class TimeOfMinute(_TimeOf):
    """A part of each minute: `TimeOfMinute("15", "30")`.

    Bounds are text in seconds ("15", "15.250") or seconds 0-59; construction and methods as for
    `TimeOfDay`. Repeated by the running clock.
    """

    __slots__ = ()
    _unit = Unit("minute", MINUTE, ClockReader("minute"), step=SECOND)


class TimeOfHour(_TimeOf):
    """A part of each hour: `TimeOfHour("15:00", "30:00")`.

    Bounds are text in minutes and seconds ("15:00", "15"), quarters ("2 quarter" is 15:00 to 30:00) or
    minutes 0-59; construction and methods as for `TimeOfDay`. Repeated by the running clock: an hour that
    the clock repeats in autumn is an hour of its own, the one it skips in spring is absent.
    """

    __slots__ = ()
    _unit = Unit("hour", HOUR, ClockReader("hour"), step=MINUTE)


class TimeOfDay(_TimeOf):
    """A part of each local day: `TimeOfDay("10:00", "12:00")`; without bounds the day itself.

    Clock text ("10:00", "10:00:30.5", "10", "2 pm", a `datetime.time`) is exclusive as an end, and "24:00"
    is the end of the day. Whole numbers are hours 0-23 and inclusive as an end: `TimeOfDay(10, 11)` is
    10:00 to 12:00. An end before the start wraps over midnight: `TimeOfDay("22:00", "02:00")`.
    `TimeOfDay.at("10:00")` is 10:00 to 11:00; `at`, `on`, `starting`, `before`, `after`, `between` and
    `create_range` make parts of every unit alike.

    A day is as long as the local clock makes it. A part opens once a day: when the clock skips it, at the
    end of the gap; when the clock repeats it, the first time (rules T2 and T3; Debian's cron does so too).

    Args:
        start: Where the window opens; None: with the unit.
        end: Where it closes; None: with the unit.
        time_point: The window is one piece of the unit long, from `start` on (as `at` makes it).
        starting: The whole unit, but beginning here: `TimeOfDay(starting="06:00")` is 06:00 to 06:00.
        right_closed: The last instant belongs to the window too (where the end is clock text).

    Raises:
        ScheduleError: A value can't be read, or no time is left between the bounds.
    """

    __slots__ = ()
    _unit = Unit("day", DAY, ClockReader("day"), calendar=Fixed(DAY, 0), step=HOUR)


class TimeOfWeek(_TimeOf):
    """A part of each week, from Monday on: `TimeOfWeek("Mon", "Fri")` is Monday to the end of Friday.

    Bounds are days ("Fri", "Friday", or 1 for Monday to 7), inclusive as an end, or a day with a clock
    time ("Fri 17:00"), exclusive as an end; construction and methods as for `TimeOfDay`.
    """

    __slots__ = ()
    _unit = Unit("week", 7 * DAY, WeekReader(), "on", Fixed(7 * DAY, _MONDAY))


class TimeOfMonth(_TimeOf):
    """A part of each month: `TimeOfMonth("1st", "5th")` is the first to the end of the fifth.

    Bounds are days (5, "5", "5th", "5.", "last"), inclusive as an end, or a day with a clock time
    ("5th 10:00"), exclusive as an end; construction and methods as for `TimeOfDay`.

    Months without a day: `TimeOfMonth.on("31st")` and `starting("31st")` leave out months that have none,
    as cron does ("last" is in every month). A window from "25th" to "31st" ends with the month. One that
    would open on a missing day and wraps over ("31st" to "2nd") opens on the first of the next month.
    """

    __slots__ = ()
    _unit = Unit("month", 31 * DAY, MonthReader(), "on", Months())


class TimeOfYear(_TimeOf):
    """A part of each year: `TimeOfYear("Feb", "Apr")` is February to the end of April.

    Bounds are months ("Feb", "February", or 1 to 12) or days ("Feb 29", "24 Dec"), inclusive as an end, or
    a day with a clock time ("Dec 24 18:00"), exclusive as an end; construction and methods as for
    `TimeOfDay`. `TimeOfYear.on("Feb 29")` is in leap years only; a window from or to "Feb 29" begins with
    1 March, or ends with 28 February, in a common year.
    """

    __slots__ = ()
    _unit = Unit("year", 366 * DAY, YearReader(), "on", Years())
