"""Floor 0: the only source of time, and the only place that reads the wall clock or sleeps.

Three clocks share one protocol, `Clock`:

* `SystemClock`: wall time; waits on the monotonic clock.
* `VirtualClock`: stands still until somebody moves it; waiting on it costs nothing.
* `FunctionClock`: any `time_func` a user passes; it can't be waited on, so it is polled.

A clock is thread-safe. The scheduler's loop waits with `wait` (or `wait_async`), which returns when
the instant is reached *or* the `Alarm` rings; a task sleeps with `sleep`. Only `_real` reads the wall clock.
"""

from rocket_magic.clock._alarm import Alarm as Alarm
from rocket_magic.clock._moment import read_moment as read_moment
from rocket_magic.clock._protocol import Clock as Clock
from rocket_magic.clock._real import FunctionClock as FunctionClock
from rocket_magic.clock._real import SystemClock as SystemClock
from rocket_magic.clock._real import as_clock as as_clock
from rocket_magic.clock._real import stopwatch as stopwatch
from rocket_magic.clock._virtual import VirtualClock as VirtualClock

__all__ = [
    "Alarm",
    "Clock",
    "FunctionClock",
    "SystemClock",
    "VirtualClock",
    "as_clock",
    "read_moment",
    "stopwatch",
]
