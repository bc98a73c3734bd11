"""Floor 4: one thread that serves the descriptors and timers of all worker processes.

Handlers run on that thread, one after the other; other threads hand it work with `post`. It waits
in the system's selector and costs nothing while nothing happens.
"""

from __future__ import annotations

import contextlib
import heapq
import itertools
import logging
import os
import selectors
import threading
from collections import deque
from collections.abc import Callable
from typing import Any, Final

from rocket_magic.clock import SystemClock
from rocket_magic.execution._pool import start_thread
from rocket_magic.instants import SECOND, Span, from_seconds

__all__ = ["READ", "WRITE", "Hub"]

READ: Final = selectors.EVENT_READ
WRITE: Final = selectors.EVENT_WRITE
_logger = logging.getLogger("rocket_magic.execution")
_uptime = SystemClock().uptime

Handler = Callable[[int], None]


class _Watch:
    """A registration; what it holds is asked for at each event, so it may be another one by then."""

    __slots__ = ("handler",)

    def __init__(self, handler: Handler) -> None:
        self.handler: Handler | None = handler


class Hub:
    """An event loop of callbacks on a daemon thread of its own.

    Args:
        name: The thread's name.
    """

    def __init__(self, name: str) -> None:
        self._selector = selectors.DefaultSelector()
        self._posted: deque[Callable[[], None]] = deque()
        self._timers: list[tuple[Span, int, Callable[[], None]]] = []
        self._last: list[Callable[[], None]] = []
        self._numbers = itertools.count()
        self._listen, self._ring = os.pipe()
        os.set_blocking(self._listen, False)
        os.set_blocking(self._ring, False)
        self.register(self._listen, READ, self._rung)
        self._rung_already = False
        self._stopping = False
        self._ended = False
        self._ring_lock = threading.Lock()
        self._thread = start_thread(self._turn, name)

    # From any thread

    def post(self, callback: Callable[[], None]) -> None:
        """Have a callback called on the hub's thread."""
        self._posted.append(callback)
        if self._rung_already:
            return
        with self._ring_lock:
            if self._ended:  # its descriptor may be somebody else's by now
                return
            self._rung_already = True
            with contextlib.suppress(BlockingIOError):  # full: it is awake anyway
                os.write(self._ring, b"!")

    def is_here(self) -> bool:
        """Whether the calling thread is the hub's."""
        return threading.current_thread() is self._thread

    def stop(self, wait: float) -> None:
        """Let the thread end, and wait for it at most `wait` seconds."""
        self.post(self._stop)
        if not self.is_here():
            self._thread.join(wait)

    # On the hub's thread

    def register(self, file: Any, events: int, handler: Handler) -> None:
        """Call the handler whenever the file is ready."""
        self._selector.register(file, events, _Watch(handler))

    def unregister(self, file: Any) -> None:
        """Forget a file; no harm when it isn't known."""
        with contextlib.suppress(KeyError, ValueError):
            self._selector.unregister(file).data.handler = None

    def call_last(self, callback: Callable[[], None]) -> None:
        """Call back when all that is ready now has been handled.

        For what wakes another thread: it could do nothing before, but hold up what is to come.
        """
        self._last.append(callback)

    def call_later(self, seconds: float, callback: Callable[[], None]) -> None:
        """Call back after so many seconds."""
        heapq.heappush(self._timers, (_uptime() + from_seconds(seconds), next(self._numbers), callback))

    def _stop(self) -> None:
        self._stopping = True

    def _rung(self, _events: int) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(self._listen, 4096)
        self._rung_already = False
        while self._posted:
            self._guarded(self._posted.popleft())

    def _turn(self) -> None:
        try:
            while not self._stopping:
                for key, events in self._selector.select(self._pause()):
                    handler = key.data.handler
                    if handler is not None:  # else an earlier handler of this turn has closed it
                        self._guarded(handler, events)
                while self._timers and self._timers[0][0] <= _uptime():
                    self._guarded(heapq.heappop(self._timers)[2])
                if self._last:
                    last, self._last = self._last, []
                    for callback in last:
                        self._guarded(callback)
        finally:
            with self._ring_lock:
                self._ended = True
                os.close(self._ring)
            self._selector.close()
            os.close(self._listen)

    def _pause(self) -> float | None:
        if not self._timers:
            return None
        return max(self._timers[0][0] - _uptime(), 0) / SECOND

    @staticmethod
    def _guarded(callback: Callable[..., None], *args: Any) -> None:
        try:
            callback(*args)
        except Exception:
            _logger.exception("a handler of worker processes failed")
