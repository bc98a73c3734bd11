"""What the scheduler asks of a clock, whichever it is."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from rocket_magic.clock._alarm import Alarm
from rocket_magic.instants import Instant, Span


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
