"""Floor 4: how many worker processes there are, and when new ones are made.

A fresh run takes a worker that was forked ahead, so that starting costs little; the replacement is
made a moment later. More reused workers are made only where those that are there don't get on, since a
worker costs as much as a hundred short runs. Belongs to the hub's thread, but for `plan` and `end`.
"""

from __future__ import annotations

import itertools
import os
from typing import Final, Protocol

from rocket_magic.clock import SystemClock
from rocket_magic.execution._base import ExecutionSettings
from rocket_magic.execution.process._hub import Hub
from rocket_magic.execution.process._launch import Launcher, make_launcher
from rocket_magic.execution.process._launch import Owner as LauncherOwner
from rocket_magic.execution.process._lifeline import Lifeline
from rocket_magic.execution.process._link import open_link
from rocket_magic.execution.process._pack import Home
from rocket_magic.execution.process._roster import Roster
from rocket_magic.execution.process._spares import Spares, n_processors
from rocket_magic.execution.process._staff import Run, Worker

__all__ = ["Owner", "Supply"]

_REPLACEMENT: Final = 0.003
_LOOK: Final = 0.002
"""Seconds between two looks at whether reused workers get on."""
_MOST_COMING: Final = 16
"""So many workers may be on their way: the fork server can't listen and tell at the same time."""
_uptime = SystemClock().uptime


class Owner(LauncherOwner, Protocol):
    """Whom the supply, and the launcher that it makes, tell."""

    def worker_made(self, worker: Worker) -> None:
        """A worker is on its way, and is to be listened to."""
        ...

    def worker_missing(self, run: Run, error: OSError) -> None:
        """There is no room for the worker that a run waits for."""
        ...

    def runs_wait(self) -> None:
        """Runs had to wait for workers."""
        ...


class Supply:
    """Makes workers.

    Args:
        settings: Read each time.
        hub: Whose thread makes them.
        roster: Where they go.
        spares: How many are wanted.
        home: What they begin with.
        owner: Is told.
        records: Descriptor that they write log records to.

    Attributes:
        launcher: Who makes them at present.
        watches: Whether it looks at short intervals how reused workers get on.
    """

    def __init__(
        self,
        settings: ExecutionSettings,
        hub: Hub,
        roster: Roster,
        spares: Spares,
        home: Home,
        owner: Owner,
        *,
        records: int,
    ) -> None:
        self._settings = settings
        self._hub = hub
        self._roster = roster
        self._spares = spares
        self._home = home
        self._owner = owner
        self._lifeline = Lifeline()
        self._records = records
        self._numbers = itertools.count(1)
        self._preloaded: set[str] = set()
        self._planned = False
        self._closed = False
        self.launcher: Launcher | None = None
        self.watches = False

    def end(self) -> None:
        """Make no more of them."""
        self._closed = True

    def plan(self) -> None:
        """Make the next workers a moment later: forking now would slow down the run that begins."""
        short = self._roster.n_ready < self._spares.wanted
        if short and not self._planned and not self._settings.process_reuse:
            self._planned = True
            self._hub.post(lambda: self._hub.call_later(_REPLACEMENT, self.make))

    def make(self) -> None:
        """Make workers for the runs that wait, and have some ready ahead."""
        self._planned = False
        roster = self._roster
        roster.serve_waiting()
        if roster.waiting:
            self._spares.missed(_uptime())
            self._owner.runs_wait()
        reuse = self._settings.process_reuse
        if reuse and roster.waiting and not self.watches:
            self.watches = True
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
        self.watches = False
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
        self.watches = True
        self._hub.call_later(_LOOK, self._look)

    def _made(self) -> bool:
        """Make a worker; when there is no room for one, the run that waits longest fails."""
        try:
            self._launch()
        except OSError as error:  # no descriptors or processes left
            run = self._roster.next_waiting()
            if run is not None:
                self._owner.worker_missing(run, error)
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
        self._owner.worker_made(worker)
        self._roster.add(worker, at_work=not self._settings.process_reuse)

    def _the_launcher(self) -> Launcher:
        if self.launcher is None:
            method = self._settings.process_start_method
            kept = self._lifeline.reading, self._records
            self.launcher = make_launcher(method, self._hub, self._owner, self._home, kept)
        return self.launcher

    # Launchers

    def note_modules(self, modules: list[str]) -> None:
        """Have what runs imported ready in later workers: names of modules, paths of the user's files."""
        if not modules:
            return
        # A file's path comes again when the file has changed.
        fresh = [name for name in modules if os.sep in name or name not in self._preloaded]
        if fresh and self.launcher is not None:
            self._preloaded.update(fresh)
            self.launcher.preload(fresh)

    def forget_launcher(self) -> None:
        """The launcher is gone; another one is made for the next worker."""
        self.launcher = None
        self._preloaded.clear()

    def close_launcher(self) -> None:
        """End it, and its workers."""
        launcher, self.launcher = self.launcher, None
        if launcher is not None:
            launcher.close()

    def cut_lifeline(self) -> None:
        """Nobody is left who needs it."""
        self._lifeline.close()
