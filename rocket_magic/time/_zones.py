"""Time zones at the public edge: a name or a tzinfo becomes a tzinfo. Floor 1."""

from __future__ import annotations

import difflib
from datetime import tzinfo
from zoneinfo import ZoneInfo, available_timezones

import tzlocal

from rocket_magic.exc import ScheduleError

__all__ = ["as_zone"]


def as_zone(value: tzinfo | str | None) -> tzinfo:
    """Turn what a user gives as a time zone into a tzinfo.

    Args:
        value: A tzinfo; an IANA name ("Europe/Helsinki"); or None for the zone of the system.
            A zone of `pytz` is replaced by the standard library's zone of the same name.

    Raises:
        ScheduleError: The name is unknown; the message offers the closest one.
    """
    if value is None:
        return tzlocal.get_localzone()
    if isinstance(value, str):
        return _named(value)
    given: object = value
    if not isinstance(given, tzinfo):
        msg = f"a time zone is an IANA name like 'Europe/Helsinki' or a tzinfo, got {given!r}"
        raise ScheduleError(msg)
    name = getattr(value, "zone", None)  # pytz: its zones must not be attached to a datetime as they are
    return _named(name) if isinstance(name, str) else value


def _named(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        closest = _closest(name)
        hint = f"; did you mean {closest!r}?" if closest else ": use an IANA name like 'Europe/Helsinki'"
        msg = f"{name[:80]!r} is not a known time zone{hint}"
        raise ScheduleError(msg, text=name, suggestion=closest) from None


def _closest(name: str) -> str | None:
    known = sorted(available_timezones())
    wanted = name.strip().lower().replace(" ", "_")[:80]
    lowered = {zone.lower(): zone for zone in known}
    cities = {zone.lower().rpartition("/")[2]: zone for zone in known}
    for table in (lowered, cities):
        match = difflib.get_close_matches(wanted, table, n=1, cutoff=0.7)
        if match:
            return table[match[0]]
    return None
