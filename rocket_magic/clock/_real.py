"""Real time: the one module that reads the wall clock and sleeps."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

from rocket_magic.clock._alarm import Alarm
from rocket_magic.clock._protocol import Clock
from rocket_magic.exc import ClockError
from rocket_magic.instants import SECOND, Instant, Span, from_seconds, to_seconds

_LONGEST_WAIT = 60 * SECOND
"""One look a minute, so that a step of the wall clock or a suspend is noticed (PERFORMANCE.md W1)."""


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
