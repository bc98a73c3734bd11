"""Time zones at the public edge."""

from __future__ import annotations

from datetime import UTC, timedelta, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import tzlocal

from rocket_magic.exc import ScheduleError
from rocket_magic.time import as_zone


def test_names_and_tzinfos_are_zones() -> None:
    """A name is looked up, a tzinfo is taken, None is the system's zone."""
    assert as_zone("Europe/Helsinki") == ZoneInfo("Europe/Helsinki")
    assert as_zone(UTC) is UTC
    fixed = timezone(timedelta(hours=2))
    assert as_zone(fixed) is fixed
    assert as_zone(None) == tzlocal.get_localzone()


def test_a_zone_of_pytz_is_replaced_by_name() -> None:
    """Zones that must not be attached to a datetime are exchanged (T12)."""

    class Foreign(tzinfo):
        zone = "Europe/Riga"

    assert as_zone(Foreign()) == ZoneInfo("Europe/Riga")


REFUSED: tuple[tuple[Any, str], ...] = (
    ("europe/helsinki", "did you mean 'Europe/Helsinki'"),
    ("Europe/Helsinky", "did you mean 'Europe/Helsinki'"),
    ("Helsinki", "did you mean 'Europe/Helsinki'"),
    ("Europe", "not a known time zone"),
    ("", "not a known time zone"),
    ("../../etc/passwd", "not a known time zone"),
    ("Nowhere/Land\0", "not a known time zone"),
    ("x" * 10_000, "not a known time zone"),
    (2, "an IANA name like 'Europe/Helsinki' or a tzinfo, got 2"),
)


@pytest.mark.parametrize(("value", "message"), REFUSED, ids=[str(row[0])[:20] for row in REFUSED])
def test_unknown_names_are_refused(value: Any, message: str) -> None:
    """The message offers the closest name."""
    with pytest.raises(ScheduleError, match=message):
        as_zone(value)
