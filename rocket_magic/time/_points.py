"""Places within a calendar unit, as users write them: "10:00", "Mon 10:00", "12th", "Feb 29". Floor 1, pure.

A reader turns a value into a `Point`. What a value means depends on its form, as in Rocketry:

* clock text ("12:00") is an instant: as an end it is exclusive;
* a whole number (12) is a piece of the unit (the hour from 12:00 to 13:00): as an end it is inclusive;
* a name (a weekday, a day of the month, a month) is the whole day or month: as an end it is inclusive.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from rocket_magic.instants import DAY, Span

__all__ = ["Point", "Reader", "is_number"]


@dataclass(frozen=True, slots=True)
class Point:
    """A place within a calendar unit.

    Attributes:
        text: How it is written; reading it again gives an equal point.
        opening: Microseconds from the start of the unit when a window begins here (negative: from its end).
        closing: Microseconds from the start of the unit when a window ends here.
        extent: Length of the window that `at` opens here; None: until `closing`.
    """

    text: str
    opening: Span
    closing: Span
    extent: Span | None

    @property
    def rank(self) -> Span:
        """Its order among the points of the longest unit."""
        return self.opening if self.opening >= 0 else 31 * DAY + self.opening


class Reader(Protocol):
    """Reads the values of one unit."""

    def start(self, value: Any) -> Point:
        """Read where a window begins."""
        ...

    def end(self, value: Any) -> Point:
        """Read where a window ends."""
        ...

    def at_offset(self, offset: Span) -> Point:
        """Give the point at an offset from the start of the unit."""
        ...


def is_number(value: Any) -> bool:
    """Tell whether a value is a whole number (True and False are not)."""
    return isinstance(value, int) and not isinstance(value, bool)
