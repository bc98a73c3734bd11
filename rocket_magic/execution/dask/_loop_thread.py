"""Floor 4: an event loop on a thread of its own, for a connection that is ours.

Dask would make one too, but could not give it back where connecting fails.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

from rocket_magic.execution._pool import start_thread

__all__ = ["LoopThread"]

T = TypeVar("T")


class LoopThread:
    """Runs until it is closed."""

    def __init__(self) -> None:
        ready: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Future()

        async def live() -> None:
            stop = asyncio.Event()
            ready.set_result((asyncio.get_running_loop(), stop))
            await stop.wait()

        self._thread = start_thread(lambda: asyncio.run(live()), "rocket-magic-dask-loop")
        self._loop, self._stop = ready.result()

    def call(self, work: Coroutine[Any, Any, T], seconds: float | None = None) -> T:
        """Run a coroutine on it, and wait for what it gives."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(seconds)

    def close(self, seconds: float = 5) -> None:
        """Cancel what still runs on it, and end it."""
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(seconds)
