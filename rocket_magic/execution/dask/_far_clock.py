"""Floor 4: a session's virtual clock, seen from a dask worker: who sleeps on it sleeps on the original."""

from __future__ import annotations

import itertools
from collections.abc import Callable

from rocket_magic.instants import Instant, Span

__all__ = ["FarClock"]


class FarClock:
    """Stands for the clock beside one run; its methods are those that naps of process runs need.

    Args:
        now: Where the clock stood when the run set out.
        fall_asleep: Tells the session of a sleep: its number, and how long.
    """

    def __init__(self, now: Instant, fall_asleep: Callable[[int, Span], None]) -> None:
        self._now = now
        self._fall_asleep = fall_asleep
        self._numbers = itertools.count(1)
        self._sleepers: dict[int, Callable[[], None]] = {}

    def now(self) -> Instant:
        """Where the clock stood when it was last heard of."""
        return self._now

    def call_at(self, instant: Instant, callback: Callable[[], None]) -> Callable[[], None]:
        """Call a function when the session's clock gets there.

        Returns:
            A function that withdraws it.
        """
        number = next(self._numbers)
        self._sleepers[number] = callback
        self._fall_asleep(number, instant - self._now)
        return lambda: self._forget(number)

    def _forget(self, number: int) -> None:
        self._sleepers.pop(number, None)

    def wake(self, number: int, now: Instant) -> None:
        """The session's clock has got there."""
        callback = self._sleepers.pop(number, None)
        if callback is not None:
            self._now = now
            callback()
