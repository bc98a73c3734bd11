"""Floor 7: one cycle. The tasks that are due are looked at, and those whose time has come are started."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rocket_magic._protocols import EventKind
from rocket_magic.conditions._scheduler import counts_cycles
from rocket_magic.instants import Instant
from rocket_magic.scheduler._board import Board, Phase
from rocket_magic.scheduler._ending import Ender
from rocket_magic.scheduler._looking import Candidate, Looker
from rocket_magic.scheduler._many import MANY, collecting_seldom
from rocket_magic.scheduler._shut_cond import ShutCondition
from rocket_magic.scheduler._starting import Starter

if TYPE_CHECKING:
    from rocket_magic.tasks import Task


class Cycle:
    """Makes the cycles of a running scheduler, and counts them.

    Args:
        board: What the parts of the scheduler share.
        looker: Decides about starts.
        starter: Carries them out.
        ender: Looks at the ends of runs in flight.
        shut_cond: A step in which it was asked is a cycle, whatever else is due.
    """

    def __init__(
        self, board: Board, looker: Looker, starter: Starter, ender: Ender, shut_cond: ShutCondition
    ) -> None:
        self.board = board
        self.looker = looker
        self.starter = starter
        self.ender = ender
        self.shut_cond = shut_cond
        self._counted_at: Instant | None = None

    def begin(self) -> None:
        """Count from nought again."""
        self.board.n_cycles, self._counted_at = 0, None

    def make(self) -> None:
        """Look at what is due and start whose time has come."""
        board = self.board
        due = self._take_due()
        # Waking for nothing is no cycle: how often that happens is chance, and conditions may count cycles.
        if not due and not self.shut_cond.looked:
            return
        # all looks at one instant of a virtual clock are one cycle
        if board.stands_still or board.now != self._counted_at:
            board.n_cycles, self._counted_at = board.n_cycles + 1, board.now
        self.starter.log_version = board.session.log.version
        if len(due) < MANY:
            self._start_due(due)
        else:
            with collecting_seldom():
                self._start_due(due)
        if board.phase is Phase.RUNNING:
            self._come_again()

    def _start_due(self, due: dict[Task, Instant | None]) -> None:
        """Look at these tasks, and start those whose time has come."""
        candidates: list[Candidate] = []
        for task, at in due.items():
            candidate = self._look_at(task, at)
            if candidate is not None:
                candidates.append(candidate)
            if self.board.phase is not Phase.RUNNING:
                return
        if candidates:
            self.starter.start(candidates, self._look_at)
        if self.board.slots:
            self.starter.pass_slots_on()

    def _come_again(self) -> None:
        """Come again a cycle later where conditions count cycles, until no further one can matter to them."""
        board = self.board
        following = board.now + max(board.cycle, 1)
        for task in board.agenda.watchers(EventKind.SCHEDULER_CYCLE):
            if task.look_at is not None and task.look_at <= following:
                continue
            if any(counts_cycles(cond, board.n_cycles) for cond in (task.start_cond, task.end_cond)):
                board.agenda.set(task, following)

    def _look_at(self, task: Task, at: Instant | None) -> Candidate | None:
        """Look at the end of its runs and at its start; a task under a lock is started right here."""
        if task.runs:
            self.ender.look_at_end(task)
        if not self.board.allows(task):
            return None
        lock = task.lock
        if lock is None:
            return self.looker.look(task, at)
        self._look_locked(task, at, lock)
        return None

    def _take_due(self) -> dict[Task, Instant | None]:
        """The tasks to be looked at in this step, each with the instant the agenda had noted."""
        board = self.board
        due: dict[Task, Instant | None] = {
            task: min(at, board.now) for task, at in board.agenda.pop_due(board.horizon)
        }
        for task, at in board.dirty.items():
            due.setdefault(task, at)
        board.dirty = {}
        return due

    def _look_locked(self, task: Task, at: Instant | None, lock: Any) -> None:
        """Look at a task and start it under a lock of the user's `cls_lock`.

        Such a lock keeps other instances of an application away, so it isn't waited for: a task that
        is locked elsewhere is looked at again one cycle later.
        """
        if lock.locked():
            task.held_by = "its lock (cls_lock) is held elsewhere"
            self.board.agenda.set(task, self.board.now + max(self.board.cycle, 1))
            return
        with lock:
            candidate = self.looker.look(task, at)
            if candidate is not None:
                self.starter.start([candidate])
