"""What the clocks on the wall of a zone show, in integers. Floor 1, pure; every table is cached.

Two axes, both in microseconds: *instants* (UTC), and *readings* of the local clock, counted as if the
zone were UTC. A zone maps instants to readings piecewise: within a `Stretch` the offset is constant.

Where the clock jumps, calendar schedules (rules T2, T3 of RELIABILITY.md 3.1) see the *furthest reading
so far*: it stands still while the clock repeats an hour, and passes over a gap in one step. It never goes
back, so "the first instant that reaches a reading" is defined for every reading, and a window that is
lived through twice opens once. `reached` and `locate` are the two directions of that view.
"""

from __future__ import annotations

import itertools
from bisect import bisect_right
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Final, NamedTuple

from rocket_magic.instants import DAY, SECOND, Instant, Span

__all__ = ["Reading", "Stretch", "locate", "reached", "reading", "stretch"]

Reading = int
"""What the local clock shows, in microseconds since 1970-01-01 00:00 on that clock."""

_BLOCK_BITS: Final = 45
"""One table covers 2**45 us, a little over a year: two to five stretches."""

_MARGIN: Final = 3 * DAY
"""Tables overlap by more than the largest jump of any clock (24 hours)."""

_LOOK: Final = 3 * DAY
"""How far apart two looks at a zone's offset are when its changes are searched."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST: Final = (datetime(1, 1, 3, tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1)
_LAST: Final = (datetime(9999, 12, 29, tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1)
_ENDLESS: Final = 2**70


class Stretch(NamedTuple):
    """Instants [start, end) in which a zone keeps one offset (cut at most at a margin of the table)."""

    start: Instant
    end: Instant
    offset: Span


class _Table(NamedTuple):
    starts: tuple[Instant, ...]
    stretches: tuple[Stretch, ...]
    offsets: tuple[Span, ...]
    highs: tuple[Reading, ...]
    """The first reading that the clock has not shown by the end of each stretch; the last is endless."""


def _offset_at(zone: tzinfo, instant: Instant) -> Span:
    moment = _EPOCH + timedelta(microseconds=min(max(instant, _FIRST), _LAST))
    offset = moment.astimezone(zone).utcoffset()
    return 0 if offset is None else offset // timedelta(microseconds=1)


def _change_between(zone: tzinfo, low: Instant, high: Instant, before: Span) -> Instant:
    """Give the first instant in (low, high] whose offset is not `before`; clocks jump on full seconds."""
    a, b = low // SECOND, high // SECOND
    while b - a > 1:
        middle = (a + b) // 2
        if _offset_at(zone, middle * SECOND) == before:
            a = middle
        else:
            b = middle
    return b * SECOND


def _build(zone: tzinfo, block: int) -> _Table:
    low = (block << _BLOCK_BITS) - _MARGIN
    low -= low % SECOND
    end = ((block + 1) << _BLOCK_BITS) + _MARGIN
    starts, offsets = [low], [_offset_at(zone, low)]
    # No zone has changed twice in three days since 1970 (the closest pair, Brazil's in 2000, is a week).
    for day in range(low + _LOOK, end + _LOOK, _LOOK):
        offset = _offset_at(zone, day)
        if offset != offsets[-1]:
            starts.append(_change_between(zone, day - _LOOK, day, offsets[-1]))
            offsets.append(offset)
    ends = [*starts[1:], end]
    tops = [until + offset for until, offset in zip(ends, offsets, strict=True)]
    highs = [*itertools.accumulate(tops, max)][:-1]
    stretches = map(Stretch, starts, ends, offsets)
    return _Table(tuple(starts), tuple(stretches), tuple(offsets), (*highs, _ENDLESS))


_cached = lru_cache(maxsize=4096)(_build)


def _table(zone: tzinfo, instant: int) -> _Table:
    try:
        return _cached(zone, instant >> _BLOCK_BITS)
    except TypeError:
        if getattr(zone, "__hash__", None) is not None:
            raise
        return _build(zone, instant >> _BLOCK_BITS)  # some tzinfo classes can't be hashed: slow, but right


def stretch(zone: tzinfo, instant: Instant) -> Stretch:
    """Give the stretch of constant offset around an instant."""
    starts, stretches, _, _ = _table(zone, instant)
    return stretches[bisect_right(starts, instant) - 1]


def reading(zone: tzinfo, instant: Instant) -> Reading:
    """Give what the local clock shows."""
    starts, _, offsets, _ = _table(zone, instant)
    return instant + offsets[bisect_right(starts, instant) - 1]


def reached(zone: tzinfo, instant: Instant) -> Reading:
    """Give the furthest reading that the local clock has shown by then."""
    starts, _, offsets, highs = _table(zone, instant)
    index = bisect_right(starts, instant) - 1
    shown = instant + offsets[index]
    if index and highs[index - 1] > shown:
        return highs[index - 1] - 1
    return shown


def locate(zone: tzinfo, wall: Reading) -> tuple[Instant, Span]:
    """Give the first instant at which the local clock has reached a reading.

    Returns:
        The instant; and the size of the gap that the reading lies in, 0 when the clock does show it.
    """
    starts, _, offsets, highs = _table(zone, wall)
    index = bisect_right(highs, wall)
    instant = wall - offsets[index]
    if index and instant < starts[index]:
        return starts[index], offsets[index] - offsets[index - 1]
    return instant, 0
