"""The base of every period: what the scheduler asks in instants, and what users ask in datetimes. Floor 1.

Periods are immutable and stateless; they may be asked from any thread.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING

from rocket_magic.instants import NEVER, Instant, to_instant
from rocket_magic.time._window import Interval, Window

if TYPE_CHECKING:
    from rocket_magic.time._compose import AllPeriods, AnyPeriod

__all__ = ["RecurringPeriod", "TimePeriod"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EARLIEST = datetime.min.replace(tzinfo=UTC)
_FURTHEST = datetime.max.replace(tzinfo=UTC)


class TimePeriod:
    """A recurring (or single) window of time: `TimeOfDay("10:00", "12:00")`, `Cron("0 * * * *")`.

    Windows are half-open: at its first instant a window is open, at its end it is over. A window lies
    before or after another; no two of one period overlap.

    `moment in period` tells whether a datetime lies in a window, `a & b` is open where both are, `a | b`
    where one is. A subclass defines `window`, `next_window` and `previous_window`, equality and hash.
    """

    __slots__ = ()

    def window(self, at: Instant, zone: tzinfo) -> Window | None:
        """Give the window that contains an instant, or None.

        Args:
            at: The instant.
            zone: Whose local clock the period is about.
        """
        raise NotImplementedError

    def next_window(self, at: Instant, zone: tzinfo) -> Window | None:
        """Give the first window that opens after an instant; None when there is none."""
        raise NotImplementedError

    def previous_window(self, at: Instant, zone: tzinfo) -> Window | None:
        """Give the last window that was over at an instant; None when there is none."""
        raise NotImplementedError

    def next_change(self, at: Instant, zone: tzinfo) -> Instant:
        """Give the end of the open window, else the next opening, else `NEVER`."""
        window = self.window(at, zone)
        if window is not None:
            return window.end
        following = self.next_window(at, zone)
        return NEVER if following is None else following.start

    def phrase(self) -> str:
        """Give its words in the phrase language ("between 10:00 and 12:00"); "" for a whole unit."""
        return ""

    def __contains__(self, moment: datetime) -> bool:
        at, zone = _asked(moment)
        return self.window(at, zone) is not None

    def rollforward(self, moment: datetime) -> Interval | None:
        """Give what is left of the open window, or the whole next one.

        Args:
            moment: An aware datetime is taken in its own zone; a naive one is taken as it reads, without
                any change of clocks, and naive datetimes come back.

        Returns:
            The interval, closed on the left; None when no window follows.
        """
        at, zone = _asked(moment)
        window = self.window(at, zone)
        if window is not None:
            return _interval(at, window.end, moment)
        following = self.next_window(at, zone)
        return None if following is None else _interval(following.start, following.end, moment)

    def rollback(self, moment: datetime) -> Interval | None:
        """Give what has passed of the open window, or the whole previous one.

        At the first instant of a window nothing of it has passed: the interval is empty.

        Args:
            moment: As in `rollforward`.

        Returns:
            The interval, closed on the left; None when no window was before.
        """
        at, zone = _asked(moment)
        window = self.window(at, zone)
        if window is not None:
            return _interval(window.start, at, moment)
        past = self.previous_window(at, zone)
        return None if past is None else _interval(past.start, past.end, moment)

    def __and__(self, other: TimePeriod) -> AllPeriods:
        from rocket_magic.time._compose import AllPeriods  # noqa: PLC0415  a composite is a period itself

        return AllPeriods(self, other) if isinstance(other, TimePeriod) else NotImplemented

    def __or__(self, other: TimePeriod) -> AnyPeriod:
        from rocket_magic.time._compose import AnyPeriod  # noqa: PLC0415  composites know the base

        return AnyPeriod(self, other) if isinstance(other, TimePeriod) else NotImplemented


class RecurringPeriod(TimePeriod):
    """A period that knows its openings; windows follow from three questions.

    A subclass answers `opening_after`, `opening_until` and `closing`; the end it gives for an opening lies
    after it and not after the next opening.
    """

    __slots__ = ()

    def opening_after(self, at: Instant, zone: tzinfo) -> Instant | None:
        """Give the first opening after an instant."""
        raise NotImplementedError

    def opening_until(self, at: Instant, zone: tzinfo) -> Instant | None:
        """Give the last opening at or before an instant."""
        raise NotImplementedError

    def closing(self, opening: Instant, zone: tzinfo) -> Instant:
        """Give the end of the window that opens at an instant."""
        raise NotImplementedError

    def window(self, at: Instant, zone: tzinfo) -> Window | None:
        """Give the window that contains an instant, or None."""
        opening = self.opening_until(at, zone)
        if opening is None:
            return None
        end = self.closing(opening, zone)
        return Window(opening, end) if at < end else None

    def next_window(self, at: Instant, zone: tzinfo) -> Window | None:
        """Give the first window that opens after an instant; None when there is none."""
        opening = self.opening_after(at, zone)
        return None if opening is None else Window(opening, self.closing(opening, zone))

    def previous_window(self, at: Instant, zone: tzinfo) -> Window | None:
        """Give the last window that was over at an instant; None when there is none."""
        opening = self.opening_until(at, zone)
        if opening is None:
            return None
        end = self.closing(opening, zone)
        if end > at:
            opening = self.opening_until(opening - 1, zone)
            if opening is None:
                return None
            end = self.closing(opening, zone)
        return Window(opening, end)


def _asked(moment: object) -> tuple[Instant, tzinfo]:
    if not isinstance(moment, datetime):
        msg = f"a period is asked about a datetime, got {moment!r}"
        raise TypeError(msg)
    zone = UTC if moment.tzinfo is None else moment.tzinfo
    return to_instant(moment, zone), zone


def _interval(start: Instant, end: Instant, like: datetime) -> Interval:
    return Interval(_like(start, like), _like(end, like))


def _like(instant: Instant, like: datetime) -> datetime:
    """Give an instant as a datetime of the same kind as `like`; an endless one as the furthest there is."""
    try:
        moment = (_EPOCH + timedelta(microseconds=instant)).astimezone(like.tzinfo or UTC)
    except OverflowError:
        return (_FURTHEST if instant > 0 else _EARLIEST).replace(tzinfo=like.tzinfo)
    return moment if like.tzinfo is not None else moment.replace(tzinfo=None)
