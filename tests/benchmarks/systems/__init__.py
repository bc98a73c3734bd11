"""Adapters: the few things a workload asks of a scheduler, one module per system."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Protocol

HOMES = {
    "rocket_magic": "tests.benchmarks.systems.statements",
    "rocketry": "tests.benchmarks.systems.statements",
    "apscheduler": "tests.benchmarks.systems.apscheduler3",
    "schedule": "tests.benchmarks.systems.schedule_loop",
}


class System(Protocol):
    """What a workload asks of a scheduler.

    Functions are called without arguments. Times are seconds; moments are seconds since the epoch.
    """

    def add_idle(self, count: int) -> None:
        """Add tasks that are not due for half a day: a third each daily at, daily between, cron."""
        ...

    def add_periodic(self, index: int, period: float) -> None:
        """Add a task that records how late each of its runs starts."""
        ...

    def latencies(self) -> list[float]:
        """How late the runs of the periodic tasks started, in seconds."""
        ...

    def add_always(self, index: int, function: Callable[[], object]) -> None:
        """Add a task that is always due."""
        ...

    def completed(self) -> int:
        """How many runs have succeeded, where the system can tell; -1 where the workload must count."""
        ...

    def add_once(self, index: int, function: Callable[[], object], moment: float) -> None:
        """Add a task that is due at one moment."""
        ...

    def start(self) -> None:
        """Start scheduling in the background."""
        ...

    def stop(self) -> None:
        """End it, without caring for runs in flight."""
        ...


def open_system(name: str, mode: str) -> System:
    """Make a scheduler whose tasks run in `mode` ("main", "async", "thread" or "process")."""
    system: System = importlib.import_module(HOMES[name]).make(name, mode)
    return system
