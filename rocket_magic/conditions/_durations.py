"""Durations that conditions are given. Floor 2, pure."""

from __future__ import annotations

from typing import Any

from rocket_magic.exc import ScheduleError
from rocket_magic.instants import Span
from rocket_magic.time._duration import parse_duration

__all__ = ["positive_span"]


def positive_span(value: Any, what: str) -> Span:
    """Read a duration that must be more than zero.

    Raises:
        ScheduleError: It can't be read, or is zero or less.
    """
    span = parse_duration(value, what)
    if span <= 0:
        msg = f"{what} needs a duration above zero, got {value!r}: write it like '10 min'"
        raise ScheduleError(msg, text=str(value))
    return span
