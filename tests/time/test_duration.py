"""Durations, read and written."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rocket_magic.exc import ScheduleError
from rocket_magic.instants import DAY, HOUR, MILLISECOND, MINUTE, SECOND
from rocket_magic.time import format_duration, parse_duration

READ: tuple[tuple[Any, int], ...] = (
    ("10 min", 10 * MINUTE),
    ("1 hour 20 min", 80 * MINUTE),
    ("1h20m", 80 * MINUTE),
    ("2 h, 15 min", 135 * MINUTE),
    ("2 weeks", 14 * DAY),
    ("1 week 1 day", 8 * DAY),
    ("1 month", 30 * DAY),
    ("1 year", 365 * DAY),
    ("1.5 h", 90 * MINUTE),
    (".5 s", 500 * MILLISECOND),
    ("250 ms", 250 * MILLISECOND),
    ("3 milliseconds", 3 * MILLISECOND),
    ("7 us", 7),
    ("7 µs", 7),
    ("1:30:00", 90 * MINUTE),
    ("01:30", 90 * MINUTE),
    ("0:00:01.5", 1_500_000),
    ("1 day, 2:00:00", 26 * HOUR),
    ("-1 day, 2:00:00", -26 * HOUR),
    ("+5 s", 5 * SECOND),
    ("- 5 s", -5 * SECOND),
    ("  10 MIN ", 10 * MINUTE),
    (10, 10 * SECOND),
    (0.1, 100 * MILLISECOND),
    (0, 0),
    (-3, -3 * SECOND),
    (timedelta(hours=1, microseconds=1), HOUR + 1),
)


@pytest.mark.parametrize(("value", "span"), READ, ids=[str(row[0]) for row in READ])
def test_reads(value: Any, span: int) -> None:
    """Each form gives exact microseconds."""
    assert parse_duration(value) == span


REFUSED: tuple[tuple[Any, str], ...] = (
    ("", "must be text like"),
    ("10", "has no unit; write '10 s' or '10 min'"),
    ("ten minutes", "must be text like"),
    ("10 minuets", "is no unit of time; did you mean 'minutes'"),
    ("10 min x", "must be text like"),
    ("1:70:00", "must be text like"),
    ("1:30:00 5 s", "must be text like"),
    ("١ s", "must be text like"),
    ("1e3 s", "no unit of time"),
    (True, "must be text like"),
    (None, "must be text like"),
    (float("nan"), "must be text like"),
    (float("inf"), "must be text like"),
    ("9" * 300, "300 characters"),
    ("99999999999 years", "longer than 10,000 years"),
    (1e300, "longer than 10,000 years"),
)


@pytest.mark.parametrize(("value", "message"), REFUSED, ids=[str(row[0])[:20] for row in REFUSED])
def test_refuses(value: Any, message: str) -> None:
    """The message begins with what the duration is for and names the accepted forms."""
    with pytest.raises(ScheduleError, match=f"^timeout.*{message}"):
        parse_duration(value, "timeout")


WRITTEN = (
    (0, "0 s"),
    (HOUR, "1 hour"),
    (80 * MINUTE, "1 hour 20 min"),
    (2 * HOUR, "2 hours"),
    (DAY, "1 day"),
    (8 * DAY, "8 days"),
    (7 * DAY, "1 week"),
    (14 * DAY, "2 weeks"),
    (90 * SECOND, "1 min 30 s"),
    (250 * MILLISECOND, "250 ms"),
    (1, "1 us"),
    (SECOND + MILLISECOND + 1, "1 s 1 ms 1 us"),
    (-10 * MINUTE, "-10 min"),
)


@pytest.mark.parametrize(("span", "text"), WRITTEN)
def test_writes(span: int, text: str) -> None:
    """Words are short and exact."""
    assert format_duration(span) == text


@given(st.integers(-(10**15), 10**15))
def test_what_is_written_reads_back(span: int) -> None:
    """Every duration survives the round trip."""
    assert parse_duration(format_duration(span)) == span
