"""The alarm: how any thread wakes the one that waits on a clock."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

from rocket_magic._lazy import LazyModule

if TYPE_CHECKING:
    import asyncio
else:
    asyncio = LazyModule("asyncio")


class Alarm:
    """Wakes one waiter, from any thread or signal handler; ringing before the wait is not lost."""

    def __init__(self) -> None:
        # Locked: silent. Whoever rings unlocks it, the waiter locks it again. There is no other state that
        # a lock would have to guard, and a signal handler may ring between any two steps of the waiter.
        self._silence = threading.Lock()
        self._silence.acquire()
        self._listener: tuple[asyncio.AbstractEventLoop, asyncio.Event] | None = None

    def ring(self) -> None:
        """Wake the waiter, or let its next wait return at once."""
        try:
            self._silence.release()
        except RuntimeError:  # it rings already
            return
        listener = self._listener
        if listener is not None:
            loop, event = listener
            try:
                loop.call_soon_threadsafe(event.set)
            except RuntimeError:  # the loop was closed meanwhile: nobody waits there any more
                return

    def ring_on_loop(self) -> None:
        """Ring from a callback of the event loop that the waiter waits on: it is awake already."""
        with contextlib.suppress(RuntimeError):  # it rings already
            self._silence.release()
        if self._listener is not None:
            self._listener[1].set()

    def wait(self, timeout: float | None) -> bool:
        """Wait at most `timeout` seconds (None: for ever); whether it rang. Resets it."""
        if timeout is None:
            return self._silence.acquire()
        return (
            self._silence.acquire(timeout=min(timeout, threading.TIMEOUT_MAX))
            if timeout > 0
            else self._rang()
        )

    def _rang(self) -> bool:
        return self._silence.acquire(blocking=False)

    async def wait_async(self, timeout: float | None) -> bool:
        """The same on the running event loop."""
        event = asyncio.Event()
        self._listener = asyncio.get_running_loop(), event
        try:
            if self._rang():
                return True
            async with asyncio.timeout(timeout):
                await event.wait()
        except TimeoutError:
            pass
        finally:
            self._listener = None
        return self._rang()
