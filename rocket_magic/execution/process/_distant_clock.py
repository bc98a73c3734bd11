"""Floor 4: a session's virtual clock, seen from the process of a run.

The worker has a copy that stands still. To sleep, it tells the scheduler's process how long, where a sleeper
is put on the clock itself, and waits for word of the instant at which it woke: so a run in a process takes
virtual time as one in a thread does, and a step knows that it sleeps.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rocket_magic.clock import VirtualClock
from rocket_magic.instants import Instant, to_seconds

__all__ = ["Distant", "DistantClock"]


@dataclass(frozen=True, slots=True)
class Distant:
    """A copy of the session's clock on its way to a worker, to be used with the original."""

    clock: VirtualClock


class DistantClock:
    """The session's clock in a worker.

    Args:
        clock: The copy.
        sleep: Sleeps that many seconds on the original; gives the instant of waking.
    """

    def __init__(self, clock: VirtualClock, sleep: Callable[[float], Instant]) -> None:
        self._clock = clock
        self._sleep = sleep

    def __call__(self) -> float:
        return self._clock()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._clock, name)

    def sleep(self, seconds: float) -> None:
        """Sleep in virtual time: returns when the session's clock has been moved far enough."""
        if seconds > 0:
            self._clock.jump(to_seconds(self._sleep(seconds)))
