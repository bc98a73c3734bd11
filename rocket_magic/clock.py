"""Floor 0: the only source of time, and the only place that reads the wall clock or sleeps.

Three clocks share one protocol, `Clock`:

* `SystemClock`: wall time; waits on the monotonic clock.
* `VirtualClock`: stands still until somebody moves it; waiting on it costs nothing.
* `FunctionClock`: any `time_func` a user passes; it can't be waited on, so it is polled.

A clock is thread-safe. The scheduler's loop waits with `wait` (or `wait_async`), which returns when
the instant is reached *or* the `Alarm` rings; a task sleeps with `sleep`.
"""

from __future__ import annotations

import contextlib
import heapq
import itertools
import math
import threading
import time
import weakref
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable
from zoneinfo import ZoneInfo

from rocket_magic._lazy import LazyModule
from rocket_magic.exc import ClockError
from rocket_magic.instants import (
    NEVER,
    SECOND,
    Instant,
    Span,
    from_seconds,
    from_timedelta,
    to_datetime,
    to_instant,
    to_seconds,
)

if TYPE_CHECKING:
    import asyncio
else:
    asyncio = LazyModule("asyncio")

__all__ = ["Alarm", "Clock", "FunctionClock", "SystemClock", "VirtualClock", "as_clock", "stopwatch"]

_LONGEST_WAIT = 60 * SECOND
"""One look a minute, so that a step of the wall clock or a suspend is noticed (PERFORMANCE.md W1)."""


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


@runtime_checkable
class Clock(Protocol):
    """What the scheduler needs of a clock."""

    def __call__(self) -> float:
        """Seconds since the epoch, like `time.time`."""
        ...

    def now(self) -> Instant:
        """The current instant."""
        ...

    def elapsed(self) -> Span:
        """Real time that has passed since some fixed point, suspends included; never steps back."""
        ...

    def uptime(self) -> Span:
        """The same without the time the machine slept; timeouts of runs are measured with it."""
        ...

    def wait(self, alarm: Alarm, until: Instant, poll: float | None) -> None:
        """Return when `until` is reached, `alarm` rings, or earlier (the caller looks again).

        Args:
            alarm: Wakes the wait.
            until: Instant to wait for, or `NEVER`.
            poll: Seconds between two looks at a clock that can't be waited on.
        """
        ...

    async def wait_async(self, alarm: Alarm, until: Instant, poll: float | None) -> None:
        """The same on the running event loop."""
        ...

    def sleep(self, seconds: float) -> None:
        """Sleep in this clock's time; for the code of a task."""
        ...


class SystemClock:
    """Wall time of the machine."""

    def __call__(self) -> float:
        """Seconds since the epoch."""
        return time.time()

    def now(self) -> Instant:
        """The current instant."""
        return time.time_ns() // 1000

    def elapsed(self) -> Span:
        """Real time since boot, suspends included."""
        return _boot_time_ns() // 1000

    def uptime(self) -> Span:
        """Real time since boot while the machine was awake."""
        return time.monotonic_ns() // 1000

    def wait(self, alarm: Alarm, until: Instant, poll: float | None) -> None:
        """Wait on the monotonic clock, a minute at most."""
        remaining = min(until - self.now(), _LONGEST_WAIT)
        alarm.wait(max(remaining, 0) / SECOND)

    async def wait_async(self, alarm: Alarm, until: Instant, poll: float | None) -> None:
        """Wait on the running event loop, a minute at most."""
        remaining = min(until - self.now(), _LONGEST_WAIT)
        await alarm.wait_async(max(remaining, 0) / SECOND)

    def sleep(self, seconds: float) -> None:
        """Sleep for real."""
        time.sleep(seconds)

    def __repr__(self) -> str:
        """Show how to make one."""
        return "SystemClock()"


def _boot_time_ns() -> int:
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    return time.monotonic_ns()


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
        self.tz: tzinfo = _zone(tz)
        self._lock = threading.Lock()
        self._now = self.instant(start) if start is not None else int(time.time()) * SECOND
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
        if isinstance(moment, datetime):
            return to_instant(moment, self.tz)
        if isinstance(moment, str):
            try:
                return to_instant(datetime.fromisoformat(moment.strip()), self.tz)
            except ValueError:
                msg = (
                    f"{moment!r} is not a moment: write it like 2026-03-28 22:00 or 2026-03-28T22:00:00+02:00"
                )
                raise ClockError(msg) from None
        if isinstance(moment, (int, float)) and not isinstance(moment, bool) and math.isfinite(moment):
            return from_seconds(moment)
        msg = f"{moment!r} is not a moment: give a datetime, ISO text or seconds since the epoch"
        raise ClockError(msg)

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


class FunctionClock:
    """A user's `time_func`, wrapped: it can't be waited on, so loops look at it again and again.

    Args:
        function: Returns seconds since the epoch.

    Raises:
        ClockError: The function raises, or returns something that is no finite number.
    """

    def __init__(self, function: Any) -> None:
        if not callable(function):
            msg = f"time_func must be callable and return seconds since the epoch, got {function!r}"
            raise ClockError(msg)
        self.function: Callable[[], float] = function
        self.now()

    def __call__(self) -> float:
        """What the function returns, checked."""
        return to_seconds(self.now())

    def now(self) -> Instant:
        """The current instant.

        Raises:
            ClockError: The function raises, or returns something that is no finite number.
        """
        try:
            seconds = self.function()
        except Exception as error:
            msg = f"time_func {self.function!r} raised {type(error).__name__}: {error}"
            raise ClockError(msg) from error
        if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not math.isfinite(seconds):
            msg = f"time_func {self.function!r} must return seconds since the epoch, it returned {seconds!r}"
            raise ClockError(msg)
        return from_seconds(seconds)

    def elapsed(self) -> Span:
        """The function's own time: whoever replaces the clock replaces all of it."""
        return self.now()

    def uptime(self) -> Span:
        """The function's own time."""
        return self.now()

    def wait(self, alarm: Alarm, until: Instant, poll: float | None) -> None:
        """Look again after `poll` seconds of real time, or at once when the instant is reached."""
        if until > self.now():
            alarm.wait(poll or 0.0)

    async def wait_async(self, alarm: Alarm, until: Instant, poll: float | None) -> None:
        """The same on the running event loop."""
        await alarm.wait_async((poll or 0.0) if until > self.now() else 0.0)

    def sleep(self, seconds: float) -> None:
        """Wait until the function's time has passed, looking every 10 ms."""
        deadline = self.now() + from_seconds(seconds)
        while self.now() < deadline:
            time.sleep(0.01)

    def __repr__(self) -> str:
        """Show what is wrapped."""
        return f"FunctionClock({self.function!r})"


def stopwatch() -> Span:
    """Real time that never steps back, whatever clock a session has: for measuring how long code takes."""
    return time.monotonic_ns() // 1000


def as_clock(time_func: Callable[[], float] | Clock | None) -> Clock:
    """The clock behind a `time_func`: itself when it is one, `SystemClock` for None or `time.time`."""
    if time_func is None or time_func is time.time:
        return SystemClock()
    if isinstance(time_func, Clock):
        return time_func
    return FunctionClock(time_func)


def _zone(tz: tzinfo | str | None) -> tzinfo:
    if tz is None:
        return UTC
    if isinstance(tz, str):
        try:
            return ZoneInfo(tz)
        except (KeyError, ValueError, OSError):
            msg = f"{tz!r} is not a known time zone: use an IANA name like 'Europe/Helsinki'"
            raise ClockError(msg) from None
    return tz
