"""Concrete stretches of time: `Window` in instants, `Interval` in datetimes. Floor 1, pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

from rocket_magic.instants import Instant

__all__ = ["Interval", "Window"]


class Window(NamedTuple):
    """One opening of a period: [start, end).

    Attributes:
        start: The first instant inside.
        end: The first instant after it.
    """

    start: Instant
    end: Instant

    def __contains__(self, instant: object) -> bool:
        return isinstance(instant, int) and self.start <= instant < self.end


@dataclass(frozen=True, slots=True)
class Interval:
    """One opening of a period, or a part of it, as users see it.

    Attributes:
        left: Where it begins.
        right: Where it ends.
        closed: Which end belongs to it; windows are closed on the "left".
    """

    left: datetime
    right: datetime
    closed: Literal["left", "right", "both", "neither"] = "left"

    def __contains__(self, moment: datetime) -> bool:
        after = self.left <= moment if self.closed in ("left", "both") else self.left < moment
        before = moment <= self.right if self.closed in ("right", "both") else moment < self.right
        return after and before

    @property
    def is_empty(self) -> bool:
        """Whether no moment lies in it."""
        return self.left > self.right or (self.left == self.right and self.closed != "both")
