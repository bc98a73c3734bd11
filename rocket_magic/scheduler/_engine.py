"""Floor 7: one step of the scheduler, and its life from startup to shutdown.

The engine never waits and never sleeps: a driver calls `step`, learns when to come again, and waits.
So the same engine serves a thread, the caller of `run()`, an event loop and a person who steps
through a virtual day.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from rocket_magic.conditions import AlwaysFalse
from rocket_magic.exc import USER_ERRORS
from rocket_magic.instants import NEVER, SECOND, Instant, Span
from rocket_magic.scheduler._board import Board, Phase
from rocket_magic.scheduler._circles import warn_of_circles
from rocket_magic.scheduler._cycle import Cycle
from rocket_magic.scheduler._ending import Ender
from rocket_magic.scheduler._hooks import Bracket, bracket_of
from rocket_magic.scheduler._looking import Candidate, Looker
from rocket_magic.scheduler._schedule_warnings import ScheduleAdvisor
from rocket_magic.scheduler._shut_cond import ShutCondition
from rocket_magic.scheduler._starting import Starter
from rocket_magic.tasks import RunState

if TYPE_CHECKING:
    from rocket_magic.tasks import Task

_MOST_COMMANDS = 50
_MOST_BROKEN = 3
"""So many steps may break while the scheduler stops for the first of them."""
_CLOCK_STEP: Span = 2 * SECOND
"""A difference between wall time and elapsed time that is a step of the clock, not its usual drift."""


class Engine:
    """Steps a scheduler. Every method runs on the thread that owns the board."""

    def __init__(self, board: Board) -> None:
        self.board = board
        self.ender = Ender(board)
        self.looker = Looker(board, self.ender.end_runs)
        self.starter = Starter(board, self.ender)
        self.advisor = ScheduleAdvisor(board)
        self.shut_cond = ShutCondition(board)
        self.cycle = Cycle(board, self.looker, self.starter, self.ender, self.shut_cond)
        self._bracket: Bracket | None = None
        self._n_broken = 0
        self._offset: Span | None = None
        self._shutdown_begun = False
        self._all_asked = False

    @property
    def alive(self) -> bool:
        """Whether the scheduler is between startup and the end of its shutdown."""
        return self.board.phase not in (Phase.STOPPED, Phase.CRASHED)

    # Startup

    def begin(self) -> None:
        """Start up: hooks, recovery from the log, startup tasks."""
        board = self.board
        board.read_clock()
        board.started_at = board.now
        self.cycle.begin()
        board.force = board.stop_wanted = board.restart_wanted = False
        board.problem = board.fatal_error = board.log_pause = None
        board.readied.clear()
        self._shutdown_begun = self._all_asked = False
        self._offset = board.settled = None
        board.set_phase(Phase.STARTING)
        board.scheduler_log.info("Startup…")
        self._n_broken = 0
        try:
            self.shut_cond.read()
            self._bracket = bracket_of(board.session, board.session.hooks.startup)
            self._bracket.open()
            for task in board.session.task_list():
                self.looker.enlist(task)
            warn_of_circles(board, board.session.task_list())
            self.advisor.begin(board.session.task_list())
            self._start_phase_tasks(lambda task: task.on_startup)
        except USER_ERRORS as error:
            board.fail(f"startup failed: {type(error).__name__}: {error}", error)

    def _started(self) -> None:
        board = self.board
        if self._close_hooks("startup"):
            return
        board.set_phase(Phase.RUNNING)
        board.scheduler_log.info("Scheduler started")

    def _start_phase_tasks(self, chosen: Callable[[Task], bool]) -> None:
        """Start the tasks of startup or shutdown: without a condition always, else as it says."""
        board = self.board
        candidates = []
        for task in board.session.task_list():
            if not chosen(task) or task.disabled or task.runs or not board.allows(task):
                continue
            if isinstance(task.start_cond, AlwaysFalse) or task.start_cond.holds(board.context(task)):
                candidates.append(Candidate(task, None, board.now))
        self.starter.start(candidates)

    # One step

    def step(self) -> Instant:
        """Do everything that is due now.

        What escapes from it stops the scheduler in order, with its runs: a thread that just ended would
        leave a scheduler behind that says it is running.

        Returns:
            The instant of the next step; `board.now` or earlier means at once.
        """
        try:
            return self._step()
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            self._broken(error)
            return self.board.now

    def _broken(self, error: BaseException) -> None:
        board = self.board
        self._n_broken += 1
        board.fail(f"the scheduler failed: {type(error).__name__}: {error}", error)
        if self._n_broken > _MOST_BROKEN:  # not even stopping works: leave what is in flight
            board.set_phase(Phase.CRASHED)

    def crash(self, error: BaseException) -> None:
        """Say that the scheduler is no more, for an error of whoever drove it."""
        self.board.fail(f"the scheduler failed: {type(error).__name__}: {error}", error)
        self.board.set_phase(Phase.CRASHED)

    def _step(self) -> Instant:
        board = self.board
        board.read_clock()
        self._notice_clock_step()
        # a flood of commands must not hold up what is due; virtual time waits for all of them
        for command in board.inbox.commands(None if board.virtual else _MOST_COMMANDS):
            command()
        if self.waits_for_wakers():
            return board.now
        board.settled = board.now
        self.ender.take()
        self.ender.enforce()
        if board.phase is Phase.STARTING:
            if board.stop_wanted or board.restart_wanted:
                board.set_phase(Phase.STOPPING)
            elif not board.runs:
                self._started()
        if board.phase is Phase.RUNNING:
            self._run()
        if board.phase is Phase.STOPPING:
            self._stop()
        if not self.alive or board.inbox.has_commands or (board.inbox.n_outcomes and self.ender.may_take()):
            return board.now
        if self.advisor.advise():
            return board.now
        return min(board.next_look(), self.shut_cond.next_look if board.phase is Phase.RUNNING else NEVER)

    def waits_for_wakers(self) -> bool:
        """Whether runs that a virtual clock has just woken still have their turn at this instant.

        They go first, or chance would decide: whether a run that ends at this instant was ended by a
        timeout that strikes here too, and whether its outcome is seen by the looks of this instant.
        """
        board = self.board
        return (
            board.virtual
            and board.patient
            and board.settled not in (None, board.now)
            and not self.ender.quiet()
        )

    def _run(self) -> None:
        board = self.board
        if board.stop_wanted or board.restart_wanted or self.shut_cond.is_met():
            board.set_phase(Phase.STOPPING)
            return
        if board.log_pause is not None:
            if board.now < board.log_pause:
                return
            board.log_pause = None
            if not board.log_pause_span:  # of a log that failed it stands until a record has been written
                board.problem = None
            board.publish("state")
            for task in board.session.task_list():
                board.touch(task)
        if board.on_hold:
            return
        hooks = board.session.hooks.scheduler_cycle
        if not hooks:
            self.cycle.make()
            return
        try:
            bracket = bracket_of(board.session, hooks)
            bracket.open()
            self.cycle.make()
            errors = bracket.close()
        except USER_ERRORS as error:
            errors = [error]
        for raised in errors:
            board.fail(f"a scheduler cycle hook failed: {raised}", raised)

    def _notice_clock_step(self) -> None:
        """After a step of the wall clock every agenda entry may be wrong: look at all tasks again."""
        board = self.board
        offset = board.now - board.elapsed
        before, self._offset = self._offset, offset
        if before is not None and abs(offset - before) > _CLOCK_STEP:
            board.scheduler_log.warning("The clock was moved by %.1f s", (offset - before) / SECOND)
            for task in board.session.task_list():
                board.touch(
                    task, task.look_at if task.look_at is not None and task.look_at <= board.now else None
                )

    def clock_replaced(self) -> None:
        """Another clock came with the config: forget what was noted by the old one."""
        self._offset = self.board.settled = None
        for task in self.board.session.task_list():
            self.board.agenda.set(task, NEVER)
            task.started_instant = None
            self.board.touch(task)

    # Shutdown

    def _stop(self) -> None:
        board = self.board
        if not self._shutdown_begun:
            self._shutdown_begun = True
            self._begin_shutdown()
        if (board.force or board.session.config.instant_shutdown) and not self._all_asked:
            self._all_asked = True
            self._end_all()
        if board.runs and all(run.state is RunState.DEAF for run in board.runs.values()):
            self.ender.abandon_deaf()
        if not board.runs and not board.inbox:
            self._stopped()

    def _begin_shutdown(self) -> None:
        board = self.board
        board.scheduler_log.info("Shutting down…")
        board.restarts.shutdown_begun(run.task_name for run in board.runs.values())
        try:
            self._close_hooks("startup")  # where the startup was cut short
            self._bracket = bracket_of(board.session, board.session.hooks.shutdown)
            self._bracket.open()
        except USER_ERRORS as error:
            board.fail(f"a shutdown hook failed: {error}", error)
        for run in list(board.runs.values()):
            if run.task.permanent:
                self.ender.end(run, "the scheduler is shutting down and the task is permanent")
        if board.force or board.session.config.instant_shutdown:
            self._end_all()
        try:
            self._start_phase_tasks(lambda task: task.on_shutdown)
        except USER_ERRORS as error:
            board.fail(f"a shutdown task could not be started: {error}", error)
        # A force that came before must not end the shutdown tasks; one that comes later does.
        self._all_asked = board.force or board.session.config.instant_shutdown

    def _end_all(self) -> None:
        for run in list(self.board.runs.values()):
            self.ender.end(run, "the scheduler is shutting down")
            self.ender.limit_wait_for_log(run)

    def force(self) -> None:
        """End all runs in flight at once, those of shutdown tasks too."""
        self.board.force = True
        self._all_asked = False

    def _stopped(self) -> None:
        board = self.board
        self._close_hooks("shutdown")
        board.dirty.clear()
        for task in board.session.task_list():
            board.agenda.set(task, NEVER)
        board.set_phase(Phase.CRASHED if board.fatal_error is not None else Phase.STOPPED)
        board.scheduler_log.info("Scheduler stopped")

    def _close_hooks(self, which: str) -> bool:
        """Call the second halves of the hooks that are open; whether one failed."""
        errors = self._bracket.close() if self._bracket is not None else []
        for error in errors:
            self.board.fail(f"a {which} hook failed: {error}", error)
        return bool(errors)
