"""Virtual time: a clock that moves when somebody moves it, and lets those who wait on it through at once."""

from __future__ import annotations

import heapq
import itertools
import threading
import weakref
from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Any

from rocket_magic._lazy import LazyModule
from rocket_magic.clock._alarm import Alarm
from rocket_magic.clock._moment import read_moment, read_zone
from rocket_magic.clock._real import SystemClock
from rocket_magic.instants import (
    NEVER,
    SECOND,
    Instant,
    Span,
    from_seconds,
    from_timedelta,
    to_datetime,
    to_seconds,
)

if TYPE_CHECKING:
    import asyncio
else:
    asyncio = LazyModule("asyncio")


class VirtualClock:
    """A clock that stands still until it is moved; pass it as `time_func`.

    It is callable like `time.time`. Waiting on it costs nothing: a loop that waits for an instant
    within the clock's *horizon* is let through at once and the clock jumps there.

    Args:
        start: Where the clock stands: a datetime (naive: meant in `tz`), ISO text
            ("2026-03-28 22:00"), seconds since the epoch, or None for the present second.
        tz: A tzinfo or an IANA name ("Europe/Helsinki"); UTC when None. A session without a
            `timezone` of its own uses it.

    Raises:
        ClockError: The start or the zone can't be read.
    """

    def __init__(self, start: datetime | str | float | None = None, tz: tzinfo | str | None = None) -> None:
        self.tz: tzinfo = read_zone(tz)
        self._lock = threading.Lock()
        self._now = _present_second() if start is None else self.instant(start)
        self._horizon = self._now
        self._origin = self._now
        self._alarms: weakref.WeakSet[Alarm] = weakref.WeakSet()
        self._sleepers: list[tuple[Instant, int, Callable[[], None]]] = []
        self._order = itertools.count()

    def __call__(self) -> float:
        """Seconds since the epoch, where the clock stands."""
        return to_seconds(self._now)

    def now(self) -> Instant:
        """Where the clock stands."""
        return self._now

    def elapsed(self) -> Span:
        """Virtual time since the clock was made."""
        return self._now - self._origin

    def uptime(self) -> Span:
        """Virtual time since the clock was made."""
        return self._now - self._origin

    @property
    def horizon(self) -> Instant:
        """How far the clock may move on by itself when a loop waits on it."""
        return self._horizon

    def instant(self, moment: datetime | str | float) -> Instant:
        """Read a moment in this clock's zone.

        Raises:
            ClockError: It can't be read.
        """
        return read_moment(moment, self.tz)

    def jump(self, to: datetime | str | float | timedelta) -> None:
        """Move the clock at once, forward or back, whoever waits on it.

        Args:
            to: A moment, or a timedelta to move by.
        """
        if isinstance(to, timedelta):
            target = self._now + from_timedelta(to)
        else:
            target = self.instant(to)
        with self._lock:
            self._now = target
            self._horizon = max(self._horizon, target) if target > self._horizon else target
        self._wake()

    def allow(self, until: Instant) -> None:
        """Let loops that wait on the clock move it as far as `until`."""
        with self._lock:
            self._horizon = max(until, self._now)
        self._wake()

    def attach(self, alarm: Alarm) -> None:
        """Ring an alarm whenever the clock is moved or somebody goes to sleep on it."""
        self._alarms.add(alarm)

    def wait(self, alarm: Alarm, until: Instant, poll: float | None) -> None:
        """Jump to `until` when the horizon allows it, else stop at the horizon until the alarm rings."""
        self._alarms.add(alarm)
        if not self._advance(until):
            alarm.wait(None)

    async def wait_async(self, alarm: Alarm, until: Instant, poll: float | None) -> None:
        """The same on the running event loop."""
        self._alarms.add(alarm)
        if self._advance(until):
            await asyncio.sleep(0)
        else:
            await alarm.wait_async(None)

    def _advance(self, until: Instant) -> bool:
        """Move on towards `until`; whether the waiter should look again at once."""
        with self._lock:
            target = min(until, self._horizon, self._sleepers[0][0] if self._sleepers else NEVER)
            moved = target > self._now
            if moved:
                self._now = target
        return self._release_sleepers() or moved

    @property
    def asleep(self) -> int:
        """How many sleepers wait for the clock to move on."""
        return len(self._sleepers)

    def next_wake(self) -> Instant:
        """Instant at which the next sleeper wakes, or `NEVER`."""
        with self._lock:
            return self._sleepers[0][0] if self._sleepers else NEVER

    def sleep(self, seconds: float) -> None:
        """Sleep in virtual time: returns when the clock has been moved far enough."""
        if seconds <= 0:
            return
        done = threading.Event()
        self.call_at(self._now + from_seconds(seconds), done.set)
        done.wait()

    def call_at(self, instant: Instant, callback: Callable[[], None]) -> Callable[[], None]:
        """Call a function when the clock gets there; until then it counts as a sleeper.

        The function is called on the thread that moves the clock, and must be quick.

        Returns:
            A function that withdraws it, if it has not been called.
        """
        sleeper = (instant, next(self._order), callback)
        with self._lock:
            heapq.heappush(self._sleepers, sleeper)
        self._wake()
        return lambda: self._withdraw(sleeper)

    def _withdraw(self, sleeper: tuple[Instant, int, Callable[[], None]]) -> None:
        with self._lock:
            if sleeper not in self._sleepers:
                return
            self._sleepers.remove(sleeper)
            heapq.heapify(self._sleepers)
        self._wake()

    def _release_sleepers(self) -> bool:
        with self._lock:
            due: list[Callable[[], None]] = []
            while self._sleepers and self._sleepers[0][0] <= self._now:
                due.append(heapq.heappop(self._sleepers)[2])
        for callback in due:
            callback()
        return bool(due)

    def _wake(self) -> None:
        self._release_sleepers()
        for alarm in list(self._alarms):
            alarm.ring()

    def __getstate__(self) -> dict[str, Any]:
        """Travel to another process as a clock that stands where this one stood."""
        return {"tz": self.tz, "now": self._now}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(to_seconds(state["now"]), state["tz"])  # type: ignore[misc]  # a fresh clock, same place

    def __repr__(self) -> str:
        """Show where the clock stands."""
        return f"VirtualClock({to_datetime(self._now, self.tz).isoformat(sep=' ')!r}, tz={str(self.tz)!r})"


def _present_second() -> Instant:
    return SystemClock().now() // SECOND * SECOND
