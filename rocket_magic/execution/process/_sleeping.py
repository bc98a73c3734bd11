"""Floor 4: runs in processes that sleep on their session's virtual clock, seen by the scheduler."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from rocket_magic.clock import VirtualClock
from rocket_magic.execution.process._wire import Piece, pack_frame
from rocket_magic.instants import from_seconds

__all__ = ["Nap", "asleep_for"]


def asleep_for(head: tuple[Any, ...]) -> float | None:
    """The seconds for which a worker goes to sleep, if that is what its frame says."""
    return head[0] if len(head) == 1 else None


class Nap:
    """One sleep of a worker on a clock.

    Args:
        clock: The clock.
        say: Sends a frame to the worker: the instant at which it woke. Called by whoever moves the clock.
    """

    def __init__(self, clock: VirtualClock, say: Callable[[Piece], None]) -> None:
        self._clock = clock
        self._say = say
        self._lock = threading.Lock()
        self._withdraw: Callable[[], None] | None = None
        self._over = False

    def begin(self, seconds: float) -> None:
        """Go to sleep, unless it was called off before it began."""
        with self._lock:
            if not self._over:
                self._withdraw = self._clock.call_at(self._clock.now() + from_seconds(seconds), self.wake)

    def wake(self) -> None:
        """Tell the worker to go on: its time has come, or it is asked to end."""
        if not self._over:
            self._over = True
            self._say(pack_frame((self._clock.now(),), b"")[0])

    def call_off(self) -> None:
        """Take it off the clock at once, and wake it where it still listens."""
        with self._lock:
            if self._withdraw is not None:
                self._withdraw()
        self.wake()
