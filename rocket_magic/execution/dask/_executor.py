"""Floor 4: runs on a dask cluster. This is the side that faces the scheduler.

It packs orders, knows the runs in flight and tells each outcome once; nothing here waits for the cluster. The
lock guards the runs; reports are not called under it.
"""

from __future__ import annotations

import atexit
import os
import threading
import weakref
from collections.abc import Callable
from typing import Any

from rocket_magic.exc import TaskSetupError
from rocket_magic.execution._base import ExecutionSettings, Outcome, Report, RunOrder
from rocket_magic.execution._outcome import deliver, terminated
from rocket_magic.execution._pool import Pool
from rocket_magic.execution.dask._line import Line
from rocket_magic.execution.dask._results import outcome_of
from rocket_magic.execution.dask._voyage import Voyage
from rocket_magic.execution.process._pack import Home, pack_call

__all__ = ["DaskExecutor"]


class DaskExecutor:
    """Carries out runs on the cluster of the option `dask_cluster`.

    Without one it has a cluster of its own, which listens on 127.0.0.1 (encrypted, and for nobody else). A
    cluster of somebody else's needs this package, in the same version, on its workers.

    Args:
        settings: Read at each run.
    """

    name = "dask"

    def __init__(self, settings: ExecutionSettings) -> None:
        self._settings = settings
        self._home = Home()
        self._lock = threading.RLock()
        self._line: Line | None = None
        self._old_lines: list[Line] = []
        self._lines: dict[str, tuple[Voyage, Line]] = {}
        self._pool = Pool("rocket-magic-dask-open", lambda: 4)
        self._closed = False
        self._owner_pid = os.getpid()
        reference = weakref.ref(self)
        self._at_exit: Callable[[], None] = lambda: _close_at_exit(reference)
        atexit.register(self._at_exit)

    def start(self, order: RunOrder, report: Report) -> None:
        """Send the run to the cluster; one that has no place for it lets it wait.

        Raises:
            TaskSetupError: Something of the run can't travel; it is named.
        """
        voyage = Voyage(order, report, pack_call(order, "on a dask cluster"))
        with self._lock:
            if self._closed:
                msg = f"task {order.task_name!r} can't be started: its executor is closed"
                raise TaskSetupError(msg)
            line = self._the_line()
            self._lines[order.run_id] = voyage, line
        line.begin(voyage)

    def prepare(self) -> None:
        """Connect in the background, and start a cluster of our own where that is to be used."""
        with self._lock:
            if not self._closed:
                self._the_line()

    def _the_line(self) -> Line:
        line = self._line
        if line is None or line.is_lost or line.source != self._settings.dask_cluster:
            if line is not None:
                self._old_lines.append(line)
            line = self._line = Line(self._settings, self._home, self._take)
            self._hang_up_idle()
        return line

    def _hang_up_idle(self) -> None:
        idle = [line for line in self._old_lines if line.is_idle]
        self._old_lines = [line for line in self._old_lines if line not in idle]
        for line in idle:
            self._pool.submit(line.close)

    def terminate(self, run_id: str, reason: str) -> bool:
        """SIGTERM to the run's process, and after the grace period SIGKILL."""
        return self._end(run_id, reason, self._settings.grace)

    def kill(self, run_id: str, reason: str) -> bool:
        """SIGKILL to the run's process at once."""
        return self._end(run_id, reason, 0)

    def _end(self, run_id: str, reason: str, grace: float) -> bool:
        with self._lock:
            found = self._lines.get(run_id)
        if found is None:
            return False
        voyage, line = found
        voyage.order.flag.set(reason)
        line.end(voyage, grace)
        return True

    def close(self) -> None:
        """End all runs, the connection, and a cluster of our own; the runs are reported as terminated."""
        if os.getpid() != self._owner_pid:  # a process that was forked from ours must not end what is ours
            return
        atexit.unregister(self._at_exit)
        with self._lock:
            if self._closed:
                return
            self._closed = True
            voyages = [voyage for voyage, _ in self._lines.values()]
            lines = [line for line in (self._line, *self._old_lines) if line is not None]
        for voyage in voyages:
            voyage.order.flag.set("the scheduler was closed")
        for line in lines:
            line.close()
        for voyage in voyages:
            self._tell(voyage, terminated(voyage.order.run_id, voyage.order.flag))
        self._pool.close()

    # Outcomes

    def _take(self, voyage: Voyage, said: Outcome | tuple[str, Any]) -> None:
        if isinstance(said, Outcome):
            self._tell(voyage, said)
        else:
            self._pool.submit(self._open, voyage, said)

    def _open(self, voyage: Voyage, said: tuple[str, Any]) -> None:
        self._tell(voyage, outcome_of(voyage.order, said))

    def _tell(self, voyage: Voyage, outcome: Outcome) -> None:
        with self._lock:
            found = self._lines.get(voyage.order.run_id)
            if found is None or found[0] is not voyage:
                return
            del self._lines[voyage.order.run_id]
            if self._old_lines:
                self._hang_up_idle()
        deliver(voyage.report, outcome)


def _close_at_exit(reference: weakref.ref[DaskExecutor]) -> None:
    executor = reference()
    if executor is not None:
        executor.close()
