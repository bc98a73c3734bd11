"""Stand-ins for the session and the task that arguments are resolved against."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from rocket_magic.args import ArgumentEnv, Parameters
from rocket_magic.clock import Clock, VirtualClock


@dataclass
class FakeTask:
    """A task with a name and a log."""

    name: str
    logger: Any = field(default_factory=lambda: logging.getLogger("fake"))


@dataclass
class FakeSession:
    """A session with what arguments read of one."""

    parameters: Parameters = field(default_factory=Parameters)
    returns: dict[str, Any] = field(default_factory=dict)
    tasks: dict[str, FakeTask] = field(default_factory=dict)
    config: Any = field(
        default_factory=lambda: SimpleNamespace(scheduler_logger_basename="rocketry.scheduler")
    )
    clock: Clock = field(default_factory=lambda: VirtualClock("2026-01-01"))

    def find_task(self, name: str) -> FakeTask | None:
        """The task of that name, or None."""
        return self.tasks.get(name)

    def add(self, name: str) -> FakeTask:
        """Put a task in."""
        self.tasks[name] = FakeTask(name)
        return self.tasks[name]

    def env(self, name: str = "report") -> ArgumentEnv:
        """What arguments of task `name` are resolved against."""
        return ArgumentEnv(self, self.tasks.get(name) or self.add(name))
