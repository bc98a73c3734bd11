"""Windows of a period that open on some days of the week. Floor 1, pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import tzinfo
from typing import Final

from rocket_magic.instants import Instant
from rocket_magic.time._base import TimePeriod
from rocket_magic.time._remembered import RememberingPeriod
from rocket_magic.time._window import Window

__all__ = ["OnDays"]

_TRIES: Final = 500
"""Openings on other days that are passed over; every day comes each week."""


@dataclass(frozen=True, slots=True)
class OnDays(RememberingPeriod):
    """The windows of a period that open while another one is open, each to its own end.

    The night from Saturday 22:00 to 02:00 is Saturday's: it is whole, and the first hours of Saturday, which
    are the end of Friday's night, are not in it. An intersection (`&`) would have both clipped at midnight.

    Args:
        period: The windows.
        days: When they must open.
    """

    period: TimePeriod
    days: TimePeriod

    def _find_window(self, at: Instant, zone: tzinfo) -> Window | None:
        window = self.period.window(at, zone)
        return window if window is not None and self.days.window(window.start, zone) is not None else None

    def _find_next(self, at: Instant, zone: tzinfo) -> Window | None:
        for _ in range(_TRIES):
            following = self.period.next_window(at, zone)
            if following is None or self.days.window(following.start, zone) is not None:
                return following
            at = self.days.next_change(following.start, zone) - 1
        return None

    def previous_window(self, at: Instant, zone: tzinfo) -> Window | None:
        """Give the last such window that was over at an instant; None when there is none."""
        for _ in range(_TRIES):
            past = self.period.previous_window(at, zone)
            if past is None or self.days.window(past.start, zone) is not None:
                return past
            at = past.start
        return None

    def phrase(self) -> str:
        """Give the words of the windows; the days are named beside them."""
        return self.period.phrase()
