"""schedule: a library without a loop of its own; the loop here is the one its users write, on a thread."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import schedule


def make(name: str, mode: str) -> ScheduleLoop:
    """A scheduler; everything runs on the loop's thread, whatever `mode` says."""
    del name, mode
    return ScheduleLoop()


class ScheduleLoop:
    """A scheduler and the thread that runs what is pending."""

    def __init__(self) -> None:
        self.scheduler = schedule.Scheduler()
        self._late: list[float] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._loop, daemon=True)

    def add_idle(self, count: int) -> None:
        """Add tasks that are not due for half a day."""
        later = (datetime.now() + timedelta(hours=12)).strftime("%H:%M")
        for _ in range(count):
            self.scheduler.every().day.at(later).do(nothing)

    def add_periodic(self, index: int, period: float) -> None:
        """Add a task that looks at the moment it was due, which the library sets anew after the run."""
        del index
        job = self.scheduler.every(period).seconds  # type: ignore[arg-type]  # fractions work

        def measure() -> None:
            if job.next_run is not None:
                self._late.append((datetime.now() - job.next_run).total_seconds())

        job.do(measure)

    def latencies(self) -> list[float]:
        """What the periodic tasks measured."""
        return list(self._late)

    def add_always(self, index: int, function: Callable[[], object]) -> None:
        """Add a task with a period of a microsecond; zero would never return from the library."""
        del index
        self.scheduler.every(0.000001).seconds.do(function)  # type: ignore[arg-type]  # fractions work

    def completed(self) -> int:
        """The workload must count."""
        return -1

    def add_once(self, index: int, function: Callable[[], object], moment: float) -> None:
        """Add a task that is due at one moment."""
        del index
        job = self.scheduler.every().day.do(function)
        job.next_run = datetime.fromtimestamp(moment)

    def start(self) -> None:
        """Start the loop."""
        self._thread.start()

    def stop(self) -> None:
        """End it."""
        self._over.set()
        self._thread.join(5)

    def _loop(self) -> None:
        while not self._over.is_set():
            self.scheduler.run_pending()
            idle = self.scheduler.idle_seconds
            if idle is not None and idle > 0:
                self._over.wait(min(idle, 1.0))


def nothing() -> None:
    """Do nothing."""
