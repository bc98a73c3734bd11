"""Floor 0: instants. How a moment is stored, and how it becomes a datetime and back.

An **instant** is an `int`: whole microseconds since 1970-01-01 00:00 UTC. Integers compare,
add and sort exactly and cheaply, so the agenda, the periods and the history count in them; aware
datetimes stand at the edges. A **span** is an `int` of microseconds too.

Two values beside real instants answer "when will this change?":

* `NEVER`: not by itself (later than every instant);
* `POLL`: unknown, ask again each cycle (earlier than every instant).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

Instant = int
Span = int

NEVER: Final = 2**63 - 1
POLL: Final = -(2**63)

MICROSECOND: Final = 1
MILLISECOND: Final = 1_000
SECOND: Final = 1_000_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ONE = timedelta(microseconds=1)


def to_instant(moment: datetime, zone: tzinfo) -> Instant:
    """Turn a datetime into an instant.

    Args:
        moment: Aware, or naive and then meant in `zone` (its `fold` is honoured).
        zone: The zone that naive datetimes are meant in.
    """
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    return (moment.astimezone(UTC) - _EPOCH) // _ONE


def to_datetime(instant: Instant, zone: tzinfo = UTC) -> datetime:
    """Turn an instant into an aware datetime in `zone`."""
    return (_EPOCH + timedelta(microseconds=instant)).astimezone(zone)


def to_seconds(instant: Instant) -> float:
    """Turn an instant into seconds since the epoch, as records and `time_func` use them."""
    return instant / SECOND


def from_seconds(seconds: float) -> Instant:
    """Turn seconds since the epoch into an instant, rounded to the microsecond."""
    return round(seconds * SECOND)


def from_timedelta(delta: timedelta) -> Span:
    """Turn a timedelta into a span in microseconds, exactly."""
    return delta // _ONE


def to_timedelta(span: Span) -> timedelta:
    """Turn a span in microseconds into a timedelta."""
    return timedelta(microseconds=span)
