"""Floor 4: runs in worker processes that we own, one connection each.

Per run a fresh process by default; with `process_reuse` a worker serves one run after the other. This
is the side that faces the scheduler: it packs orders, knows the runs in flight and tells each outcome
once. The lock guards the runs; reports are not called under it.
"""

from __future__ import annotations

import atexit
import itertools
import os
import signal
import sys
import threading
import weakref
from collections.abc import Callable

from rocket_magic.exc import TaskSetupError
from rocket_magic.execution._base import ExecutionSettings, Outcome, Report, RunOrder
from rocket_magic.execution._outcome import deliver, terminated
from rocket_magic.execution._pool import Pool
from rocket_magic.execution.process._answers import as_it_came, open_slowly, outcome_at_once
from rocket_magic.execution.process._crew import Crew
from rocket_magic.execution.process._link import Answer
from rocket_magic.execution.process._pack import Home, Place, pack_call
from rocket_magic.execution.process._records import LogLayout
from rocket_magic.execution.process._staff import Run
from rocket_magic.execution.process._wire import pack_frame

__all__ = ["ProcessExecutor"]


class ProcessExecutor:
    """Carries out runs in processes of their own.

    Raises:
        TaskSetupError: The platform has no processes of this kind.
    """

    name = "process"

    def __init__(self, settings: ExecutionSettings) -> None:
        if sys.platform == "win32":
            msg = "execution='process' needs Linux, macOS or WSL: use execution='thread' on this system"
            raise TaskSetupError(msg)
        self._settings = settings
        self._home = Home()
        self._numbers = itertools.count(1)
        self._lock = threading.RLock()
        self._crew: Crew | None = None
        self._openers = Pool("rocket-magic-open", lambda: 4)
        self._runs: dict[str, Run] = {}
        self._closed = False
        self._owner_pid = os.getpid()
        reference = weakref.ref(self)
        self._at_exit: Callable[[], None] = lambda: _close_at_exit(reference)
        atexit.register(self._at_exit)

    def start(self, order: RunOrder, report: Report) -> None:
        """Give the run to a waiting worker, or have one made for it.

        Raises:
            TaskSetupError: Something of the run can't travel to a process; it is named.
        """
        body = pack_call(order)
        self._start(order, report, body, self._home.place(), self._home.log_layout(), outcome_at_once)

    def start_packed(
        self,
        order: RunOrder,
        report: Report,
        body: bytes,
        place: Place,
        layout: LogLayout,
    ) -> None:
        """Begin a run that another process has packed, and will open the answer of.

        Its outcome's value is the worker's `Answer` as it came; nothing of the user's is opened here.

        Args:
            order: The run; its `call` is not used.
            report: Told its outcome.
            body: What `pack_call` gave.
            place: Where the run is to stand, seen from this process (see `Home.place`).
            layout: How the loggers of its program are set up.

        Raises:
            TaskSetupError: The executor is closed.
        """
        self._start(order, report, body, place, layout, as_it_came)

    def _start(
        self,
        order: RunOrder,
        report: Report,
        body: bytes,
        place: Place,
        layout: LogLayout,
        read: Callable[[RunOrder, Answer], Outcome | None],
    ) -> None:
        settings = self._settings
        number = next(self._numbers)
        head = (
            order.run_id,
            order.task_name,
            number,
            place,
            layout,
            settings.max_return_size,
            settings.process_reuse,
        )
        run = Run(order, report, pack_frame(head, body), number, read=read)
        with self._lock:
            if self._closed:
                msg = f"task {order.task_name!r} can't be started: its executor is closed"
                raise TaskSetupError(msg)
            self._runs[order.run_id] = run
            crew = self._the_crew()
        crew.begin(run)

    def prepare(self) -> None:
        """Have a worker made in the background, so that the first run need not wait for it.

        Costs its caller next to nothing, and everybody nothing where workers are ready; may be called
        from any thread, at any time.
        """
        with self._lock:
            if self._closed:
                return
            crew = self._the_crew()
        crew.prepare()

    def _the_crew(self) -> Crew:
        if self._crew is None:
            self._crew = Crew(self._settings, self._home, self._take)
        return self._crew

    def terminate(self, run_id: str, reason: str) -> bool:
        """SIGTERM, and after the grace period SIGKILL; the whole group of the worker ends with it."""
        grace = self._settings.grace
        return self._end(run_id, reason, signal.SIGTERM if grace > 0 else signal.SIGKILL)

    def kill(self, run_id: str, reason: str) -> bool:
        """SIGKILL to the worker at once, and to everything in its group."""
        return self._end(run_id, reason, signal.SIGKILL)

    def close(self) -> None:
        """End all workers and the fork server; runs in flight are reported as terminated."""
        if os.getpid() != self._owner_pid:  # a process that was forked from ours must not end our workers
            return
        atexit.unregister(self._at_exit)
        with self._lock:
            if self._closed:
                return
            self._closed = True
            runs = list(self._runs.values())
        for run in runs:
            run.asked = True
            run.order.flag.set("the scheduler was closed")
        if self._crew is not None:
            self._crew.close()
        for run in runs:
            self._tell(run, terminated(run.order.run_id, run.order.flag))
        self._openers.close()

    def _end(self, run_id: str, reason: str, number: signal.Signals) -> bool:
        with self._lock:
            run = self._runs.get(run_id)
            crew = self._crew
        if run is None or crew is None:
            return False
        run.order.flag.set(reason)
        return crew.end(run, number)

    # Outcomes

    def _take(self, run: Run, result: Outcome | Answer) -> None:
        if isinstance(result, Answer):
            self._openers.submit(self._open, run, result)
        else:
            self._tell(run, result)

    def _open(self, run: Run, answer: Answer) -> None:
        self._tell(run, open_slowly(run.order, answer))

    def _tell(self, run: Run, outcome: Outcome) -> None:
        with self._lock:
            if self._runs.pop(run.order.run_id, None) is None:
                return
        deliver(run.report, outcome)


def _close_at_exit(reference: weakref.ref[ProcessExecutor]) -> None:
    executor = reference()
    if executor is not None:
        executor.close()
