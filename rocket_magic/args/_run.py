"""Floor 3: what code inside a run may know of its run.

Executors set `current_run` around every call, also in worker processes. Arguments such as
`TerminationFlag` and `Clock` and the notebook's output capture read it there.
"""

from __future__ import annotations

import threading
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from rocket_magic._protocols import Sink
from rocket_magic.clock import Clock


@dataclass(slots=True)  # not frozen: one is made for each run, and freezing takes four times as long
class RunEnv:
    """The run that the current code belongs to.

    Attributes:
        run_id: Its id in the records.
        task_name: The task's name when the run began.
        flag: Set when the run is asked to end; has `is_set()`, `wait(seconds)` and `reason`.
        clock: The session's clock, or what stands for it in another process.
        sink: Where the run's output goes, or None.
    """

    run_id: str
    task_name: str
    flag: Any
    clock: Clock
    sink: Sink | None = None


current_run: ContextVar[RunEnv | None] = ContextVar("rocket_magic_current_run", default=None)
"""The run of the current thread or asyncio task; None outside of runs."""


class IdleFlag:
    """The termination flag outside of a run: nobody sets it, but it can be asked."""

    __slots__ = ("_event",)

    reason: str | None = None

    def __init__(self) -> None:
        self._event = threading.Event()

    def __reduce__(self) -> tuple[type[IdleFlag], tuple[()]]:
        return IdleFlag, ()

    def is_set(self) -> bool:
        """Whether the run was asked to end."""
        return self._event.is_set()

    def set(self, reason: str | None = None) -> None:
        """Set it, for code that sets the flag it was given."""
        self._event.set()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is set, at most `timeout` seconds; whether it is."""
        return self._event.wait(timeout)
