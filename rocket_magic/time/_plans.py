"""When the parts of a calendar unit open and close. Floor 1, pure.

Two plans, after the rules of RELIABILITY.md 3.1:

* `RunningPlan`, for seconds, minutes and hours, follows the running clock (T4): a window opens whenever
  the clock shows its opening. A skipped hour is absent, a repeated hour is an hour of its own, and where
  the clock jumps by half an hour the hour lasts until the clock shows the next full one.
* `CalendarPlan`, for days, weeks, months and years, is fixed (T2, T3): each window opens once, at the
  first instant that reaches its opening. Windows that open in one gap are one window. A window that lies
  in a gap altogether opens at the gap's end and lasts as long as it would have; in a gap of more than
  three hours (T6, a change of the date line) it is left out.

In both, a window ends no later than the next one opens.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Final, NamedTuple, Protocol

from rocket_magic.instants import HOUR, Instant, Span
from rocket_magic.time._calendar import Calendar, Fixed
from rocket_magic.time._offsets import Reading, locate, reached, stretch
from rocket_magic.time._window import Window

__all__ = ["CORRECTION", "Beat", "CalendarPlan", "Part", "Plan", "RunningPlan", "beats_of"]

CORRECTION: Final = 3 * HOUR
"""A larger jump of the clock is a correction: nothing is made up for it (T6)."""

_UNITS: Final = 60
"""How many units are searched for an opening; 29 February comes at least every 8 years."""


class Plan(Protocol):
    """Answers when windows open and close."""

    def window(self, at: Instant, zone: tzinfo) -> Window | None:
        """Give the window that contains an instant, or None."""
        ...

    def next_window(self, at: Instant, zone: tzinfo) -> Window | None:
        """Give the first window that opens after an instant."""
        ...

    def opening_after(self, at: Instant, zone: tzinfo) -> Instant | None:
        """Give the first opening after an instant."""
        ...

    def opening_until(self, at: Instant, zone: tzinfo) -> Instant | None:
        """Give the last opening at or before an instant."""
        ...

    def closing(self, opening: Instant, zone: tzinfo) -> Instant:
        """Give the end of the window that opens at an instant."""
        ...


class Part(NamedTuple):
    """One window of a unit, in offsets from the unit's start.

    Attributes:
        opening: Where it opens.
        closing: Where it closes in the same unit, or in the next when it `wraps`; None: by `length`.
        length: How long it is on the local clock; None when it closes at a place, or (both None) when the
            next window opens.
        wraps: Whether it closes in the unit after.
    """

    opening: Span
    closing: Span | None = None
    length: Span | None = None
    wraps: bool = False


class Beat(NamedTuple):
    """A window that comes back at equal distances on the local clock.

    Attributes:
        base: Where it opens, counted from the start of a unit.
        span: Its length on the local clock, cut where the next one opens.
        endless: Whether it lasts until the next one opens, wherever the clock puts that.
    """

    base: Span
    span: Span
    endless: bool


def beats_of(unit: Span, parts: tuple[Part, ...]) -> tuple[Beat, ...]:
    """Turn the windows of a unit of fixed length into beats, in order of opening."""
    bases = sorted({part.opening % unit for part in parts})
    beats = []
    for place, base in enumerate(bases):
        following = bases[(place + 1) % len(bases)]
        distance = (following - base - 1) % unit + 1
        lengths = [_length(unit, part) for part in parts if part.opening % unit == base]
        longest = max(distance if length is None else length for length in lengths)
        beats.append(Beat(base, min(longest, distance), None in lengths))
    return tuple(beats)


def _newest(beats: tuple[Beat, ...], wall: Reading, unit: Span) -> tuple[Span, Beat]:
    """Give the beat that opened last, and how long ago."""
    beat = beats[0]
    if len(beats) == 1:
        return (wall - beat.base) % unit, beat
    return min(((wall - beat.base) % unit, beat) for beat in beats)


def _oldest(beats: tuple[Beat, ...], wall: Reading, unit: Span) -> tuple[Span, Beat]:
    """Give the beat that opened first within the last unit, and so opens next, and how long ago."""
    beat = beats[0]
    if len(beats) == 1:
        return (wall - beat.base) % unit, beat
    return max(((wall - beat.base) % unit, beat) for beat in beats)


def _length(unit: Span, part: Part) -> Span | None:
    if part.closing is None:
        return part.length
    length = part.closing - part.opening + (unit if part.wraps else 0)
    return None if length == unit else length


@dataclass(frozen=True, slots=True)
class RunningPlan:
    """Windows that follow the running clock.

    Args:
        unit: Length of the unit: a second, a minute or an hour.
        beats: Its windows.
    """

    unit: Span
    beats: tuple[Beat, ...]

    def window(self, at: Instant, zone: tzinfo) -> Window | None:
        """Give the window that contains an instant, or None."""
        unit = self.unit
        start, until, offset = stretch(zone, at)
        shown = at + offset
        since, beat = _newest(self.beats, shown, unit)
        opening = at - since
        end = opening + beat.span
        if opening < start or end >= until:
            opening = self.opening_until(at, zone)
            end = self.closing(opening, zone)
        return Window(opening, end) if at < end else None

    def next_window(self, at: Instant, zone: tzinfo) -> Window | None:
        """Give the first window that opens after an instant."""
        unit = self.unit
        _, until, offset = stretch(zone, at)
        shown = at + offset
        since, beat = _oldest(self.beats, shown, unit)
        opening = at + unit - since
        end = opening + beat.span
        if end < until:
            return Window(opening, end)
        opening = self.opening_after(at, zone)
        return Window(opening, self.closing(opening, zone))

    def opening_after(self, at: Instant, zone: tzinfo) -> Instant:
        """Give the first opening after an instant."""
        unit = self.unit
        _, end, offset = stretch(zone, at)
        opening = at + unit - max((at + offset - beat.base) % unit for beat in self.beats)
        while opening >= end:
            after = end
            _, end, offset = stretch(zone, after)
            opening = after + min((beat.base - offset - after) % unit for beat in self.beats)
        return opening

    def opening_until(self, at: Instant, zone: tzinfo) -> Instant:
        """Give the last opening at or before an instant."""
        unit = self.unit
        start, _, offset = stretch(zone, at)
        opening = at - min((at + offset - beat.base) % unit for beat in self.beats)
        while opening < start:
            before = start - 1
            start, _, offset = stretch(zone, before)
            opening = before - min((before + offset - beat.base) % unit for beat in self.beats)
        return opening

    def closing(self, opening: Instant, zone: tzinfo) -> Instant:
        """Give the end of the window that opens at an instant."""
        unit = self.unit
        _, until, offset = stretch(zone, opening)
        place = (opening + offset) % unit
        beat = next(beat for beat in self.beats if beat.base == place)
        end = opening + beat.span
        if end < until or (end == until and not beat.endless):
            return end
        following = self.opening_after(opening, zone)
        if beat.endless:
            return following
        # The clock jumps inside the window: it goes on only while the clock shows a time inside it.
        shown = (until + stretch(zone, until).offset - place) % unit
        return min(until + max(beat.span - shown, 0), following)


@dataclass(frozen=True, slots=True)
class CalendarPlan:
    """Windows in days, weeks, months or years.

    Args:
        calendar: The units.
        parts: Their windows, in order of opening.
    """

    calendar: Calendar
    parts: tuple[Part, ...]
    _unit: Span = field(init=False, default=0)
    _found: tuple[Beat, ...] | None = field(init=False, default=None, compare=False)

    def __post_init__(self) -> None:
        if isinstance(self.calendar, Fixed):
            object.__setattr__(self, "_unit", self.calendar.length)

    def __reduce__(self) -> tuple[type[CalendarPlan], tuple[Calendar, tuple[Part, ...]]]:
        """Travel without what was found meanwhile."""
        return CalendarPlan, (self.calendar, self.parts)

    @property
    def _beats(self) -> tuple[Beat, ...]:
        """The windows as beats, where the units are all of one length; found when first asked for."""
        found = self._found
        if found is None:
            found = ()
            if isinstance(self.calendar, Fixed):
                origin = self.calendar.origin
                beats = beats_of(self.calendar.length, self.parts)
                found = tuple(Beat(beat.base + origin, beat.span, beat.endless) for beat in beats)
            object.__setattr__(self, "_found", found)
        return found

    def window(self, at: Instant, zone: tzinfo) -> Window | None:
        """Give the window that contains an instant, or None."""
        beats = self._beats
        if beats:
            wall, unit = reached(zone, at), self._unit
            since, beat = _newest(beats, wall, unit)
            opening, gap = locate(zone, wall - since)
            if not gap:
                end, _ = locate(zone, wall - since + beat.span)
                return Window(opening, end) if at < end else None
        last = self.opening_until(at, zone)
        if last is None:
            return None
        end = self.closing(last, zone)
        return Window(last, end) if at < end else None

    def next_window(self, at: Instant, zone: tzinfo) -> Window | None:
        """Give the first window that opens after an instant."""
        beats = self._beats
        if beats:
            wall, unit = reached(zone, at), self._unit
            since, beat = _oldest(beats, wall, unit)
            opening, gap = locate(zone, wall + unit - since)
            if not gap:
                return Window(opening, locate(zone, wall + unit - since + beat.span)[0])
        following = self.opening_after(at, zone)
        return None if following is None else Window(following, self.closing(following, zone))

    def occurrences(self, index: int) -> list[tuple[Reading, Reading]]:
        """Give the windows that open in one unit as readings, in order."""
        if len(self.parts) == 1:
            window = self._occurrence(index, self.parts[0])
            return [window] if window else []
        found = (self._occurrence(index, part) for part in self.parts)
        return sorted(window for window in found if window)

    def _occurrence(self, index: int, part: Part) -> tuple[Reading, Reading] | None:
        opening, closing, length, wraps = part
        start, exists = self.calendar.place(index, opening)
        if closing is not None:
            end = self.calendar.place(index + 1 if wraps else index, closing)[0]
            return (start, end) if start < end else None
        if not exists:
            return None
        if length is not None:
            return start, start + length
        return start, self._next_start(index, opening)

    def _next_start(self, index: int, opening: Span) -> Reading:
        """Give where the same part opens in the next unit that has it."""
        while True:
            index += 1
            start, exists = self.calendar.place(index, opening)
            if exists:
                return start

    def _takes_place(self, start: Reading, end: Reading, zone: tzinfo) -> Instant | None:
        """Give the instant at which a window opens; None when a correction of the clock swallowed it."""
        instant, gap = locate(zone, start)
        return None if gap > CORRECTION and end <= reached(zone, instant) else instant

    def opening_after(self, at: Instant, zone: tzinfo) -> Instant | None:
        """Give the first opening after an instant."""
        wall = reached(zone, at)
        first = self.calendar.index(wall)
        for index in range(first, first + _UNITS):
            for start, end in self.occurrences(index):
                if start > wall:
                    instant = self._takes_place(start, end, zone)
                    if instant is not None:
                        return instant
        return None

    def opening_until(self, at: Instant, zone: tzinfo) -> Instant | None:
        """Give the last opening at or before an instant."""
        wall = reached(zone, at)
        last = self.calendar.index(wall)
        for index in range(last, last - _UNITS, -1):
            for start, end in reversed(self.occurrences(index)):
                if start <= wall:
                    instant = self._takes_place(start, end, zone)
                    if instant is not None:
                        return instant
        return None

    def closing(self, opening: Instant, zone: tzinfo) -> Instant:
        """Give the end of the window that opens at an instant."""
        wall = reached(zone, opening)
        if len(self.parts) == 1:
            window = self._occurrence(self.calendar.index(wall), self.parts[0])
            if window and window[0] == wall:
                instant, _ = locate(zone, window[1])
                if instant > opening:
                    return instant
        before = reached(zone, opening - 1)
        ends = [
            self._end(opening, start, end, zone)
            for start, end in self._opened_between(before, wall)
            if self._takes_place(start, end, zone) is not None
        ]
        following = self.opening_after(opening, zone)
        return min(max(ends), following) if following is not None else max(ends)

    def _opened_between(self, before: Reading, wall: Reading) -> Iterator[tuple[Reading, Reading]]:
        # One unit earlier too: a window of a month that lacks its first day opens on the first of the next.
        for index in range(self.calendar.index(before + 1) - 1, self.calendar.index(wall) + 1):
            for start, end in self.occurrences(index):
                if before < start <= wall:
                    yield start, end

    @staticmethod
    def _end(opening: Instant, start: Reading, end: Reading, zone: tzinfo) -> Instant:
        instant, _ = locate(zone, end)
        return instant if instant > opening else opening + end - start
