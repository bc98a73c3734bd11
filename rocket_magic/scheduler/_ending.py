"""Floor 7: ending runs. Outcomes, timeouts, end conditions, termination, grace.

The order is the promise: the outcome is in the repository before any condition can see it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rocket_magic._protocols import Action, EventKind
from rocket_magic.conditions import AlwaysFalse
from rocket_magic.exc import USER_ERRORS, TaskLoggingError
from rocket_magic.execution import Outcome
from rocket_magic.execution._failure import exception_message
from rocket_magic.instants import POLL, SECOND, Span, from_timedelta
from rocket_magic.log import Record
from rocket_magic.scheduler._board import Board, Phase
from rocket_magic.tasks import RunState, TaskRun
from rocket_magic.time import format_duration

if TYPE_CHECKING:
    from rocket_magic.tasks import Task

_AFTER_ERROR: Span = SECOND


class Ender:
    """Ends runs and takes their outcomes."""

    def __init__(self, board: Board) -> None:
        self.board = board

    # Asking runs to end

    def end_runs(self, task: Task, reason: str) -> None:
        """Ask the runs in flight of a task to end."""
        for run in list(task.runs.values()):
            self.end(run, reason)

    def end(self, run: TaskRun, reason: str) -> None:
        """Ask one run to end. A `main` run can't be asked: it holds the scheduler's thread."""
        if run.order is None or run.executor is None or run.end_reason is not None:
            return
        board = self.board
        if run.state is RunState.RECORDING:  # it will not be started
            run.end_reason = reason
        elif run.state is RunState.RUNNING:
            run.state, run.end_reason = RunState.ENDING, reason
            run.order.flag.set(reason)
            if not run.executor.terminate(run.run_id, reason):
                self._grant_grace(run)
        else:
            return
        board.publish("run", run.task_name)

    def limit_wait_for_log(self, run: TaskRun) -> None:
        """Let a forced shutdown wait for records of a run that are being written no longer than `grace`."""
        if run.state in (RunState.RECORDING, RunState.CLOSING) and run.grace_until is None:
            self._grant_grace(run)

    def _grant_grace(self, run: TaskRun) -> None:
        run.grace_until = self.board.uptime + from_timedelta(self.board.session.config.grace)
        self.board.add_deadline(run, run.grace_until)

    def enforce(self) -> None:
        """Strike where a timeout, an end condition or a grace period is over."""
        for run in self.board.pop_deadlines():
            self._deadline(run)
        for run in self.board.pop_end_looks():
            self._ask_end_condition(run)
        if self.board.dirty and not self._tasks_are_looked_at():
            self._look_at_touched()

    def _tasks_are_looked_at(self) -> bool:
        board = self.board
        return board.phase is Phase.RUNNING and not board.on_hold and board.log_pause is None

    def _look_at_touched(self) -> None:
        """Ask end conditions after an event while nothing starts: during startup, shutdown or a hold."""
        board = self.board
        for task in list(board.dirty):
            self.look_at_end(task)
        if board.phase is Phase.STOPPING:
            board.dirty.clear()  # no start follows, and what is left here would call for a step at once

    def _deadline(self, run: TaskRun) -> None:
        board = self.board
        if run.state is RunState.RUNNING and run.deadline is not None:
            timeout = format_duration(run.deadline - run.started_uptime)
            self.end(run, f"timeout: it ran longer than {timeout}")
        elif run.grace_until is not None and board.uptime >= run.grace_until:
            if run.state is RunState.ENDING:
                self._grace_is_over(run)
            elif board.force and run.state in (RunState.RECORDING, RunState.CLOSING):
                self._leave_to_the_log(run)

    def _leave_to_the_log(self, run: TaskRun) -> None:
        """Go without the log's answer: a shutdown by force must come to an end."""
        board = self.board
        what = "run" if run.state is RunState.RECORDING else "outcome"
        self.leave(run)
        if run.bracket is not None:
            run.bracket.close((None, None, None))
        if run.order is not None and run.order.sink is not None:
            run.order.sink.close()
        error = TaskLoggingError(
            f"the task log hangs: whether it has the {what} record of run {run.run_id} of task "
            f"{run.task_name!r} is not known; the shutdown by force does not wait for it"
        )
        board.silence(str(error), error)
        board.publish("run", run.task_name)

    def _grace_is_over(self, run: TaskRun) -> None:
        """A thread has not listened: tell it, unless it sleeps on a virtual clock and could not."""
        board = self.board
        run.state = RunState.DEAF
        if not (board.virtual and board.patient):  # else all is quiet now, so this run sleeps on the clock
            run.given_up = True
            board.n_given_up += 1
            run.task.problem = (
                f"run {run.run_id} was asked to end ({run.end_reason}) and goes on; it can't be killed: "
                "look at TerminationFlag() in the task, or await, or use execution='process'"
            )
            board.scheduler_log.warning(run.task.problem)
        board.publish("run", run.task_name)

    def look_at_end(self, task: Task) -> None:
        """Ask the end condition of a task's runs after an event."""
        if task.runs and not isinstance(task.end_cond, AlwaysFalse):
            for run in list(task.runs.values()):
                if run.state is RunState.RUNNING:
                    self._ask_end_condition(run)

    def _ask_end_condition(self, run: TaskRun) -> None:
        board, task = self.board, run.task
        if run.state is not RunState.RUNNING:
            return
        context = board.context(task)
        try:
            over, at = task.end_cond.look(context)
        except USER_ERRORS as error:
            # Not knowing is no reason to end a run (B8).
            what = f"end condition {str(task.end_cond)!r} of task {task.name!r}"
            text = f"{what} raised {type(error).__name__}: {error}"
            if not board.session.config.silence_cond_check:
                board.fail(text, error)
                return
            if task.problem != text:
                task.problem = text
                board.silence(text, error)
            board.add_end_look(run, board.now + max(board.cycle, _AFTER_ERROR))
            return
        if over:
            self.end(run, f"end condition: {task.end_cond}")
            return
        if at == POLL or at <= board.now:
            at = board.now + max(board.cycle, 1)
        board.add_end_look(run, at)

    def abandon_deaf(self) -> None:
        """Record threads that ignore their flag as terminated and let them go (rule D5)."""
        for run in list(self.board.runs.values()):
            if run.state is RunState.DEAF:
                reason = f"abandoned, still running: {run.end_reason}"
                self.board.inbox.report(Outcome(run.run_id, Action.TERMINATE, reason=reason))

    # Taking outcomes

    def take(self) -> bool:
        """Take the outcomes that are here; whether there were any.

        Under a clock that stands still they are taken only when every run in flight has ended or
        sleeps on that clock, and in the order in which the runs started: the same steps give the
        same records.
        """
        board = self.board
        if not board.inbox.n_outcomes or not self.may_take():
            return False
        outcomes = board.inbox.outcomes()
        pairs = [(board.runs[one.run_id], one) for one in outcomes if one.run_id in board.runs]
        if board.virtual:
            pairs.sort(key=lambda pair: pair[0].number)
        pairs = [pair for pair in pairs if pair[0].state is not RunState.CLOSING]
        if not pairs:
            return bool(outcomes)
        records = []
        for run, outcome in pairs:
            run.state = RunState.CLOSING
            records.append(self._record(run, outcome))
        board.session.log.write(records, lambda error: self._recorded(pairs, records, error))
        return True

    def may_take(self) -> bool:
        """Whether outcomes may be taken now: under a clock that stands still, when all is quiet."""
        return not (self.board.virtual and self.board.patient) or self.quiet()

    def quiet(self) -> bool:
        """Whether nothing can happen unless the clock moves: all runs have ended or sleep on it."""
        board = self.board
        busy = len(board.runs) - board.n_given_up
        asleep = board.session.clock.asleep if board.virtual else 0  # type: ignore[attr-defined]  # a VirtualClock then
        return busy - board.inbox.n_outcomes <= asleep

    def _record(self, run: TaskRun, outcome: Outcome) -> Record:
        board = self.board
        reason, exc_text = outcome.reason, outcome.exc_text
        if outcome.action is Action.TERMINATE and reason is None:
            reason = run.end_reason
        if run.masked is not None:
            reason = None if reason is None else run.masked(reason)
            exc_text = None if exc_text is None else run.masked(exc_text)
        return Record(
            run.task_name, outcome.action, board.now, run.run_id, start=run.started_at, end=board.now,
            due=run.occurrence, merged=run.merged, attempt=run.attempt, reason=reason, exc_text=exc_text,
            params=run.params_text, elapsed=board.elapsed, message=run.task.log_message(outcome.action),
        )  # fmt: skip

    def _recorded(
        self, pairs: Sequence[tuple[TaskRun, Outcome]], records: Sequence[Record], error: BaseException | None
    ) -> None:
        board = self.board
        if board.is_owner():
            self._close(pairs, records, error)
        else:
            board.inbox.post(lambda: self._close(pairs, records, error))

    def _close(
        self, pairs: Sequence[tuple[TaskRun, Outcome]], records: Sequence[Record], error: BaseException | None
    ) -> None:
        board = self.board
        for (run, outcome), record in zip(pairs, records, strict=True):
            if run.run_id not in board.runs:  # the log answers after all, but a shutdown has gone on
                continue
            if outcome.action is Action.SUCCESS:
                board.session.returns[run.task] = outcome.value
            if run.order is not None and run.order.sink is not None:
                self._show_failure(run, outcome)
                run.order.sink.close()
            self.leave(run)  # after its output is whole: whoever sees it ended may read that
            if run.task_name != run.task.name:
                self._move_history(run)
            self._follow_up(run, outcome)
            board.publish_record(record, run.batch)
            board.happened(EventKind.RUN_FINISHED, run.task_name)
            self._touch_heir(run.task)
            if outcome.signal == "exit":
                board.stop_wanted = True
            elif outcome.signal == "restart":
                board.restart_wanted = True
        if error is not None:
            text = f"outcomes could not be written to the task log: {type(error).__name__}: {error}"
            if not board.session.config.silence_task_logging:
                board.fail(text, error)  # else the log has told of it, keeps the records and counts them

    def _move_history(self, run: TaskRun) -> None:
        """Have the history follow a task that was renamed while it ran, once its last such run is over."""
        session = self.board.session
        taken = any(task.name == run.task_name for task in session.task_list())
        busy = any(other.task_name == run.task_name for other in self.board.runs.values())
        if not taken and not busy and session.log.history.status(run.task.name) is None:
            session.log.rename(run.task_name, run.task.name)

    def _touch_heir(self, task: Task) -> None:
        """Look at the task, or at the one that replaced it meanwhile; not at one that was removed."""
        while task.successor is not None:
            task = task.successor
        if not task.removed:
            self.board.touch(task)

    def leave(self, run: TaskRun) -> None:
        """Take a run out of those in flight and give its place to a task that waits for one."""
        board = self.board
        run.task.runs.pop(run.run_id, None)
        board.runs.pop(run.run_id, None)
        board.n_given_up -= run.given_up
        if run.mode == "async":
            board.n_async -= 1
        if run.mode == "process":
            board.n_processes -= 1
            board.offer_slot()

    def _show_failure(self, run: TaskRun, outcome: Outcome) -> None:
        if (
            outcome.action in (Action.FAIL, Action.CRASH)
            and run.order is not None
            and run.order.sink is not None
        ):
            name = type(outcome.exc).__name__ if outcome.exc is not None else outcome.action.value
            mask = run.masked or str
            message = mask(
                exception_message(outcome.exc) if outcome.exc is not None else (outcome.reason or "")
            )
            lines = mask(outcome.exc_text or message).splitlines(keepends=True)
            run.order.sink.error(name, message, lines)

    def _follow_up(self, run: TaskRun, outcome: Outcome) -> None:
        """Hooks and the task's own methods; their errors are logged, the outcome stands."""
        task, board = run.task, self.board
        exc = outcome.exc
        info = (type(exc), exc, exc.__traceback__) if exc is not None else (None, None, None)
        errors = run.bracket.close(info) if run.bracket is not None else []
        try:
            if outcome.action is Action.SUCCESS:
                task.process_success(outcome.value)
            elif outcome.action in (Action.FAIL, Action.CRASH):
                task.process_failure(exc)
            task.process_finish(outcome.action.value)
        except USER_ERRORS as error:
            errors.append(error)
        for raised in errors:
            board.silence(f"what follows run {run.run_id} of task {task.name!r} raised: {raised}", raised)
