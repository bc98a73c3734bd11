"""rocket_magic and Rocketry 2.5.1: one adapter, because their programs are written alike."""

from __future__ import annotations

import functools
import importlib
import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any


def make(package: str, mode: str) -> Statements:
    """A scheduler of `package`, written for Rocketry's API."""
    return Statements(package, mode)


class Statements:
    """An application with the thread it runs on.

    Attributes:
        app: The application itself, for workloads that only these two systems can do.
    """

    def __init__(self, package: str, mode: str, **config: Any) -> None:
        self.package, self.mode = package, mode
        self.conds = importlib.import_module(f"{package}.conds")
        defaults: dict[str, Any] = {"execution": mode, "task_pre_exist": "raise"}
        if package == "rocket_magic":
            defaults["log_capacity"] = 2_000_000
        self.app = importlib.import_module(package).Rocketry(config={**defaults, **config})
        logging.getLogger("rocketry.scheduler").setLevel(logging.CRITICAL)
        self.periods: dict[str, float] = {}
        self.thread: threading.Thread | None = None

    @property
    def session(self) -> Any:
        """The application's session."""
        return self.app.session

    def task(self, name: str, condition: Any, function: Callable[..., object], **policy: Any) -> Any:
        """Create a task around a function of its own: both systems name the function's task after it."""
        copy = functools.partial(function) if self.mode != "process" else function
        return self.session.create_task(func=copy, name=name, start_cond=condition, **policy)

    def add_idle(self, count: int) -> None:
        """Add tasks that are not due for half a day."""
        later = datetime.now().astimezone() + timedelta(hours=12)
        hour, minute = later.hour, later.minute
        until = (later + timedelta(minutes=30)).strftime("%H:%M")
        conditions = (
            lambda: self.conds.daily.at(f"{hour:02}:{minute:02}"),
            lambda: self.conds.daily.between(f"{hour:02}:{minute:02}", until),
            lambda: self.conds.cron(f"{minute} {hour} * * *"),
        )
        for index in range(count):
            self.task(f"idle-{index}", conditions[index % 3](), nothing)

    def add_periodic(self, index: int, period: float) -> None:
        """Add a task every so many seconds; what counts is the record of its run."""
        self.periods[f"periodic-{index}"] = period
        self.task(f"periodic-{index}", self.conds.every(f"{period} s"), nothing)

    def latencies(self) -> list[float]:
        """Start of each run after the first, minus the start of the run before plus the period.

        The statement "every" counts from the previous run, so that is when a run is due.
        """
        starts: dict[str, list[float]] = {name: [] for name in self.periods}
        for record in self.session.get_task_log(action="run"):
            if record.task_name in starts:
                starts[record.task_name].append(float(record.created))
        return [
            later - earlier - self.periods[name]
            for name, moments in starts.items()
            for earlier, later in zip(sorted(moments), sorted(moments)[1:], strict=False)
        ]

    def add_always(self, index: int, function: Callable[[], object]) -> None:
        """Add a task that is always due."""
        self.task(f"always-{index}", self.conds.true, function)

    def completed(self) -> int:
        """Count the successes in the log, without making an object of each where that can be helped."""
        if self.package == "rocket_magic":
            return int(self.session.log.filter_by(action="success").count())
        return sum(1 for _ in self.session.get_task_log(action="success"))

    def add_once(self, index: int, function: Callable[[], object], moment: float) -> None:
        """Add a task that is due daily from that moment on."""
        clock = datetime.fromtimestamp(moment).astimezone().strftime("%H:%M:%S")
        self.task(f"once-{index}", self.conds.daily.after(clock), function)

    def start(self) -> None:
        """Run the session on a thread."""
        if self.package == "rocket_magic":
            self.session.start_thread()
            return
        self.thread = threading.Thread(target=self.app.run, daemon=True)
        self.thread.start()

    def stop(self) -> None:
        """Shut down and wait a moment; the process ends soon anyway."""
        if self.package == "rocket_magic":
            self.session.stop(force=True, wait=5)
            return
        self.session.shut_down(force=True)
        if self.thread is not None:
            self.thread.join(5)

    def run_starts(self, name: str) -> list[float]:
        """Moments at which the runs of a task were recorded."""
        return [float(record.created) for record in self.session.get_task_log(task_name=name, action="run")]

    def wait_running(self) -> None:
        """Wait until the scheduler has started."""
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and not self.session.scheduler.is_alive:
            time.sleep(0.01)


def nothing() -> None:
    """Do nothing."""
