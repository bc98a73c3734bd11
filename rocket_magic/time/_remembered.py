"""Periods that remember the window they were asked for last. Floor 1.

A scheduler asks a period again and again about moments that lie close together: nearly always in the same
window, or in the same gap. What is remembered is a value that follows from the period and the zone alone, in
one tuple that is replaced as a whole, so any thread may ask; it belongs to one object and is no part of it
(equality, hash and pickles don't see it).
"""

from __future__ import annotations

from datetime import tzinfo

from rocket_magic.instants import Instant
from rocket_magic.time._base import RecurringPeriod
from rocket_magic.time._window import Window

__all__ = ["RememberingPeriod"]

_Known = tuple[tzinfo, Instant, Instant, Window | None]
"""A zone; the instants [low, high) for which an answer holds; the answer."""


class RememberingPeriod(RecurringPeriod):
    """A recurring period; a subclass finds windows by `_find_window` and `_find_next`."""

    __slots__ = ("_following", "_open")
    _open: _Known
    _following: _Known

    def _find_window(self, at: Instant, zone: tzinfo) -> Window | None:
        """Give the window that contains an instant, or None."""
        return RecurringPeriod.window(self, at, zone)

    def _find_next(self, at: Instant, zone: tzinfo) -> Window | None:
        """Give the first window that opens after an instant; None when there is none."""
        return RecurringPeriod.next_window(self, at, zone)

    def window(self, at: Instant, zone: tzinfo) -> Window | None:
        """Give the window that contains an instant, or None."""
        try:
            known, low, high, window = self._open
        except AttributeError:  # never asked yet
            pass
        else:
            if low <= at < high and known is zone:
                return window
        window = self._find_window(at, zone)
        if window is not None:
            object.__setattr__(self, "_open", (zone, window.start, window.end, window))
            return window
        following = self.next_window(at, zone)
        if following is not None:  # a search that found nothing within its bound may find something later
            object.__setattr__(self, "_open", (zone, at, following.start, None))
        return None

    def next_window(self, at: Instant, zone: tzinfo) -> Window | None:
        """Give the first window that opens after an instant; None when there is none."""
        try:
            known, low, high, following = self._following
        except AttributeError:
            pass
        else:
            if low <= at < high and known is zone:
                return following
        following = self._find_next(at, zone)
        if following is not None:
            object.__setattr__(self, "_following", (zone, at, following.start, following))
        return following
