"""Floor 4: the worker processes of one executor: made, listened to and ended.

`begin`, `end` and `close` may be called from any thread, the rest runs on the hub's.

A fresh run takes a worker that was forked ahead, so that starting costs little; the replacement is
made a moment later. A reused worker takes the next run when it has ended one; more of them are made
only where that does not help, since a worker costs as much as a hundred short runs.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from rocket_magic.clock import SystemClock, VirtualClock
from rocket_magic.execution._answers import crashed, not_started, outcome_at_once, with_left_behind
from rocket_magic.execution._base import ExecutionSettings, Outcome
from rocket_magic.execution._group import end_group
from rocket_magic.execution._hub import READ, WRITE, Hub
from rocket_magic.execution._launch import Launcher, make_launcher
from rocket_magic.execution._lifeline import Lifeline
from rocket_magic.execution._link import Answer, Link, open_link
from rocket_magic.execution._outcome import terminated
from rocket_magic.execution._pack import Home
from rocket_magic.execution._roster import Roster
from rocket_magic.execution._sleeping import Nap, asleep_for
from rocket_magic.execution._spares import Spares, n_processors
from rocket_magic.execution._staff import Run, Worker
from rocket_magic.execution._wire import Piece
from rocket_magic.instants import from_seconds

__all__ = ["Crew"]

_EVERYTHING: Final = 1 << 62
_UNKNOWN_END: Final = 1.0
"""Seconds to wait for the exit code of a worker that answers no more."""
_CLOSING: Final = 5.0
_REPLACEMENT: Final = 0.003
_LOOK: Final = 0.002
"""Seconds between two looks at whether reused workers get on."""
_MOST_COMING: Final = 16
"""So many workers may be on their way: the fork server can't listen and tell at the same time."""
_uptime = SystemClock().uptime


