"""Floor 7: looking at a task. May it start now, and if not, when is it to be looked at again?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rocket_magic._protocols import Context
from rocket_magic.args import Parameters
from rocket_magic.clock import stopwatch
from rocket_magic.conditions import AlwaysFalse, BaseCondition, Retry
from rocket_magic.exc import USER_ERRORS, ConditionError
from rocket_magic.instants import NEVER, POLL, SECOND, Instant, Span
from rocket_magic.scheduler._board import Board

if TYPE_CHECKING:
    from rocket_magic.tasks import Task

LATE: Span = SECOND
"""A look that comes more than this after its instant is a late one: what opened meanwhile may have closed."""

_MOST_REPLAYED = 1000
_RETRY_AFTER_ERROR: Span = SECOND
_SLOW: Span = SECOND


@dataclass(slots=True)  # not frozen: one is made for each run, and freezing takes four times as long
class Candidate:
    """A task that may start in this step.

    Attributes:
        task: The task.
        batch: Parameters of a run by hand, or None for a start by condition.
        due: Instant for which it is due.
        merged: Further due instants that this start stands for.
        attempt: 0, or the number of the retry.
    """

    task: Task
    batch: Parameters | None
    due: Instant
    merged: int = 0
    attempt: int = 0


class Looker:
    """Decides about starts.

    Args:
        board: What the parts of the scheduler share.
        end_runs: Asks the runs in flight of a task to end, for a reason.
    """

    def __init__(self, board: Board, end_runs: Callable[[Task, str], None]) -> None:
        self.board = board
        self._end_runs = end_runs
        self._retrying: set[Task] = set()

    def enlist(self, task: Task) -> None:
        """Begin to care for a task, or learn of its new conditions."""
        board = self.board
        conditions = [cond for cond in (task.start_cond, task.end_cond) if not isinstance(cond, AlwaysFalse)]
        board.agenda.watch(task, (watch for cond in conditions for watch in cond.watches()))
        if _retries(task.start_cond):
            self._retrying.add(task)
        else:
            self._retrying.discard(task)
        task.removed = False
        board.make_ready(task)
        board.touch(task)

    def forget(self, task: Task) -> None:
        """Stop caring for a task."""
        board = self.board
        board.agenda.remove(task)
        board.dirty.pop(task, None)
        board.slots.leave(task)
        self._retrying.discard(task)

    def look(self, task: Task, due: Instant | None) -> Candidate | None:
        """Look at one task.

        Args:
            task: The task.
            due: The instant that the agenda had noted, or None after an event.

        Returns:
            The task as a candidate for starting, or None; then the agenda knows when to look again.
        """
        board = self.board
        task.held_by = None
        if task.runs and not self._may_run_beside(task):
            if (
                task.batches
                or board.session.config.on_overlap != "skip"
                or task.on_overlap not in (None, "skip")
            ):
                self._overlap(task)
            return None
        if task.batches:
            task.barred = None
            return Candidate(task, task.batches.pop(0), board.now)
        if task.barred is not None:
            task.held_by = task.barred
            board.agenda.set(task, NEVER)
            return None
        if task.queued_starts and not task.disabled:
            task.queued_starts = 0
            return Candidate(task, None, board.now if task.late is None else task.late)
        if task.disabled or task.on_startup or task.on_shutdown:
            board.agenda.set(task, NEVER)
            return None
        begun = stopwatch()
        try:
            return self._ask(task, due)
        except USER_ERRORS as error:
            self._condition_failed(task, error)
            return None
        finally:
            if stopwatch() - begun > _SLOW:
                self._tell_slow(task, stopwatch() - begun)

    def _tell_slow(self, task: Task, took: Span) -> None:
        """Name a condition that everything else had to wait for."""
        self.board.scheduler_log.warning(
            "The condition of %r has taken %.1f s (%s): all other tasks waited. Let a task find out, and ask "
            "how it ended",
            task.name,
            took / SECOND,
            task.start_cond,
        )

    def _ask(self, task: Task, due: Instant | None) -> Candidate | None:
        board = self.board
        context = board.context(task)
        condition = task.start_cond
        late_due = None
        if due is not None and board.now - due > LATE:
            late_due, merged = self._replay(task, context, due)
            if late_due is not None and late_due < board.now:
                task.problem = None
                return Candidate(task, None, late_due, merged, self._attempt(task, context))
        met, change = condition.look(context)
        if met:
            task.problem = None
            if board.virtual and task.started_instant == board.now:
                # One start per task and instant while the clock stands still: "always" would never end.
                board.agenda.set(task, board.now + max(board.cycle, 1))
                return None
            return Candidate(task, None, board.now if due is None else due, 0, self._attempt(task, context))
        task.problem = None
        self._look_again(task, change)
        return None

    def _look_again(self, task: Task, at: Instant) -> None:
        board = self.board
        if at == POLL or at <= board.now:
            at = board.now + max(board.cycle, 1 if board.virtual else 0)
        if board.session.config.force_status_from_logs:
            # Another process may write to the log, and no event tells of that.
            at = min(at, board.now + max(board.cycle, SECOND))
        board.agenda.set(task, at)

    def _replay(self, task: Task, context: Context, due: Instant) -> tuple[Instant | None, int]:
        """Find the first instant between `due` and now at which the task should have started.

        The loop was blocked, or the machine slept: an opening that has closed again still makes one
        run (rule D3). Bounded, so that a week of sleep costs no week of looking.
        """
        at = due
        first: Instant | None = None
        merged = 0
        for _ in range(_MOST_REPLAYED):
            then = context.at(at)
            met, change = task.start_cond.look(then)
            if met:
                if first is None:
                    first = at
                else:
                    merged += 1
            if change in (POLL, NEVER) or change <= at or change >= context.now:
                break
            at = change
        return first, merged

    def _attempt(self, task: Task, context: Context) -> int:
        """0 when the start is a scheduled one; the number of the retry when only `retry` wants it."""
        if task not in self._retrying:
            return 0
        scheduled = Context(
            now=context.now,
            elapsed=context.elapsed,
            session=context.session,
            task=context.task,
            retries=False,
        )
        if task.start_cond.holds(scheduled):
            return 0
        return context.session.history.attempt(task.name) + 1

    def _may_run_beside(self, task: Task) -> bool:
        limit = task.multilaunch if task.multilaunch is not None else self.board.session.config.multilaunch
        if limit is True:
            return True
        return limit is not False and len(task.runs) < int(limit)

    def _overlap(self, task: Task) -> None:
        """The task may be due while it runs: skip it, queue one start, or replace the run."""
        board = self.board
        policy = task.on_overlap or board.session.config.on_overlap
        if policy == "skip" or task.queued_starts or task.disabled:
            return
        context = board.context(task)
        try:
            met, change = task.start_cond.look(context)
            if not met:
                self._look_again(task, change)
                return
        except USER_ERRORS as error:
            self._condition_failed(task, error)
            return
        task.queued_starts, task.late = 1, board.now
        task.held_by = "its earlier run is still in flight"
        if policy == "replace":
            self._end_runs(task, "replaced: the task was due again")

    def _condition_failed(self, task: Task, error: BaseException) -> None:
        board = self.board
        what = f"start condition {str(task.start_cond)!r} of task {task.name!r}"
        text = f"{what} raised {type(error).__name__}: {error}"
        if not board.session.config.silence_cond_check:
            failure = ConditionError(text)
            failure.__cause__ = error
            board.fail(text, failure)
            return
        if task.problem != text:
            task.problem = text
            board.silence(text, error)
            board.publish("task", task.name)
        board.agenda.set(task, board.now + max(board.cycle, _RETRY_AFTER_ERROR))


def _retries(condition: BaseCondition) -> bool:
    """Whether a condition has `retry` in it."""
    return isinstance(condition, Retry) or any(_retries(child) for child in condition.children)
