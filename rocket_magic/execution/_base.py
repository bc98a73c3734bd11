"""Floor 4: what the scheduler and the ways of execution exchange: order, outcome, flag, settings.

A `RunOrder` is written by the scheduler and read by one executor; an `Outcome` goes back through the
`report` callable, exactly once per order that `start` accepted, from any thread.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

from rocket_magic._lazy import LazyModule
from rocket_magic._protocols import Action, Sink
from rocket_magic.clock import Clock, SystemClock

if TYPE_CHECKING:
    import asyncio
else:
    asyncio = LazyModule("asyncio")

__all__ = ["ExecutionSettings", "Executor", "Flag", "Outcome", "Report", "RunOrder"]


class Flag:
    """The termination flag of one run: set once, from any thread, with the reason.

    Attributes:
        reason: Why the run shall end; None while it may go on.
    """

    __slots__ = ("_event", "_lock", "reason")

    _lock: threading.Lock

    def __init__(self) -> None:
        self.reason: str | None = None
        # An Event costs more than the rest of a no-op run, and most flags are never waited on.
        self._event: threading.Event | None = None
        self._lock = _LOCK

    def is_set(self) -> bool:
        """Whether the run was asked to end."""
        return self.reason is not None

    def set(self, reason: str = "terminated") -> None:
        """Ask the run to end; the first reason stays."""
        with self._lock:
            if self.reason is None:
                self.reason = reason
            event = self._event
        if event is not None:
            event.set()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait at most `timeout` seconds (None: for ever); whether the run was asked to end."""
        with self._lock:
            if self.reason is not None:
                return True
            if self._event is None:
                self._event = threading.Event()
            event = self._event
        return event.wait(timeout)

    def __bool__(self) -> bool:
        """Like `is_set`."""
        return self.reason is not None

    def __repr__(self) -> str:
        """Show the state."""
        return f"<Flag: {self.reason or 'not set'}>"


_LOCK = threading.Lock()
"""Shared by all flags: it is held for a few instructions only."""


@dataclass(slots=True)
class RunOrder:
    """What an executor shall carry out.

    Attributes:
        run_id: Id of the run, unique among those in flight.
        task_name: The task's name, for messages.
        call: Called without arguments; what it returns (a coroutine: what that returns) is the value.
            For `process` it must be picklable by cloudpickle.
        sink: Where output of worker processes goes; None: the scheduler's own stdout and stderr.
            Executors neither close it nor write the error to it.
        flag: Set to ask the run to end.
        clock: The session's clock, for the task's code.
        daemon: Accepted for Rocketry programs; runs never outlive the scheduler's process either way.
        options: Room for options of one way of execution.
    """

    run_id: str
    task_name: str
    call: Callable[[], Any]
    sink: Sink | None = None
    flag: Flag = field(default_factory=Flag)
    clock: Clock = field(default_factory=SystemClock)
    daemon: bool = True
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)  # not frozen: one is made for each run, and freezing takes four times as long
class Outcome:
    """How a run ended.

    Attributes:
        run_id: Id of the run.
        action: Success, fail, terminate, inaction or crash.
        value: What the task returned.
        exc: The exception that ended it; None where it could not travel from another process.
        exc_text: Its traceback as text, without this package's own frames, at most 64 k characters.
        reason: Why, in one line, where the action alone does not say it.
        signal: "exit" or "restart" when the task raised `SchedulerExit` or `SchedulerRestart`.
    """

    run_id: str
    action: Action
    value: Any = None
    exc: BaseException | None = None
    exc_text: str | None = None
    reason: str | None = None
    signal: Literal["exit", "restart"] | None = None


Report = Callable[[Outcome], None]


class Executor(Protocol):
    """One way to carry out runs. `start` is called by the scheduler's thread, the rest by any."""

    name: str

    def start(self, order: RunOrder, report: Report) -> None:
        """Begin a run.

        Raises:
            TaskSetupError: It can't be begun; `report` will not be called.
        """
        ...

    def terminate(self, run_id: str, reason: str) -> bool:
        """Ask a run to end.

        Returns:
            Whether the executor ends it by force if it does not listen.
        """
        ...

    def kill(self, run_id: str, reason: str) -> bool:
        """End a run at once where that is possible; whether it is."""
        ...

    def close(self) -> None:
        """End all runs and give back threads, processes and descriptors."""
        ...


def _no_loop() -> asyncio.AbstractEventLoop:
    msg = "async runs need an event loop: give ExecutionSettings(loop=...)"
    raise RuntimeError(msg)


def _log_warning(text: str) -> None:
    logging.getLogger("rocket_magic.execution").warning(text)


def _own_loop(coroutine: Coroutine[Any, Any, None]) -> None:
    asyncio.run(coroutine)


@dataclass(slots=True)
class ExecutionSettings:
    """How executors work. They read it at each run, so its owner may change it at any time.

    Attributes:
        loop: Gives the event loop that async runs live on; called on the thread that turns it.
        runner: Runs the coroutine of a `main` run.
        grace: Seconds from asking a process run to end until it is killed; 0 kills at once.
        max_thread_count: Upper limit of threads; None: as many as runs need.
        process_reuse: Whether a worker process serves one run after the other.
        process_start_method: "forkserver", "spawn", or None for the better one of this platform.
        reuse_limit: Runs after which a reused worker process is replaced.
        idle_limit: Seconds after which an idle reused worker process is ended.
        warn: Tells the person of what a run does to the others.
        max_return_size: Bytes that a return value from a process may have once pickled.
        max_process_count: Places of a dask cluster of our own; None: the number of CPUs.
        dask_cluster: Where dask runs go: None for a cluster of our own, the address of a dask scheduler, or a
            `distributed.Client` or cluster.
    """

    loop: Callable[[], asyncio.AbstractEventLoop] = _no_loop
    runner: Callable[[Coroutine[Any, Any, None]], None] = _own_loop
    grace: float = 5.0
    max_thread_count: int | None = None
    process_reuse: bool = False
    process_start_method: str | None = None
    reuse_limit: int = 1_000
    idle_limit: float = 60.0
    max_return_size: int = 1 << 30
    max_process_count: int | None = None
    dask_cluster: Any = None
    warn: Callable[[str], None] = _log_warning
