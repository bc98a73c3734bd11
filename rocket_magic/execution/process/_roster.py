"""Floor 4: which worker processes there are, which of them are ready, and which runs wait for one.

Plain state without a thread of its own. Every method may be called from any thread: the lock is held
while a method looks and changes, and free while it sends an order. Sinks and reports aren't called here.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from rocket_magic.execution.process._staff import Run, Worker
from rocket_magic.instants import Span

__all__ = ["Roster"]


class Roster:
    """Workers by number, and runs that wait.

    Args:
        blocked: Called when an order could not be sent whole: its pipe is to be watched.

    Attributes:
        waiting: Runs for which no worker is ready.
        served: How many runs workers were given since ever.
        n_coming: How many workers were asked for and are not known to run yet.
    """

    def __init__(self, blocked: Callable[[Worker], None]) -> None:
        self._blocked = blocked
        self._lock = threading.Lock()
        self._workers: dict[int, Worker] = {}
        self._ready: deque[Worker] = deque()
        self.waiting: deque[Run] = deque()
        self.served = 0
        self.n_coming = 0

    # Runs

    def take_on(self, run: Run, *, newest: bool) -> bool:
        """Give a run to a ready worker, or let it wait; whether it was given.

        Args:
            run: The run.
            newest: Take the worker that became ready last, whose memory is warm; else the first,
                which is done with its preparations.
        """
        with self._lock:
            if not self._ready or self.waiting:
                self.waiting.append(run)
                return False
            worker = self._ready.pop() if newest else self._ready.popleft()
            self._assign(worker, run)
        self._send(worker, run)
        return True

    def serve_waiting(self) -> None:
        """Give ready workers to the runs that wait."""
        while self._ready and self.waiting:
            with self._lock:
                if not self._ready or not self.waiting:
                    return
                worker, run = self._ready.popleft(), self.waiting.popleft()
                self._assign(worker, run)
            self._send(worker, run)

    def _assign(self, worker: Worker, run: Run) -> None:
        worker.run, run.worker = run, worker
        worker.served += 1
        self.served += 1

    def _send(self, worker: Worker, run: Run) -> None:
        """Send an order; not under the lock, since other threads have their turn while the system sends.

        A signal may overtake it: the worker remembers that until the order comes.
        """
        frame, run.frame = run.frame, []
        if not worker.link.send(frame):
            self._blocked(worker)

    def withdraw(self, run: Run) -> bool:
        """Take a run back that waits; False when a worker has it."""
        with self._lock:
            if run.worker is not None:
                return False
            if run in self.waiting:
                self.waiting.remove(run)
            return True

    def signal(self, run: Run, number: int) -> bool:
        """Send a signal to the worker of a run; False when it is done with it."""
        with self._lock:
            worker = run.worker
            if worker is None or worker.run is not run:
                return False
            worker.signal(number)
            return True

    def next_waiting(self) -> Run | None:
        """The run that waits longest, taken out."""
        with self._lock:
            return self.waiting.popleft() if self.waiting else None

    # Workers

    @property
    def size(self) -> int:
        """How many workers there are."""
        return len(self._workers)

    @property
    def n_serving(self) -> int:
        """How many workers there are that will take further runs."""
        with self._lock:
            return sum(not worker.retired for worker in self._workers.values())

    @property
    def n_ready(self) -> int:
        """How many workers are ready."""
        return len(self._ready)

    def find(self, number: int) -> Worker | None:
        """The worker of that number, if it is still known."""
        return self._workers.get(number)

    def all(self) -> list[Worker]:
        """All workers."""
        with self._lock:
            return list(self._workers.values())

    def add(self, worker: Worker, *, at_work: bool) -> None:
        """Take a new worker in.

        Args:
            worker: The worker; it may be on its way yet, what it is sent waits for it.
            at_work: Whether it gets the run that waits longest; else it is to be made ready by `arrived`.
        """
        with self._lock:
            self._workers[worker.link.number] = worker
            self.n_coming += worker.link.pid is None
            run = self.waiting.popleft() if at_work and self.waiting else None
            if run is not None:
                self._assign(worker, run)
            elif at_work or worker.link.pid is not None:
                self._ready.append(worker)
        if run is not None:
            self._send(worker, run)

    def arrived(self, worker: Worker, pid: int) -> None:
        """A worker runs: send it the signal that came too early."""
        with self._lock:
            if worker.link.pid is None:
                self.n_coming -= 1
            worker.link.pid = pid
            wanted, worker.wanted_signal = worker.wanted_signal, None
            if wanted is not None:
                worker.signal(wanted)
            if not worker.served and not worker.retired and worker not in self._ready:
                self._ready.append(worker)

    def done(self, worker: Worker, now: Span | None) -> None:
        """A worker has ended its run, and is ready for another one from `now` on (None: it is not)."""
        with self._lock:
            worker.run = None
            if now is None:
                worker.retired = True
            else:
                worker.idle_since = now
                self._ready.append(worker)

    def remove(self, worker: Worker) -> Run | None:
        """Forget a worker; the run it had."""
        with self._lock:
            if self._workers.pop(worker.link.number, None) is not None:
                self.n_coming -= worker.link.pid is None
            if worker in self._ready:
                self._ready.remove(worker)
            run, worker.run = worker.run, None
            return run

    def dismiss(self, choose: Callable[[Worker], bool], keep: int = 0) -> list[Worker]:
        """Take ready workers out for which `choose` is true, as long as more than `keep` are ready."""
        dismissed: list[Worker] = []
        with self._lock:
            for worker in list(self._ready):
                if len(self._ready) > keep and choose(worker):
                    self._ready.remove(worker)
                    worker.retired = True
                    dismissed.append(worker)
        return dismissed
