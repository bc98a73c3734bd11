"""Times in queries as a person writes them, turned into seconds since the epoch."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from datetime import date, datetime, tzinfo
from typing import Any

from rocket_magic.exc import RepositoryError
from rocket_magic.instants import to_instant, to_seconds

_TIMES = frozenset({"created", "start", "end", "due", "timestamp", "time", "started", "ended"})


def localised(filters: Mapping[str, Any], zone: tzinfo) -> dict[str, Any]:
    """The filters with moments as numbers.

    Args:
        filters: Values of time columns may be datetimes (naive: meant in `zone`), ISO text, pairs of
            these, or Red Bird's operators over these.
        zone: The session's zone.

    Raises:
        RepositoryError: Text that is no moment.
    """
    return {name: _moment(name, value, zone) if name in _TIMES else value for name, value in filters.items()}


def _moment(name: str, value: Any, zone: tzinfo) -> Any:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            msg = f"{name}={value!r} is not a moment: write it like 2026-03-28 22:00"
            raise RepositoryError(msg) from None
    if isinstance(value, datetime):
        return to_seconds(to_instant(value, zone))
    if isinstance(value, date):
        return to_seconds(to_instant(datetime(value.year, value.month, value.day), zone))  # noqa: DTZ001  its midnight is meant in the zone
    if isinstance(value, (tuple, list)):
        return type(value)(_moment(name, item, zone) for item in value)
    if hasattr(value, "evaluate"):
        turned = copy.copy(value)
        for attribute in ("value", "start", "end"):
            if hasattr(turned, attribute):
                setattr(turned, attribute, _moment(name, getattr(turned, attribute), zone))
        return turned
    return value
