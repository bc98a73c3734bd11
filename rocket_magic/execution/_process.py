"""Floor 4: runs in worker processes that we own, one connection each.

Per run a fresh process by default, taken from one that was forked ahead, so that starting costs
little; the replacement is made afterwards. With `process_reuse` a worker serves one run after the
other. The hub's thread serves all workers; `start` may hand a waiting worker its run directly. The
lock guards runs and workers; neither sinks nor reports are called under it.
"""

from __future__ import annotations

import atexit
import contextlib
import itertools
import os
import signal
import threading
import weakref
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from rocket_magic.clock import SystemClock
from rocket_magic.exc import TaskSetupError
from rocket_magic.execution._answers import crashed, not_started, open_slowly, outcome_at_once
from rocket_magic.execution._base import ExecutionSettings, Outcome, Report, RunOrder
from rocket_magic.execution._hub import READ, WRITE, Hub
from rocket_magic.execution._launch import ForkServer, Launcher, Spawner, end_group
from rocket_magic.execution._link import Answer, Link, open_link
from rocket_magic.execution._outcome import deliver, terminated
from rocket_magic.execution._pack import Home, pack_call
from rocket_magic.execution._pool import Pool
from rocket_magic.execution._wire import Piece, pack_frame
from rocket_magic.instants import Span, from_seconds

__all__ = ["ProcessExecutor"]

_EVERYTHING: Final = 1 << 62
_UNKNOWN_END: Final = 1.0
"""Seconds to wait for the exit code of a worker whose channel has closed."""
_CLOSING: Final = 5.0
_REPLACEMENT: Final = 0.003
_METHODS: Final = ("forkserver", "spawn")


@dataclass(slots=True, eq=False)
class _Run:
    order: RunOrder
    report: Report
    frame: list[Piece]
    worker: _Worker | None = None
    asked: bool = False


@dataclass(slots=True, eq=False)
class _Worker:
    link: Link
    launcher: Launcher
    run: _Run | None = None
    served: int = 0
    idle_since: Span = 0
    retired: bool = False
    wanted_signal: int | None = None


