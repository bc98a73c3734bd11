"""APScheduler 3: a background scheduler with ten threads, or two processes."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from apscheduler.events import EVENT_JOB_EXECUTED
from apscheduler.executors.pool import ProcessPoolExecutor, ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.date import DateTrigger
from apscheduler.triggers.interval import IntervalTrigger

SHORTEST = {"thread": 0.0003, "process": 0.001}
"""It has no "always": a period that keeps it busy without making it stumble over its own misfires."""


def make(name: str, mode: str) -> APScheduler3:
    """A scheduler; `name` is the system's."""
    del name
    return APScheduler3(mode)


class APScheduler3:
    """A background scheduler."""

    def __init__(self, mode: str) -> None:
        logging.getLogger("apscheduler").setLevel(logging.CRITICAL)
        executor = ProcessPoolExecutor(2) if mode == "process" else ThreadPoolExecutor(10)
        self.mode = mode
        self.scheduler = BackgroundScheduler(
            executors={"default": executor},
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
            timezone=UTC,
        )
        self._late: list[float] = []
        self._done = 0
        self._lock = threading.Lock()

    def add_idle(self, count: int) -> None:
        """Add tasks that are not due for half a day."""
        later = datetime.now(UTC) + timedelta(hours=12)
        for _ in range(count):
            self.scheduler.add_job(nothing, CronTrigger(hour=later.hour, minute=later.minute, timezone=UTC))

    def add_periodic(self, index: int, period: float) -> None:
        """Add a task at fixed moments: its start plus multiples of the period."""
        del index
        origin = time.time() + period

        def measure() -> None:
            now = time.time()
            passed = now - origin
            with self._lock:
                self._late.append(passed - int(passed / period) * period)

        start = datetime.fromtimestamp(origin, UTC)
        self.scheduler.add_job(measure, IntervalTrigger(seconds=period, start_date=start, timezone=UTC))

    def latencies(self) -> list[float]:
        """What the periodic tasks measured."""
        return list(self._late)

    def add_always(self, index: int, function: Callable[[], object]) -> None:
        """Add a task with the shortest period that works."""
        del index
        trigger = IntervalTrigger(seconds=1, timezone=UTC)
        trigger.interval = timedelta(seconds=SHORTEST[self.mode])
        trigger.interval_length = SHORTEST[self.mode]
        if self.mode == "process" and not self._done:
            self.scheduler.add_listener(self._count, EVENT_JOB_EXECUTED)
        self.scheduler.add_job(function, trigger)

    def _count(self, event: Any) -> None:
        del event
        self._done += 1

    def completed(self) -> int:
        """Count the events of finished runs in processes; elsewhere the workload counts."""
        return self._done if self.mode == "process" else -1

    def add_once(self, index: int, function: Callable[[], object], moment: float) -> None:
        """Add a task that is due at one moment."""
        del index
        self.scheduler.add_job(function, DateTrigger(datetime.fromtimestamp(moment, UTC)))

    def start(self) -> None:
        """Start the scheduler's thread."""
        self.scheduler.start()

    def stop(self) -> None:
        """End it."""
        self.scheduler.shutdown(wait=False)


def nothing() -> None:
    """Do nothing."""
