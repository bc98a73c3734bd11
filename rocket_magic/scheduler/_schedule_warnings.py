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
    from rocket_magic.scheduler._board import Board
    from rocket_magic.tasks import Task

_LONGEST: Final[Span] = 20_000
"""Time that a start spends on this at most: a startup of 10,000 tasks must not wait for advice."""


def warn_of_schedules(board: Board, tasks: Iterable[Task]) -> None:
    """Log what is odd about the start conditions of these tasks, equal ones once."""
    log = board.scheduler_log
    if not log.isEnabledFor(logging.WARNING):
        return
    end = stopwatch() + _LONGEST
    seen = set()
    rest = iter(tasks)
    for task in rest:
        if task.start_cond in seen:
            continue
        seen.add(task.start_cond)
        try:
            doubts = lint_schedule(task.start_cond)
        except USER_ERRORS as error:
            log.debug("The schedule of task %r can't be checked: %s", task.name, error)
            continue
        for doubt in doubts:
            log.warning("Task %r: %s", task.name, doubt)
        if stopwatch() > end:
            left = sum(1 for _ in rest)
            if left:
                log.info("The schedules of %d further tasks were not checked: lint_schedule() does", left)
            return