class ProcessExecutor:
    """Carries out runs in processes of their own.

    Raises:
        TaskSetupError: The platform has no processes of this kind.
    """

    name = "process"

    def __init__(self, settings: ExecutionSettings) -> None:
        if not hasattr(os, "fork"):
            msg = "execution='process' needs Linux, macOS or WSL: use execution='thread' on this system"
            raise TaskSetupError(msg)
        self._settings = settings
        self._home = Home()
        self._lock = threading.RLock()
        self._hub: Hub | None = None
        self._launcher: Launcher | None = None
        self._openers = Pool("rocket-magic-open", lambda: 4)
        self._workers: dict[int, _Worker] = {}
        self._ready: deque[_Worker] = deque()
        self._runs: dict[str, _Run] = {}
        self._waiting: deque[_Run] = deque()
        self._numbers = itertools.count(1)
        self._preloaded: set[str] = set()
        self._sweeping = False
        self._closed = False
        self._owner_pid = os.getpid()
        reference = weakref.ref(self)
        self._at_exit: Callable[[], None] = lambda: _close_at_exit(reference)
        atexit.register(self._at_exit)

    # From any thread

    def start(self, order: RunOrder, report: Report) -> None:
        """Give the run to a waiting worker, or have one made for it.

        Raises:
            TaskSetupError: Something of the run can't travel to a process; it is named.
        """
        body = pack_call(order)
        settings = self._settings
        head = (
            order.run_id,
            order.task_name,
            self._home.place(),
            settings.max_return_size,
            settings.process_reuse,
        )
        run = _Run(order, report, pack_frame(head, body))
        with self._lock:
            if self._closed:
                msg = f"task {order.task_name!r} can't be started: its executor is closed"
                raise TaskSetupError(msg)
            hub = self._hub
            if hub is None:
                hub = self._hub = Hub("rocket-magic-processes")
            self._runs[order.run_id] = run
            worker = self._take_ready()
            if worker is None:
                self._waiting.append(run)
                hub.post(self._supply)
                return
            self._assign(worker, run, hub)
            if not self._ready and not settings.process_reuse:
                hub.post(self._supply_soon)

    def terminate(self, run_id: str, reason: str) -> bool:
        """SIGTERM, and after the grace period SIGKILL to the whole group."""
        grace = self._settings.grace
        return self._end(run_id, reason, signal.SIGTERM if grace > 0 else signal.SIGKILL)

    def kill(self, run_id: str, reason: str) -> bool:
        """SIGKILL to the worker and everything in its group, at once."""
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
            hub = self._hub
        if hub is not None:
            hub.post(self._shut_down)
            hub.stop(_CLOSING)
        self._openers.close()

    def _end(self, run_id: str, reason: str, number: signal.Signals) -> bool:
        with self._lock:
            run = self._runs.get(run_id)
            hub = self._hub
            if run is None or hub is None:
                return False
            run.asked = True
            run.order.flag.set(reason)
            worker = run.worker
            if worker is None:
                self._waiting.remove(run)
                hub.post(lambda: self._report(run, terminated(run.order.run_id, run.order.flag)))
                return True
            if worker.run is not run:  # it has ended, and its value is being opened
                return False
            self._signal(worker, number)
        if number is signal.SIGTERM:
            hub.post(lambda: hub.call_later(self._settings.grace, lambda: self._end_by_force(run)))
        return True

    def _end_by_force(self, run: _Run) -> None:
        with self._lock:
            if run.worker is not None and run.worker.run is run:
                self._signal(run.worker, signal.SIGKILL)

    # Workers; the lock is held

    def _signal(self, worker: _Worker, number: signal.Signals) -> None:
        pid = worker.link.pid
        if pid is None:  # it is on its way
            worker.wanted_signal = number
        elif worker.link.number not in self._workers:
            return
        elif number == signal.SIGKILL:
            end_group(pid)
        else:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                return

    def _take_ready(self) -> _Worker | None:
        while self._ready:
            worker = self._ready.pop()
            if not worker.link.closed and not worker.retired:
                return worker
        return None

    def _assign(self, worker: _Worker, run: _Run, hub: Hub) -> None:
        worker.run, run.worker = run, worker
        worker.served += 1
        frame, run.frame = run.frame, []
        if not worker.link.send(frame):
            hub.post(lambda: self._await_writable(worker))

    # On the hub's thread

    def _supply_soon(self) -> None:
        """Make the next worker a moment later: forking it now would slow down the run that begins."""
        assert self._hub is not None
        self._hub.call_later(_REPLACEMENT, self._supply)

    def _supply(self) -> None:
        """Make workers for the runs that wait, and have one ready ahead."""
        hub = self._hub
        while hub is not None and not self._closed:
            with self._lock:
                if self._ready and not self._waiting:
                    return
                worker = self._take_ready()
                if worker is not None:
                    self._assign(worker, self._waiting.popleft(), hub)
                    continue
            try:
                self._launch(hub)
            except OSError as error:  # no descriptors or processes left
                with self._lock:
                    run = self._waiting.popleft() if self._waiting else None
                if run is None:
                    return
                self._report(run, not_started(run.order, error))

    def _launch(self, hub: Hub) -> None:
        """Make a worker: for the run that waits longest, or ahead of the next one."""
        launcher = self._the_launcher(hub)
        number = next(self._numbers)
        link, ends = open_link(number)
        try:
            link.pid = launcher.launch(number, *ends.all)
        except OSError:
            link.close()
            raise
        finally:
            ends.close()
        worker = _Worker(link, launcher)
        hub.register(link.channel, READ, partial(self._on_channel, worker))
        for name, descriptor in link.outputs.items():
            hub.register(descriptor, READ, partial(self._on_output, worker, name))
        with self._lock:
            self._workers[number] = worker
            if self._waiting:
                self._assign(worker, self._waiting.popleft(), hub)
            else:
                self._ready.append(worker)

    def _the_launcher(self, hub: Hub) -> Launcher:
        if self._launcher is None:
            method = self._settings.process_start_method or "forkserver"
            if method not in _METHODS:
                msg = f"process_start_method must be one of {', '.join(_METHODS)} or None, got {method!r}"
                raise OSError(msg)
            kind = Spawner if method == "spawn" else ForkServer
            self._launcher = kind(hub, self, self._home.environment, self._home.path)
        return self._launcher

    def _await_writable(self, worker: _Worker) -> None:
        if self._hub is not None and not worker.link.closed and not worker.link.flush():
            self._hub.modify(worker.link.channel, READ | WRITE, partial(self._on_channel, worker))

    def _on_channel(self, worker: _Worker, events: int) -> None:
        hub, link = self._hub, worker.link
        assert hub is not None
        if events & WRITE and link.flush():
            hub.modify(link.channel, READ, partial(self._on_channel, worker))
        if not events & READ:
            return
        try:
            answer = link.receive()
        except EOFError:
            hub.unregister(link.channel)
            self._end_asked(worker)
            # The exit code follows through the launcher; if it does not, the end is unknown.
            known = self._launcher is worker.launcher
            hub.call_later(_UNKNOWN_END if known else 0, lambda: self.worker_gone(link.number, None))
            return
        if answer is not None:
            self._finish(worker, answer)

    def _end_asked(self, worker: _Worker) -> None:
        """A worker that was asked to end has closed its channel: its exit code matters to nobody."""
        run = worker.run
        if run is not None and run.asked:
            worker.link.pass_rest(run.order.sink)
            with self._lock:
                worker.run = None
                worker.retired = True
            self._report(run, terminated(run.order.run_id, run.order.flag))

    def _on_output(self, worker: _Worker, name: str, _events: int) -> None:
        run = worker.run
        if (
            not worker.link.pass_output(name, run.order.sink if run is not None else _NOWHERE)
            and self._hub is not None
        ):
            self._hub.unregister(worker.link.outputs.get(name, -1))

    def _finish(self, worker: _Worker, answer: Answer) -> None:
        """A worker has sent the outcome of its run."""
        run = worker.run
        if run is None:
            return
        worker.link.pass_rest(run.order.sink)
        outcome = outcome_at_once(run.order, answer)
        with self._lock:
            worker.run = None
            reusable = self._settings.process_reuse and not run.asked and not worker.retired
            if reusable and worker.served < self._settings.reuse_limit:
                worker.idle_since = _uptime()
                self._ready.append(worker)
            else:
                self._retire(worker)
        self._note_modules(answer.head[5])
        if outcome is None:
            self._openers.submit(self._open, run, answer)
        else:
            self._report(run, outcome)
        if self._waiting:
            self._supply()
        elif not worker.retired:
            self._sweep_later()

    def _retire(self, worker: _Worker) -> None:
        """Let a worker end after its last run, and see to it that it does; the lock is held."""
        assert self._hub is not None
        worker.retired = True
        worker.link.retire()
        self._hub.call_later(max(self._settings.grace, 1.0), lambda: self._end_leftover(worker))

    def _end_leftover(self, worker: _Worker) -> None:
        with self._lock:
            if not worker.link.closed:
                self._signal(worker, signal.SIGKILL)

    def _sweep_later(self) -> None:
        """Have idle workers ended when it is time; one timer serves them all."""
        if self._hub is not None and not self._sweeping:
            self._sweeping = True
            self._hub.call_later(self._settings.idle_limit, self._sweep)

    def _sweep(self) -> None:
        """End workers that have been idle for too long; one is kept ready."""
        self._sweeping = False
        latest = _uptime() - from_seconds(self._settings.idle_limit)
        with self._lock:
            for worker in list(self._ready):
                if len(self._ready) > _KEPT_READY and worker.idle_since <= latest:
                    self._ready.remove(worker)
                    self._retire(worker)
            more = len(self._ready) > _KEPT_READY
        if more:
            self._sweep_later()

    # What launchers tell

    def worker_started(self, number: int, pid: int) -> None:
        """A worker has its pid; send the signal that came too early."""
        with self._lock:
            worker = self._workers.get(number)
            if worker is None:
                return
            worker.link.pid = pid
            wanted, worker.wanted_signal = worker.wanted_signal, None
            if wanted is not None:
                self._signal(worker, signal.Signals(wanted))

    def worker_gone(self, number: int, code: int | None) -> None:
        """A worker has ended: what it still said counts, then its run is over in any case."""
        with self._lock:
            worker = self._workers.get(number)
        if worker is None or self._hub is None:
            return
        if code is None and worker.link.pid is not None:
            end_group(worker.link.pid)
        with contextlib.suppress(EOFError):
            answer = worker.link.receive(_EVERYTHING)
            if answer is not None:
                self._finish(worker, answer)
        with self._lock:
            self._workers.pop(number, None)
            if worker in self._ready:
                self._ready.remove(worker)
            run, worker.run = worker.run, None
        worker.link.pass_rest(run.order.sink if run is not None else _NOWHERE)
        for file in (worker.link.channel, *worker.link.outputs.values()):
            self._hub.unregister(file)
        worker.link.close()
        if run is not None:
            self._report(run, crashed(run.order, code))

    def worker_not_forked(self, number: int, error: int) -> None:
        """The system has no room for another process: the run that waited for it fails."""
        with self._lock:
            worker = self._workers.get(number)
            run = None if worker is None else worker.run
            if worker is not None:
                worker.run = None
        self.worker_gone(number, 0)
        if run is not None:
            self._report(run, not_started(run.order, OSError(error, os.strerror(error))))

    def modules_loaded(self) -> None:
        """Replace workers that were forked ahead without the modules."""
        with self._lock:
            stale = [worker for worker in self._ready if not worker.served]
            for worker in stale:
                self._ready.remove(worker)
                self._retire(worker)
        self._supply()

    def launcher_lost(self) -> None:
        """The fork server died. Runs in flight go on; workers that wait are given up with it."""
        self._launcher = None
        self._preloaded.clear()
        with self._lock:
            waiting = [worker for worker in self._workers.values() if worker.run is None]
            self._ready.clear()
        for worker in waiting:
            self.worker_gone(worker.link.number, None)
        if self._waiting:
            self._supply()

    def _note_modules(self, modules: list[str]) -> None:
        fresh = [name for name in modules if name not in self._preloaded]
        if fresh and self._launcher is not None:
            self._preloaded.update(fresh)
            self._launcher.preload(fresh)

    # Outcomes

    def _open(self, run: _Run, answer: Answer) -> None:
        self._report(run, open_slowly(run.order, answer))

    def _report(self, run: _Run, outcome: Outcome) -> None:
        with self._lock:
            if self._runs.pop(run.order.run_id, None) is None:
                return
        deliver(run.report, outcome)

    # The end

    def _shut_down(self) -> None:
        with self._lock:
            workers, runs = list(self._workers.values()), list(self._runs.values())
            self._ready.clear()
            self._waiting.clear()
            for run in runs:
                run.asked = True
                run.order.flag.set("the scheduler was closed")
            for worker in workers:
                self._signal(worker, signal.SIGKILL)
        launcher, self._launcher = self._launcher, None
        if launcher is not None:
            launcher.close()
        for worker in workers:
            self.worker_gone(worker.link.number, None)
        for run in runs:
            self._report(run, terminated(run.order.run_id, run.order.flag))


_KEPT_READY: Final = 1
_uptime = SystemClock().uptime


class _Nowhere:
    """Takes output of a worker between two runs: it belongs to nobody."""

    def write(self, stream: str, text: str) -> None:
        """Forget it."""


_NOWHERE: Any = _Nowhere()


def _close_at_exit(reference: weakref.ref[ProcessExecutor]) -> None:
    executor = reference()
    if executor is not None:
        executor.close()
