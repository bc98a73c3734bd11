"""Floor 4: the worker processes of one executor: given runs, listened to and ended.

`begin`, `end` and `close` may be called from any thread, the rest runs on the hub's. How many workers
there are is the supply's matter.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from rocket_magic.clock import SystemClock
from rocket_magic.execution._base import ExecutionSettings, Outcome
from rocket_magic.execution._outcome import terminated
from rocket_magic.execution.process._answers import crashed, not_started, with_left_behind
from rocket_magic.execution.process._group import end_group
from rocket_magic.execution.process._hub import READ, WRITE, Hub
from rocket_magic.execution.process._link import Answer, Link
from rocket_magic.execution.process._pack import Home
from rocket_magic.execution.process._records import Records
from rocket_magic.execution.process._roster import Roster
from rocket_magic.execution.process._sleeping import Nap, asleep_for
from rocket_magic.execution.process._spares import Spares
from rocket_magic.execution.process._staff import Run, Worker
from rocket_magic.execution.process._supply import Supply
from rocket_magic.execution.process._telling import Teller
from rocket_magic.execution.process._wire import Piece
from rocket_magic.instants import from_seconds

__all__ = ["Crew"]

_EVERYTHING: Final = 1 << 62
_UNKNOWN_END: Final = 1.0
"""Seconds to wait for the exit code of a worker that answers no more."""
_CLOSING: Final = 5.0
_uptime = SystemClock().uptime


class Crew:
    """Workers, the hub that listens to them and the supply of new ones.

    Args:
        settings: Read at each run.
        home: What workers begin with.
        report: Told each run's outcome, or its answer that is still to be opened.
    """

    def __init__(
        self,
        settings: ExecutionSettings,
        home: Home,
        report: Callable[[Run, Outcome | Answer], None],
    ) -> None:
        self._settings = settings
        self._hub = Hub("rocket-magic-processes")
        self._records = Records()
        self._teller = Teller(self._hub, self._records, report)
        self._roster = Roster(lambda worker: self._hub.post(lambda: self._await_writable(worker)))
        self._spares = Spares()
        self._supply = Supply(
            settings, self._hub, self._roster, self._spares, home, self, records=self._records.writing
        )
        self._sweeping = False

    # From any thread

    def begin(self, run: Run) -> None:
        """Give a run to a ready worker, or have one made for it."""
        reuse = self._settings.process_reuse
        self._records.begin(run.number, run.order)
        if not self._roster.take_on(run, newest=reuse):
            self._hub.post(self._supply.make)
        else:
            self._supply.plan()

    def prepare(self) -> None:
        """Have workers ready ahead of the first run."""
        if not self._roster.size:
            self._hub.post(self._supply.make)

    def end(self, run: Run, number: signal.Signals) -> bool:
        """Send a signal to a run's worker; False when the run has ended already."""
        run.asked = True
        if self._roster.withdraw(run):
            self._hub.post(lambda: self._teller.tell(run, terminated(run.order.run_id, run.order.flag)))
            return True
        if not self._roster.signal(run, number):
            return False
        nap = None if run.worker is None else run.worker.nap
        if nap is not None:  # now, so that no clock moves on as if it slept
            nap.call_off()
        if number != signal.SIGKILL:
            self._hub.post(
                lambda: self._hub.call_later(self._settings.grace, lambda: self._end_by_force(run))
            )
        return True

    def _end_by_force(self, run: Run) -> None:
        self._roster.signal(run, signal.SIGKILL)

    def close(self) -> None:
        """End all workers and the launcher; runs in flight are over without an outcome."""
        self._supply.end()
        self._hub.post(self._shut_down)
        self._hub.stop(_CLOSING)

    # What the supply tells

    def worker_made(self, worker: Worker) -> None:
        """Listen to a new worker."""
        link = worker.link
        self._hub.register(link.answers, READ, partial(self._on_answer, worker))
        for name, descriptor in link.outputs.items():
            self._hub.register(descriptor, READ, partial(self._on_output, worker, name))

    def worker_missing(self, run: Run, error: OSError) -> None:
        """There is no room for a worker: the run that waits for it fails."""
        self._teller.tell(run, not_started(run.order, error))

    def runs_wait(self) -> None:
        """Runs wait for workers: more are made than are needed later."""
        self._sweep_later()

    # What workers say

    def _await_writable(self, worker: Worker) -> None:
        link = worker.link
        if not link.flush() and not link.stuck:
            link.stuck = True
            self._hub.register(link.orders, WRITE, partial(self._on_writable, worker))

    def _on_writable(self, worker: Worker, _events: int) -> None:
        if worker.link.flush():
            self._leave_unstuck(worker.link)

    def _leave_unstuck(self, link: Link) -> None:
        if link.stuck:
            link.stuck = False
            self._hub.unregister(link.orders)

    def _on_answer(self, worker: Worker, _events: int) -> None:
        hub, link = self._hub, worker.link
        try:
            answer = link.receive()
        except EOFError:
            hub.unregister(link.answers)
            # The exit code follows through the launcher; if it does not, the end is unknown.
            known = self._supply.launcher is worker.launcher
            hub.call_later(_UNKNOWN_END if known else 0, lambda: self.worker_gone(link.number, None, 0))
            return
        if answer is not None:
            self._take(worker, answer)

    def _take(self, worker: Worker, said: Answer) -> None:
        """A worker has said something: that its run goes to sleep, or how it ended."""
        seconds = asleep_for(said.head)
        clock: Any = None if worker.run is None else worker.run.order.clock
        if seconds is None:
            self._finish(worker, said)
        elif hasattr(clock, "call_at"):  # a virtual clock
            worker.nap = Nap(clock, lambda frame: self._say(worker, frame))
            worker.nap.begin(seconds)

    def _say(self, worker: Worker, frame: Piece) -> None:
        if not worker.link.send([frame]):
            self._hub.post(lambda: self._await_writable(worker))

    def _on_output(self, worker: Worker, name: str, _events: int) -> None:
        run = worker.run
        if not worker.link.pass_output(name, run.order.sink if run is not None else NOWHERE):
            self._hub.unregister(worker.link.outputs.get(name, -1))

    def _finish(self, worker: Worker, answer: Answer) -> None:
        """A worker has sent the outcome of its run."""
        run = worker.run
        if run is None:
            return
        if worker.nap is not None:
            worker.nap.call_off()
            worker.nap = None
        modules, _layout, family, silent, logged = answer.head[5:]
        if silent:
            worker.link.end_output(run.order.sink)
        else:
            worker.link.pass_rest(run.order.sink)
        outcome = run.read(run.order, answer)
        if family:  # it ends now, and its children are counted when they have been ended with it
            run.parting = answer if outcome is None else outcome
            self._retire(worker)
            return
        settings = self._settings
        again = settings.process_reuse and not run.asked and not worker.retired
        again = again and worker.served < settings.reuse_limit
        self._roster.done(worker, _uptime() if again else None)
        if again:
            self._roster.serve_waiting()
            self._sweep_later()
        else:
            self._hang_up(worker)
        self._supply.note_modules(modules)
        if logged:
            self._teller.tell_after_records(run, answer if outcome is None else outcome)
        else:
            self._hub.call_last(partial(self._teller.tell, run, answer if outcome is None else outcome))
        if (self._roster.waiting and not self._supply.watches) or (settings.process_reuse and not again):
            self._supply.make()

    # Fewer workers

    def _hang_up(self, worker: Worker) -> None:
        """Hear no more of a worker that has ended its last run: what it still says is nobody's."""
        self._stop_listening(worker.link)
        worker.link.hang_up()
        self._see_off(worker)

    def _stop_listening(self, link: Link) -> None:
        self._leave_unstuck(link)
        for file in (link.answers, *link.outputs.values()):
            self._hub.unregister(file)

    def _retire(self, worker: Worker) -> None:
        """Let a worker end after its last run, and hear what it says until then."""
        self._leave_unstuck(worker.link)
        worker.link.retire()
        self._see_off(worker)

    def _see_off(self, worker: Worker) -> None:
        """See to it that a worker ends which gets no further run."""
        worker.retired = True
        self._hub.call_later(max(self._settings.grace, 1.0), lambda: self._end_leftover(worker))

    def _end_leftover(self, worker: Worker) -> None:
        if self._roster.find(worker.link.number) is worker:
            worker.signal(signal.SIGKILL)

    def _sweep_later(self) -> None:
        """Have workers ended that nobody needs any more; one timer serves them all."""
        if not self._sweeping:
            self._sweeping = True
            self._hub.call_later(self._settings.idle_limit, self._sweep)

    def _sweep(self) -> None:
        """End workers that have been ready for too long."""
        self._sweeping = False
        now = _uptime()
        latest = now - from_seconds(self._settings.idle_limit)
        more = self._spares.calm_down(now)
        keep = 1 if self._settings.process_reuse else self._spares.wanted
        for worker in self._roster.dismiss(lambda worker: worker.idle_since <= latest, keep):
            self._retire(worker)
        if more or self._roster.n_ready > 1:
            self._sweep_later()

    # What launchers tell

    def worker_started(self, number: int, pid: int) -> None:
        """A worker has its pid."""
        worker = self._roster.find(number)
        if worker is not None:
            self._roster.arrived(worker, pid)
            if self._roster.waiting:
                self._supply.make()
            else:
                self._supply.plan()

    def worker_gone(self, number: int, code: int | None, left_behind: int) -> None:
        """A worker has ended: what it still said counts, then its run is over in any case."""
        worker = self._roster.find(number)
        if worker is None:
            return
        link = worker.link
        if code is None and link.pid is not None:
            end_group(link.pid)
        with contextlib.suppress(EOFError):
            answer = link.receive(_EVERYTHING)
            if answer is not None:
                self._take(worker, answer)
        if worker.nap is not None:
            worker.nap.call_off()
        run = self._roster.remove(worker)
        if run is not None:
            link.pass_rest(run.order.sink)
        self._stop_listening(link)
        link.close()
        if run is not None:
            parting = run.parting or crashed(run.order, code)
            if isinstance(parting, Outcome):
                parting = with_left_behind(parting, left_behind)
            self._teller.tell_when_settled(run, parting)
        if self._roster.waiting:
            self._supply.make()

    def worker_not_forked(self, number: int, error: int) -> None:
        """The system has no room for another process: the run that waited for it fails."""
        worker = self._roster.find(number)
        if worker is None:
            return
        run = worker.run or self._roster.next_waiting()
        worker.run = None
        if run is not None:
            self._teller.tell(run, not_started(run.order, OSError(error, os.strerror(error))))
        self.worker_gone(number, 0, 0)

    def modules_loaded(self) -> None:
        """Replace workers that were forked ahead without the modules."""
        for worker in self._roster.dismiss(lambda worker: not worker.served):
            self._retire(worker)
        self._supply.make()

    def launcher_lost(self) -> None:
        """The fork server died. Runs in flight go on; workers that wait are given up with it."""
        self._supply.forget_launcher()
        for worker in self._roster.all():
            if worker.run is None:
                self.worker_gone(worker.link.number, None, 0)
        if self._roster.waiting:
            self._supply.make()

    # The end

    def _shut_down(self) -> None:
        workers = self._roster.all()
        self._roster.dismiss(lambda _worker: True)
        while self._roster.next_waiting() is not None:
            pass  # their outcomes are told by whoever closes us
        for worker in workers:
            worker.signal(signal.SIGKILL)
        self._supply.close_launcher()
        for worker in workers:
            self.worker_gone(worker.link.number, None, 0)
        self._supply.cut_lifeline()
        self._records.close()


class _Nowhere:
    """Takes output of a worker between two runs: it belongs to nobody."""

    def write(self, stream: str, text: str) -> None:
        """Forget it."""


NOWHERE: Any = _Nowhere()
