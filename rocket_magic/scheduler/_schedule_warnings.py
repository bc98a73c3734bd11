"""Floor 7: schedules that can't have been meant: never true, always true, or starting again without end."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from rocket_magic.clock import stopwatch
from rocket_magic.conditions import lint_schedule
from rocket_magic.exc import USER_ERRORS
from rocket_magic.instants import Span

if TYPE_CHECKING:
    from rocket_magic.conditions import BaseCondition
    from rocket_magic.scheduler._board import Board
    from rocket_magic.tasks import Task

_LONGEST: Final[Span] = 20_000
"""Time that a start spends on this at most: a startup of 10,000 tasks must not wait for advice."""

_MOST_KEPT: Final = 1_000


class ScheduleAdvisor:
    """Tells what is odd about start conditions, each condition once.

    Args:
        board: Whose log is written to.
    """

    def __init__(self, board: Board) -> None:
        self.board = board
        self._checked: set[BaseCondition] = set()

    def forget(self) -> None:
        """Tell everything again: the scheduler starts anew."""
        self._checked.clear()

    def advise(self, tasks: Iterable[Task]) -> None:
        """Log what is odd about these tasks."""
        log = self.board.scheduler_log
        if not log.isEnabledFor(logging.WARNING):
            return
        end = stopwatch() + _LONGEST
        rest = iter(tasks)
        for task in rest:
            self._check(task, log)
            if stopwatch() > end:
                left = sum(1 for _ in rest)
                if left:
                    log.info("The schedules of %d further tasks were not checked: lint_schedule() does", left)
                return

    def _check(self, task: Task, log: logging.Logger) -> None:
        condition = task.start_cond
        if condition in self._checked:
            return
        if len(self._checked) >= _MOST_KEPT:
            self._checked.clear()
        self._checked.add(condition)
        try:
            doubts = lint_schedule(condition)
        except USER_ERRORS as error:
            log.debug("The schedule of task %r can't be checked: %s", task.name, error)
            return
        for doubt in doubts:
            log.warning("Task %r: %s", task.name, doubt)
