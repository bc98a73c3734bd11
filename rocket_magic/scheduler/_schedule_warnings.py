"""Floor 7: schedules that can't have been meant: never true, always true, or starting again without end."""

from __future__ import annotations

import logging
from collections import deque
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

_LONGEST: Final[Span] = 5_000
"""Time that one step spends on this at most: the start of 10,000 tasks must not wait for advice."""

_MOST_KEPT: Final = 1_000


class ScheduleAdvisor:
    """Tells what is odd about start conditions, each condition once, a few in each step of the scheduler.

    Args:
        board: Whose log is written to.
    """

    def __init__(self, board: Board) -> None:
        self.board = board
        self._checked: set[BaseCondition] = set()
        self._waiting: deque[Task] = deque()

    def begin(self, tasks: Iterable[Task]) -> None:
        """Tell everything again: the scheduler starts anew."""
        self._checked.clear()
        self._waiting = deque(tasks if self.board.scheduler_log.isEnabledFor(logging.WARNING) else ())

    def take(self, task: Task) -> None:
        """Have a new task looked at soon."""
        if self.board.scheduler_log.isEnabledFor(logging.WARNING):
            self._waiting.append(task)

    def advise(self) -> bool:
        """Log what is odd about some of the tasks that wait for it; whether others still wait."""
        waiting = self._waiting
        if not waiting:
            return False
        end = stopwatch() + _LONGEST
        while waiting and stopwatch() < end:
            task = waiting.popleft()
            if not task.removed:
                self._check(task, self.board.scheduler_log)
        return bool(waiting)

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
