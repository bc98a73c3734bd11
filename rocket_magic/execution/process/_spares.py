"""Floor 4: how many workers are kept ready, or added, ahead of the runs that will want them."""

from __future__ import annotations

import os
from typing import Final

from rocket_magic.instants import MILLISECOND, SECOND, Span

__all__ = ["Spares", "n_processors"]

_CALM: Final[Span] = 20 * SECOND
"""So long no run has had to wait for a worker: one fewer is kept."""
_MOST: Final = 8
_PATIENCE: Final[Span] = 2 * MILLISECOND


def n_processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return max(len(os.sched_getaffinity(0)), 1)
    return os.cpu_count() or 1


class Spares:
    """Follows the demand: each run that found no worker ready asks for one more, calm gives them back.

    Attributes:
        wanted: How many workers shall be ready.
    """

    def __init__(self) -> None:
        self.wanted = 1
        self._most = min(2 * n_processors(), _MOST)
        self._changed: Span = 0
        self._looked: Span = 0
        self._taken = 0

    def missed(self, now: Span) -> None:
        """A run found no worker ready."""
        self.wanted = min(self.wanted + 1, self._most)
        self._changed = now

    def calm_down(self, now: Span) -> bool:
        """Keep one fewer if it was calm for long enough; whether more than one is still kept."""
        if self.wanted > 1 and now - self._changed >= _CALM:
            self.wanted -= 1
            self._changed = now
        return self.wanted > 1

    def stalled(self, now: Span, taken: int, workers: int) -> bool:
        """Whether reused workers get through so few runs that there should be more of them.

        As with threads: workers that took less than one run each in two milliseconds do long ones.

        Args:
            now: The present moment.
            taken: Runs that workers were given since ever.
            workers: How many workers there are.
        """
        if now - self._looked < _PATIENCE:
            return False
        stalled = taken - self._taken < workers
        self._looked, self._taken = now, taken
        return stalled
