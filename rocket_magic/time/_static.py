"""Windows that don't recur: fixed ones, and ones that are counted from the moment of asking. Floor 1."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from typing import Final

from rocket_magic.clock import SystemClock
from rocket_magic.exc import ScheduleError
from rocket_magic.instants import DAY, NEVER, Instant, Span, to_instant
from rocket_magic.time._base import TimePeriod
from rocket_magic.time._duration import format_duration, parse_duration
from rocket_magic.time._offsets import locate, reached
from rocket_magic.time._window import Window
from rocket_magic.time._zones import as_zone

__all__ = ["RelativeDay", "StaticInterval", "TimeDelta", "TimeSpanDelta"]

_Moment = datetime | date | str


@dataclass(frozen=True, slots=True, init=False, repr=False)
class StaticInterval(TimePeriod):
    """One fixed window: `StaticInterval("2026-03-01", "2026-04-01")`.

    Args:
        start: A datetime or ISO text (naive: on the local clock of whoever asks), a date, or None: always.
        end: The same; the window ends just before it.

    Raises:
        ScheduleError: A value can't be read, or the end is not after the start.
    """

    start: datetime | None
    end: datetime | None

    def __init__(
        self, start: datetime | date | str | None = None, end: datetime | date | str | None = None
    ) -> None:
        first, last = _moment(start, "start"), _moment(end, "end")
        if first is not None and last is not None and to_instant(last, UTC) <= to_instant(first, UTC):
            msg = f"StaticInterval: the end ({end}) must be after the start ({start})"
            raise ScheduleError(msg)
        object.__setattr__(self, "start", first)
        object.__setattr__(self, "end", last)

    def phrase(self) -> str:
        """Give its words in the phrase language: "from 2026-03-01 until 2026-04-01"."""
        start = "" if self.start is None else f"from {_written(self.start)}"
        end = "" if self.end is None else f"until {_written(self.end)}"
        return f"{start} {end}".strip() or "until ever"

    def __repr__(self) -> str:
        bounds = [None if bound is None else _written(bound) for bound in (self.start, self.end)]
        shown = bounds if bounds[1] is not None else bounds[:1] if bounds[0] is not None else []
        return f"StaticInterval({', '.join(map(repr, shown))})"

    def _window(self, zone: tzinfo) -> Window:
        start = -NEVER if self.start is None else _instant(self.start, zone)
        return Window(start, NEVER if self.end is None else _instant(self.end, zone))

    def window(self, at: Instant, zone: tzinfo) -> Window | None:
        """Give the window when it contains the instant."""
        window = self._window(zone)
        return window if at in window else None

    def next_window(self, at: Instant, zone: tzinfo) -> Window | None:
        """Give the window when it is still to come."""
        window = self._window(zone)
        return window if window.start > at else None

    def previous_window(self, at: Instant, zone: tzinfo) -> Window | None:
        """Give the window when it is over."""
        window = self._window(zone)
        return window if window.end <= at else None


def _instant(moment: datetime, zone: tzinfo) -> Instant:
    try:
        return to_instant(moment, zone)
    except OverflowError:  # a day from an end of the calendar, no zone matters
        return to_instant(moment.replace(tzinfo=UTC), UTC)


def _written(moment: datetime) -> str:
    """Write a moment as ISO text, as short as it reads back."""
    if moment.tzinfo is None and moment.time() == time():
        return moment.date().isoformat()
    whole = not (moment.second or moment.microsecond)
    return moment.isoformat(" ", "minutes" if whole else "auto")


def _moment(value: _Moment | None, what: str) -> datetime | None:
    if value is None:
        return None
    if isinstance(value, datetime):
        return _at_an_offset(value)
    if isinstance(value, date):
        return datetime.combine(value, time())
    try:
        return _at_an_offset(datetime.fromisoformat(value))
    except (TypeError, ValueError):
        forms = "a datetime, a date or ISO text like '2026-03-01 10:00'"
        msg = f"StaticInterval: the {what} must be {forms}, got {value!r}"
        raise ScheduleError(msg, text=str(value)) from None


def _at_an_offset(moment: datetime) -> datetime:
    """Give an aware moment with a plain offset, so that equal moments are equal in every zone."""
    offset = moment.utcoffset()
    if offset is None:
        return moment
    there = timezone(offset) if offset % timedelta(minutes=1) == timedelta() else UTC
    return moment.astimezone(UTC).astimezone(there)


class _Sliding(TimePeriod):
    """A stretch around the moment of asking: at every moment there is one, so none ever opens or ends."""

    __slots__ = ()

    def next_window(self, at: Instant, zone: tzinfo) -> Window | None:
        """Give None: it slides along and never opens."""
        return None

    def previous_window(self, at: Instant, zone: tzinfo) -> Window | None:
        """Give None: it slides along and is never over."""
        return None

    def next_change(self, at: Instant, zone: tzinfo) -> Instant:
        """Give `NEVER`: seen from any moment, there is a stretch."""
        return NEVER

    def __contains__(self, moment: datetime) -> bool:
        """Tell whether a datetime lies in the stretch as seen now (naive: on the clock of the system)."""
        zone = moment.tzinfo or as_zone(None)
        window = self.window(SystemClock().now(), zone)
        return window is not None and to_instant(moment, zone) in window


def _length(value: object, what: str) -> Span:
    span = parse_duration(value, what)  # type: ignore[arg-type]  # it refuses what it can't read
    if span < 0:
        msg = f"{what} must not be negative, got {value!r}"
        raise ScheduleError(msg)
    return span


@dataclass(frozen=True, slots=True, init=False, repr=False)
class TimeDelta(_Sliding):
    """The time just before, and just after, the moment of asking: `TimeDelta("2 hours")`.

    `window(at)` is the stretch seen from `at`; `moment in delta` asks from now.

    Args:
        past: How far back: text, seconds or a timedelta.
        future: How far ahead; the moment of asking itself always belongs to it.

    Raises:
        ScheduleError: A length can't be read or is negative.
    """

    past: Span
    future: Span

    def __init__(self, past: str | float | timedelta = 0, future: str | float | timedelta = 0) -> None:
        object.__setattr__(self, "past", _length(past, "TimeDelta: past"))
        object.__setattr__(self, "future", _length(future, "TimeDelta: future"))

    def window(self, at: Instant, zone: tzinfo) -> Window | None:
        """Give the stretch seen from an instant."""
        return Window(at - self.past, at + max(self.future, 1))

    def __repr__(self) -> str:
        future = f", {format_duration(self.future)!r}" if self.future else ""
        return f"TimeDelta({format_duration(self.past)!r}{future})"


@dataclass(frozen=True, slots=True, init=False, repr=False)
class TimeSpanDelta(_Sliding):
    """A stretch in the past: from `far` ago until `near` ago, seen from the moment of asking.

    Args:
        near: How long ago it ends: text, seconds or a timedelta.
        far: How long ago it begins; None: it has no beginning.

    Raises:
        ScheduleError: A length can't be read or is negative, or `far` is not before `near`.
    """

    near: Span
    far: Span | None

    def __init__(self, near: str | float | timedelta = 0, far: str | float | timedelta | None = None) -> None:
        object.__setattr__(self, "near", _length(near, "TimeSpanDelta: near"))
        object.__setattr__(self, "far", None if far is None else _length(far, "TimeSpanDelta: far"))
        if self.far is not None and self.far <= self.near:
            msg = f"TimeSpanDelta: far ({far!r}) must be longer ago than near ({near!r})"
            raise ScheduleError(msg)

    def window(self, at: Instant, zone: tzinfo) -> Window | None:
        """Give the stretch seen from an instant (it need not contain it)."""
        return Window(-NEVER if self.far is None else at - self.far, at - self.near)

    def __repr__(self) -> str:
        far = "" if self.far is None else f", {format_duration(self.far)!r}"
        return f"TimeSpanDelta({format_duration(self.near)!r}{far})"


_DAYS: Final = {"today": 0, "yesterday": -1, "the_day_before": -2, "tomorrow": 1}


@dataclass(frozen=True, slots=True, init=False, repr=False)
class RelativeDay(_Sliding):
    """A local day counted from the moment of asking: `RelativeDay("yesterday")`.

    Args:
        day: "today", "yesterday", "the_day_before" (yesterday) or "tomorrow".

    Raises:
        ScheduleError: The day has another name.
    """

    day: str

    def __init__(self, day: str) -> None:
        name = str(day).strip().lower().replace(" ", "_")
        if name not in _DAYS:
            close = difflib.get_close_matches(name, _DAYS, n=1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            msg = f"RelativeDay: the day is one of {', '.join(map(repr, _DAYS))}, got {day!r}{hint}"
            raise ScheduleError(msg, text=str(day), suggestion=close[0] if close else None)
        object.__setattr__(self, "day", name)

    def window(self, at: Instant, zone: tzinfo) -> Window | None:
        """Give the day seen from an instant (it need not contain it)."""
        start = (reached(zone, at) // DAY + _DAYS[self.day]) * DAY
        return Window(locate(zone, start)[0], locate(zone, start + DAY)[0])

    def __repr__(self) -> str:
        return f"RelativeDay({self.day!r})"