class Crew:
    """Workers, the hub that listens to them and the launcher that makes them.

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
        self._home = home
        self._report = report
        self._hub = Hub("rocket-magic-processes")
        self._roster = Roster(lambda worker: self._hub.post(lambda: self._await_writable(worker)))
        self._spares = Spares()
        self._lifeline = Lifeline()
        self._launcher: Launcher | None = None
        self._numbers = itertools.count(1)
        self._preloaded: set[str] = set()
        self._planned = False
        self._watched = False
        self._sweeping = False
        self._closed = False

    # From any thread

    def begin(self, run: Run) -> None:
        """Give a run to a ready worker, or have one made for it."""
        reuse = self._settings.process_reuse
        if not self._roster.take_on(run, newest=reuse):
            self._hub.post(self._supply)
        else:
            self._plan_supply()

    def prepare(self) -> None:
        """Have workers ready ahead of the first run."""
        if not self._roster.size:
            self._hub.post(self._supply)

    def end(self, run: Run, number: signal.Signals) -> bool:
        """Send a signal to a run's worker; False when the run has ended already."""
        run.asked = True
        if self._roster.withdraw(run):
            self._hub.post(lambda: self._report(run, terminated(run.order.run_id, run.order.flag)))
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
        self._closed = True
        self._hub.post(self._shut_down)
        self._hub.stop(_CLOSING)

    # Supply

    def _plan_supply(self) -> None:
        """Make the next workers a moment later: forking now would slow down the run that begins."""
        short = self._roster.n_ready < self._spares.wanted
        if short and not self._planned and not self._settings.process_reuse:
            self._planned = True
            self._hub.post(lambda: self._hub.call_later(_REPLACEMENT, self._supply))

    def _supply(self) -> None:
        """Make workers for the runs that wait, and have some ready ahead."""
        self._planned = False
        roster = self._roster
        roster.serve_waiting()
        if roster.waiting:
            self._spares.missed(_uptime())
            self._sweep_later()
        reuse = self._settings.process_reuse
        if reuse and roster.waiting and not self._watched:
            self._watched = True
            self._hub.call_later(_LOOK, self._look)
        while not self._closed and roster.n_coming < _MOST_COMING and self._needed(reuse=reuse):
            if not self._made():
                return

    def _needed(self, *, reuse: bool) -> bool:
        """Whether another worker is to be made at once."""
        roster = self._roster
        if not reuse:
            # Those that wait are given a worker as soon as one is asked for.
            return bool(roster.waiting) or roster.n_ready < self._spares.wanted
        if roster.waiting:
            return roster.n_coming < len(roster.waiting) and roster.n_serving < n_processors()
        return roster.n_serving == 0

    def _look(self) -> None:
        """Double the reused workers when those that are there get through less than a run each."""
        self._watched = False
        roster = self._roster
        roster.serve_waiting()
        waiting = len(roster.waiting)
        if not waiting or self._closed:
            return
        serving = roster.n_serving
        if not serving or self._spares.stalled(_uptime(), roster.served, serving):
            more = min(waiting, max(serving, 1), _MOST_COMING) - roster.n_coming
            for _ in range(more):
                if not self._made():
                    return
        self._watched = True
        self._hub.call_later(_LOOK, self._look)

    def _made(self) -> bool:
        """Make a worker; when there is no room for one, the run that waits longest fails."""
        try:
            self._launch()
        except OSError as error:  # no descriptors or processes left
            run = self._roster.next_waiting()
            if run is not None:
                self._report(run, not_started(run.order, error))
            return run is not None
        return True

    def _launch(self) -> None:
        launcher = self._the_launcher()
        number = next(self._numbers)
        link, ends = open_link(number)
        try:
            link.pid = launcher.launch(number, ends.all)
        except OSError:
            link.close()
            raise
        finally:
            ends.close()
        worker = Worker(link, launcher)
        self._hub.register(link.answers, READ, partial(self._on_answer, worker))
        for name, descriptor in link.outputs.items():
            self._hub.register(descriptor, READ, partial(self._on_output, worker, name))
        self._roster.add(worker, at_work=not self._settings.process_reuse)

    def _the_launcher(self) -> Launcher:
        if self._launcher is None:
            method = self._settings.process_start_method
            self._launcher = make_launcher(method, self._hub, self, self._home, self._lifeline.reading)
        return self._launcher

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
            known = self._launcher is worker.launcher
            hub.call_later(_UNKNOWN_END if known else 0, lambda: self.worker_gone(link.number, None, 0))
            return
        if answer is not None:
            self._take(worker, answer)

    def _take(self, worker: Worker, said: Answer) -> None:
        """A worker has said something: that its run goes to sleep, or how it ended."""
        seconds = asleep_for(said.head)
        clock = None if worker.run is None else worker.run.order.clock
        if seconds is None:
            self._finish(worker, said)
        elif isinstance(clock, VirtualClock):
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
        modules, _layout, family, silent = answer.head[5:]
        if silent:
            worker.link.end_output(run.order.sink)
        else:
            worker.link.pass_rest(run.order.sink)
        outcome = outcome_at_once(run.order, answer)
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
        self._note_modules(modules)
        self._hub.call_last(partial(self._report, run, answer if outcome is None else outcome))
        if (self._roster.waiting and not self._watched) or (settings.process_reuse and not again):
            self._supply()

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
                self._supply()
            else:
                self._plan_supply()

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
            self._report(run, parting)
        if self._roster.waiting:
            self._supply()

    def worker_not_forked(self, number: int, error: int) -> None:
        """The system has no room for another process: the run that waited for it fails."""
        worker = self._roster.find(number)
        if worker is None:
            return
        run = worker.run or self._roster.next_waiting()
        worker.run = None
        if run is not None:
            self._report(run, not_started(run.order, OSError(error, os.strerror(error))))
        self.worker_gone(number, 0, 0)

    def modules_loaded(self) -> None:
        """Replace workers that were forked ahead without the modules."""
        for worker in self._roster.dismiss(lambda worker: not worker.served):
            self._retire(worker)
        self._supply()

    def launcher_lost(self) -> None:
        """The fork server died. Runs in flight go on; workers that wait are given up with it."""
        self._launcher = None
        self._preloaded.clear()
        for worker in self._roster.all():
            if worker.run is None:
                self.worker_gone(worker.link.number, None, 0)
        if self._roster.waiting:
            self._supply()

    def _note_modules(self, modules: list[str]) -> None:
        if not modules:
            return
        # A file's path comes again when the file has changed.
        fresh = [name for name in modules if os.sep in name or name not in self._preloaded]
        if fresh and self._launcher is not None:
            self._preloaded.update(fresh)
            self._launcher.preload(fresh)

    # The end

    def _shut_down(self) -> None:
        workers = self._roster.all()
        self._roster.dismiss(lambda _worker: True)
        while self._roster.next_waiting() is not None:
            pass  # their outcomes are told by whoever closes us
        for worker in workers:
            worker.signal(signal.SIGKILL)
        launcher, self._launcher = self._launcher, None
        if launcher is not None:
            launcher.close()
        for worker in workers:
            self.worker_gone(worker.link.number, None, 0)
        self._lifeline.close()


class _Nowhere:
    """Takes output of a worker between two runs: it belongs to nobody."""

    def write(self, stream: str, text: str) -> None:
        """Forget it."""


NOWHERE: Any = _Nowhere()
