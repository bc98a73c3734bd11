"""Floor 4: an elastic pool of daemon threads.

Orders go through one queue to warm threads, since waking one costs a seventh of starting one. How
many there are follows from progress: while orders wait, a watcher looks every `PATIENCE`, and where
the threads have taken less than one order each, it doubles them. So a burst of short orders is
served by a few threads, a burst of long ones by as many as there are. Idle threads end.

The lock guards the counters; no work runs under it.
"""

from __future__ import annotations

import contextvars
import sys
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any, Final

from rocket_magic.clock import SystemClock
from rocket_magic.instants import MILLISECOND, SECOND, Span

__all__ = ["Pool", "start_thread"]

PATIENCE: Final[Span] = 2 * MILLISECOND
_AT_ONCE: Final = 2
"""So many threads are started without waiting for anything."""

_uptime = SystemClock().uptime

_Work = tuple[Callable[..., None], tuple[Any, ...]]


class Pool:
    """Calls functions on warm daemon threads.

    Args:
        name: Prefix of the threads' names.
        limit: Gives the upper limit of threads, or None; asked each time a thread would be added.
        idle: Seconds after which a thread without work ends.
    """

    def __init__(self, name: str, limit: Callable[[], int | None] = lambda: None, idle: float = 10.0) -> None:
        self._name = name
        self._limit = limit
        self._idle_seconds = idle
        self._queue: SimpleQueue[_Work | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._idle = 0
        self._threads = 0
        self._numbers = 0
        self._submitted = 0
        self._taken = 0
        self._last_taken: Span = 0
        self._watching = False
        self._alarm = threading.Event()
        self._closed = False

    @property
    def size(self) -> int:
        """How many threads there are."""
        return self._threads

    def submit(self, function: Callable[..., None], *args: Any) -> None:
        """Have `function(*args)` called on one of the threads; it must not raise."""
        with self._lock:
            self._submitted += 1
            self._queue.put((function, args))
            if self._closed or self._backlog() <= 0:
                return
            if self._threads < _AT_ONCE or (self._idle == 0 and _uptime() - self._last_taken > PATIENCE):
                self._add()
            self._watch()

    def _backlog(self) -> int:
        """How many orders no idle thread is there for; the lock is held.

        Counted, and not read from the queue: a thread that has just got an order out of the queue is
        still among the idle ones, and would seem to be free for the next order too.
        """
        return self._submitted - self._taken - self._idle

    def close(self) -> None:
        """Let the threads end when they have finished what they do; what waits is not called."""
        with self._lock:
            self._closed = True
            count = self._threads
        for _ in range(count):
            self._queue.put(None)
        self._alarm.set()

    def _add(self) -> None:
        """Start a thread, if the limit allows; the lock is held."""
        limit = self._limit()
        if self._closed or (limit is not None and self._threads >= max(limit, 1)):
            return
        self._threads += 1
        self._numbers += 1
        self._last_taken = _uptime()
        try:
            start_thread(self._work, f"{self._name}-{self._numbers}")
        except RuntimeError:
            # The system gives no more threads: those that exist serve the queue.
            self._threads -= 1
            if not self._threads:
                raise

    def _work(self) -> None:
        while True:
            item = self._take()
            if item is None:
                return
            function, args = item
            function(*args)
            # A thread that waits must not keep the last run's objects alive.
            del item, function, args

    def _take(self) -> _Work | None:
        """The next order; None when the thread shall end."""
        with self._lock:
            self._idle += 1
        try:
            item = self._queue.get(timeout=self._idle_seconds)
        except Empty:
            item = None
        with self._lock:
            self._idle -= 1
            if item is None and not self._closed:
                try:
                    item = self._queue.get_nowait()
                except Empty:
                    item = None
            if item is None or self._closed:
                self._threads -= 1
                return None
            self._taken += 1
            self._last_taken = _uptime()
        return item

    def _watch(self) -> None:
        """See to it that somebody adds threads while nobody takes orders; the lock is held."""
        if self._watching:
            self._alarm.set()
            return
        self._watching = True
        self._alarm.set()
        start_thread(self._watcher, f"{self._name}-watcher")

    def _watcher(self) -> None:
        tick = PATIENCE / SECOND
        pause = threading.Event()
        while True:
            heard = self._alarm.wait(self._idle_seconds)
            self._alarm.clear()
            with self._lock:
                if self._closed or (not heard and not self._alarm.is_set()):
                    self._watching = False
                    return
                taken = self._taken
                backlog = self._backlog()
            while not self._closed and backlog > 0:
                pause.wait(tick)
                with self._lock:
                    backlog = self._backlog()
                    if self._taken - taken < self._threads:
                        for _ in range(min(backlog, max(self._threads, 1))):
                            self._add()
                    taken = self._taken


def start_thread(target: Callable[[], None], name: str) -> threading.Thread:
    """Start a daemon thread with an empty context: output must not follow the cell that runs now."""
    options: dict[str, Any] = {"context": contextvars.Context()} if sys.version_info >= (3, 14) else {}
    thread = threading.Thread(target=target, name=name, daemon=True, **options)
    thread.start()
    return thread
