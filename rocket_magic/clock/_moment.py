"""Moments and zones as people give them."""

from __future__ import annotations

import math
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

from rocket_magic.exc import ClockError
from rocket_magic.instants import Instant, from_seconds, to_instant

__all__ = ["read_moment", "read_zone"]


def read_moment(moment: datetime | str | float, zone: tzinfo) -> Instant:
    """A moment as an instant.

    Args:
        moment: A datetime or ISO text ("2026-03-28 22:00"; naive: meant in the zone), or seconds since the
            epoch.
        zone: The zone of naive ones.

    Raises:
        ClockError: It can't be read.
    """
    if isinstance(moment, datetime):
        return to_instant(moment, zone)
    if isinstance(moment, str):
        try:
            return to_instant(datetime.fromisoformat(moment.strip()), zone)
        except ValueError:
            msg = f"{moment!r} is not a moment: write it like 2026-03-28 22:00 or 2026-03-28T22:00:00+02:00"
            raise ClockError(msg) from None
    if isinstance(moment, (int, float)) and not isinstance(moment, bool) and math.isfinite(moment):
        return from_seconds(moment)
    msg = f"{moment!r} is not a moment: give a datetime, ISO text or seconds since the epoch"
    raise ClockError(msg)


def read_zone(tz: tzinfo | str | None) -> tzinfo:
    """A zone, by its IANA name too; UTC for None.

    Raises:
        ClockError: There is no zone of that name.
    """
    if tz is None:
        return UTC
    if isinstance(tz, str):
        try:
            return ZoneInfo(tz)
        except (KeyError, ValueError, OSError):
            msg = f"{tz!r} is not a known time zone: use an IANA name like 'Europe/Helsinki'"
            raise ClockError(msg) from None
    return tz
