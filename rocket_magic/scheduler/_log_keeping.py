"""Floor 7: the scheduler and its log. Taking over what an existing log says, and telling of its failures."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rocket_magic.exc import TaskLoggingError
from rocket_magic.log import Record, Recovery, show_repository
from rocket_magic.scheduler._engine import Engine

if TYPE_CHECKING:
    from rocket_magic.tasks import Task

_MOST_INTERRUPTED = 3
"""After so many deaths in a row a task isn't started again by itself: it may be what kills the process."""


class LogKeeper:
    """Cares for the log of one engine's session."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.board = engine.board
        self._opened: Any = None
        self._numbered: Any = None

    def set_repo(self, repo: Any, *, delete_existing: bool) -> None:
        """Keep the log elsewhere; what it says of our tasks is taken over. On the scheduler's thread only."""
        self.board.session.log.set_repo(repo, delete_existing)
        self._opened = None
        if self.engine.alive:
            self.open()
            for task in self.board.session.task_list():
                self.board.touch(task)

    def open(self) -> None:
        """Take over what an existing log says, once for each log."""
        log = self.board.session.log
        show_repository(self.board.session, log.logger_name)  # a program may have configured logging anew
        self.board.read_clock()
        if self._opened is not log or log.resting:
            self._opened = log
            log.on_error = self._log_error
            names = [task.name for task in self.board.session.task_list()]
            self._recover(log.open(names, self.board.now))
        self._number_runs()

    def _number_runs(self) -> None:
        """Count the runs of a virtual clock on from those in the log, once for each repository (I1)."""
        board, log = self.board, self.board.session.log
        if board.virtual and self._numbered is not log.repo:
            self._numbered = log.repo
            board.run_numbers = itertools.count(max(log.reserve_run_numbers(), next(board.run_numbers)))

    def _recover(self, recovery: Recovery) -> None:
        """Start interrupted runs again (rule D1), but not for ever."""
        board, config = self.board, self.board.session.config
        for text in recovery.repaired:
            board.scheduler_log.warning("The task log was repaired: %s", text)
        for name in recovery.interrupted:
            board.scheduler_log.warning("A run of task %r was cut off by the scheduler's death", name)
        for name, in_a_row in recovery.interrupted_in_a_row.items():
            task = self.board.session.find_task(name)
            if task is None:
                continue
            rerun = config.rerun_interrupted if task.rerun_interrupted is None else task.rerun_interrupted
            if in_a_row >= _MOST_INTERRUPTED:
                task.barred = (
                    f"its last {in_a_row} runs were cut off by the scheduler's death; "
                    "run it by hand once it is safe"
                )
                board.scheduler_log.error("Task %r is not started again by itself: %s", name, task.barred)
            elif rerun:
                self._resume(task)
            else:
                self.board.session.log.use_up_interrupted(name)

    def _resume(self, task: Task) -> None:
        """Make the run again that was cut off, now or before an earlier start that came to nothing."""
        cut_off = self.board.session.log.recent_runs(task.name, 1)
        if cut_off and cut_off[-1].due is None and cut_off[-1].params is not None:
            # made for no occurrence, and the log has no more than the text of what it was given
            self.board.scheduler_log.warning(
                "The run by hand of task %r with %s was cut off; it is not made again by itself",
                task.name, cut_off[-1].params,
            )  # fmt: skip
            return
        if cut_off:
            self.engine.starter.resumed[task] = cut_off[-1]
        if not (task.on_startup or task.on_shutdown):  # those start by themselves
            task.queued_starts = 1

    def _log_error(self, error: BaseException, records: Sequence[Record]) -> None:
        """The log tells of a failure, at most once a minute while it lasts; from its writer's thread."""
        if isinstance(error, TaskLoggingError) and not self.board.session.config.silence_task_logging:
            return  # it stops the scheduler, which tells of it
        what = f"{len(records)} record(s) are not in the task log" if records else "a logging handler failed"
        text = f"{what}: {type(error).__name__}: {error}"
        if self.engine.alive:
            self.board.inbox.post(lambda: self.board.silence(text, error))
        else:
            self.board.silence(text, error)
