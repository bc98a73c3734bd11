"""Periods made of periods: open where all are (`&`), or where one is (`|`). Floor 1, pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import tzinfo
from typing import Final

from rocket_magic.exc import ScheduleError
from rocket_magic.instants import DAY, NEVER, Instant
from rocket_magic.time._base import TimePeriod
from rocket_magic.time._window import Window

__all__ = ["AllPeriods", "AnyPeriod", "always", "never"]

_HORIZON: Final = 50 * 366 * DAY
_STEPS: Final = 5_000
"""A search for a common window gives up after 50 years or so many steps."""

_CHAIN: Final = 500
"""Windows that overlap one after another more often than this are taken as overlapping for ever."""

_EVER: Final = Window(-NEVER, NEVER)


@dataclass(frozen=True, slots=True, init=False, repr=False)
class _Composite(TimePeriod):
    periods: tuple[TimePeriod, ...]

    def __init__(self, *periods: TimePeriod) -> None:
        object.__setattr__(self, "periods", tuple(self._flat(periods)))

    @classmethod
    def _flat(cls, periods: tuple[object, ...]) -> Iterator[TimePeriod]:
        for period in periods:
            if not isinstance(period, TimePeriod):
                msg = f"{period!r} is no time period: combine periods like TimeOfDay('10:00', '12:00')"
                raise ScheduleError(msg)
            if isinstance(period, cls) and period.periods:
                yield from period.periods
            else:
                yield period

    def _text(self, sign: str, nothing: str, other: type[TimePeriod]) -> str:
        if not self.periods:
            return nothing
        parts = [f"({part!r})" if isinstance(part, other) else repr(part) for part in self.periods]
        return f" {sign} ".join(parts) if len(parts) > 1 else f"{type(self).__name__}({parts[0]})"


class AllPeriods(_Composite):
    """Open where every one of its periods is (`&`); without any it is always open.

    Its windows are the overlaps: the hours of a morning are
    `TimeOfHour() & TimeOfDay("08:00", "12:00")`. Where the parts' windows follow each other without a
    break, so do its own.

    Args:
        periods: The parts; parts that are "all" themselves are taken apart.
    """

    __slots__ = ()

    def window(self, at: Instant, zone: tzinfo) -> Window | None:
        """Give the overlap around an instant, or None."""
        start, end = -NEVER, NEVER
        for period in self.periods:
            window = period.window(at, zone)
            if window is None:
                return None
            start, end = max(start, window.start), min(end, window.end)
        return Window(start, end) if start < end else None  # yesterday and this hour have nothing in common

    def next_window(self, at: Instant, zone: tzinfo) -> Window | None:
        """Give the first overlap that opens after an instant; None when none does within 50 years."""
        openings = [window.start for period in self.periods if (window := period.next_window(at, zone))]
        instant = min(openings, default=None)
        for _ in range(_STEPS):
            if instant is None or instant > at + _HORIZON:
                return None
            shut = [period for period in self.periods if period.window(instant, zone) is None]
            if not shut:
                return self.window(instant, zone)
            following = [period.next_window(instant, zone) for period in shut]
            instant = max((window.start for window in following if window), default=None)
            if None in following:
                return None
        return None

    def previous_window(self, at: Instant, zone: tzinfo) -> Window | None:
        """Give the last overlap that was over at an instant; None when none was within 50 years."""
        instant = at
        for _ in range(_STEPS):
            if instant < at - _HORIZON:
                return None
            shut = [period for period in self.periods if period.window(instant - 1, zone) is None]
            if shut:
                past = [period.previous_window(instant, zone) for period in shut]
                if None in past:
                    return None
                instant = min(window.end for window in past if window)
                continue
            overlap = self.window(instant - 1, zone)
            if overlap is None or overlap.end <= at:
                return overlap
            instant = overlap.start
        return None

    def __repr__(self) -> str:
        return self._text("&", "always", AnyPeriod)


class AnyPeriod(_Composite):
    """Open where one of its periods is (`|`); without any it is never open.

    Windows that overlap are one window; windows that only touch stay two. Parts that overlap for ever
    (whole days from midnight, and whole days from six) make one endless window.

    Args:
        periods: The parts; parts that are "any" themselves are taken apart.
    """

    __slots__ = ()

    def window(self, at: Instant, zone: tzinfo) -> Window | None:
        """Give the union of overlapping windows around an instant, or None."""
        around = self._around(at, zone)
        if not around:
            return None
        start, end = min(window.start for window in around), max(window.end for window in around)
        for _ in range(_CHAIN):
            earlier = min(window.start for window in self._around(start, zone))
            later = max(window.end for window in self._around(end - 1, zone))
            if earlier == start and later == end:
                return Window(start, end)
            start, end = earlier, later
        return _EVER

    def _around(self, at: Instant, zone: tzinfo) -> list[Window]:
        return [window for period in self.periods if (window := period.window(at, zone))]

    def next_window(self, at: Instant, zone: tzinfo) -> Window | None:
        """Give the first union that opens after an instant; None when there is none."""
        instant = at
        while True:
            openings = [
                window.start for period in self.periods if (window := period.next_window(instant, zone))
            ]
            if not openings:
                return None
            opening = min(openings)
            union = self.window(opening, zone)
            if union is None or union.start == opening:
                return union
            if union.end == NEVER:
                return None
            instant = union.end - 1

    def previous_window(self, at: Instant, zone: tzinfo) -> Window | None:
        """Give the last union that was over at an instant; None when there is none."""
        instant = at
        while True:
            ends = [
                window.end for period in self.periods if (window := period.previous_window(instant, zone))
            ]
            if not ends:
                return None
            union = self.window(max(ends) - 1, zone)
            if union is None or union.end <= at:
                return union
            if union.start == -NEVER:
                return None
            instant = union.start

    def __repr__(self) -> str:
        return self._text("|", "never", AllPeriods)


always: Final = AllPeriods()
"""Open at every instant."""

never: Final = AnyPeriod()
"""Open at none."""
