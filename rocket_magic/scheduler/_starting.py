"""Floor 7: starting runs. All that start in one step are recorded in one group, then handed over.

The order is the promise: the `run` record is in the repository before the task's code starts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from rocket_magic._protocols import Action, EventKind
from rocket_magic.conditions import AlwaysFalse
from rocket_magic.exc import TaskLoggingError, TaskSetupError
from rocket_magic.execution import Outcome, exception_text
from rocket_magic.execution._failure import clip, exception_message
from rocket_magic.instants import SECOND, Instant, Span, from_timedelta
from rocket_magic.log import Claim, Record, StartedElsewhere
from rocket_magic.scheduler._board import Board, Phase
from rocket_magic.scheduler._looking import LATE, Candidate
from rocket_magic.scheduler._preparing import NO_PARAMETERS, Preparer
from rocket_magic.tasks import RunState, TaskRun
from rocket_magic.time import format_duration

if TYPE_CHECKING:
    from rocket_magic.scheduler._ending import Ender
    from rocket_magic.tasks import Task

_MOST_COMMANDS = 50
MISSED = "missed by misfire_grace_time: "
"""How the reason of a start begins that was skipped because it came too late."""

_LONGEST_PAUSE: Span = 60 * SECOND
_LOOK_AT_OTHERS: Span = SECOND


Again = Callable[["Task", Instant | None], "Candidate | None"]
"""Looks at a task once more: whether it may start still."""


class Starter:
    """Turns candidates into runs."""

    def __init__(self, board: Board, ender: Ender) -> None:
        self.board = board
        self.ender = ender
        self.preparer = Preparer(board)
        self.log_version = 0
        """What the log knew of other schedulers when the conditions were asked."""
        self.resumed: dict[Task, Record] = {}
        """Crash records of runs that the scheduler's death cut off, by the task that makes them again."""

    def start(self, candidates: Sequence[Candidate], again: Again | None = None) -> None:
        """Start tasks: higher priority first, then those whose turn a process is, then as registered.

        Args:
            candidates: Who may start.
            again: Looks at one of them again, where a `main` run that went before has changed something;
                None: they start whatever has changed.
        """
        board = self.board
        if len(candidates) > 1:
            turn = board.slots.turn
            candidates = sorted(
                candidates,
                key=lambda one: (-one.task.priority, turn(one.task), one.task.number),
            )
            # in virtual time all of one instant start together: none of them comes before another
            in_main = not board.virtual and any(map(self._runs_in_main, candidates))
            if board.session.hooks.task_execute or in_main:
                self._start_in_turn(candidates, again)
                return
        self._start_together(candidates)

    def _runs_in_main(self, candidate: Candidate) -> bool:
        return (candidate.task.execution or self.board.session.config.execution) == "main"

    def _start_in_turn(self, candidates: Sequence[Candidate], again: Again | None) -> None:
        """Start tasks of which some run in `main`: such a run and its hooks are over before the next begins.

        It may disable, change or remove those that come after it, or its end may decide about them.
        """
        board = self.board
        ran, commands_left = False, _MOST_COMMANDS
        for candidate in candidates:
            due: Candidate | None = candidate
            if candidate.task.removed:
                continue
            if ran and again is not None and candidate.batch is None and candidate.task in board.dirty:
                del board.dirty[candidate.task]
                due = again(candidate.task, candidate.due)
            if due is None:
                continue
            self._start_together([due])
            if self._runs_in_main(due):
                ran = True
                board.read_clock()
                asked_for = board.inbox.commands(commands_left)  # a flood of them from elsewhere can wait
                commands_left -= len(asked_for)
                for command in asked_for:
                    command()
            self.ender.take()
            if board.fatal_error is not None:
                return

    def _start_together(self, candidates: Sequence[Candidate]) -> None:
        """Start tasks whose records go to the log as one group."""
        started: list[tuple[Candidate, TaskRun]] = []
        records: list[Record] = []
        for candidate in candidates:
            if self._missed(candidate) or not self._has_slot(candidate):
                continue
            resumed = self.resumed.get(candidate.task) if candidate.batch is None else None
            run, error = self.preparer.prepare(candidate, resumed)
            if error is not None:
                self._setup_failed(run, error)
                continue
            started.append((candidate, run))
            records.append(self._run_record(run))
        if started:
            log = self.board.session.log
            claim = self._claim(started) if log.shared else None
            log.write(records, lambda error: self._recorded(started, records, error), claim)

    def _claim(self, started: list[tuple[Candidate, TaskRun]]) -> Claim:
        """The due starts: where several schedulers share a log, only one of them makes each."""
        due = [one.task for one, _ in started if one.batch is None]
        names = frozenset(task.name for task in due if not (task.on_startup or task.on_shutdown))
        return Claim(names, self.log_version)

    # Before the record

    def _has_slot(self, candidate: Candidate) -> bool:
        """Whether a process may be started; if not, the task waits and says for what."""
        board, task = self.board, candidate.task
        config = board.session.config
        if (task.execution or config.execution) != "process" or board.n_processes < config.max_process_count:
            return True
        if candidate.batch is not None:
            task.batches.insert(0, candidate.batch)
        task.held_by = f"max_process_count: {config.max_process_count} process runs are in flight"
        board.slots.wait(task, candidate.due)
        board.publish("task", task.name)
        return False

    def pass_slots_on(self) -> None:
        """Offer places that those who waited for them did not take to the next ones that wait."""
        board = self.board
        board.slots.close_offers()
        free = board.session.config.max_process_count - board.n_processes
        for _ in range(min(free, len(board.slots))):
            board.offer_slot()

    def _missed(self, candidate: Candidate) -> bool:
        """Skip a start that is later than its misfire grace time allows, and record that."""
        board, task = self.board, candidate.task
        late = board.now - candidate.due
        if late <= 0 or candidate.batch is not None:
            return False
        grace = task._misfire_grace_time  # noqa: SLF001  the stored span; the field shows a timedelta
        if grace is None:
            configured = board.session.config.misfire_grace_time
            grace = None if configured is None else from_timedelta(configured)
        if grace is None or late <= grace:
            return False
        run_id = self.preparer.run_id(task, NO_PARAMETERS, next(board.run_numbers))
        shown = format_duration(late - late % (SECOND if late > SECOND else 1))
        reason = f"{MISSED}{shown} late, {format_duration(grace)} allowed"
        pair = [
            Record(task.name, action, board.now, run_id, start=board.now, due=candidate.due, reason=reason)
            for action in (Action.RUN, Action.INACTION)
        ]
        board.session.log.write(pair, self._unless_written)
        for record in pair:
            board.publish_record(record)
        board.touch(task)
        return True

    def _run_record(self, run: TaskRun) -> Record:
        late = run.started_at - run.due
        reason = None
        if late > LATE:
            merged = f"; {run.merged} more due starts are merged into it" if run.merged else ""
            reason = f"late by {late / SECOND:.1f} s{merged}"
        return Record(
            run.task_name, Action.RUN, run.started_at, run.run_id, start=run.started_at, due=run.occurrence,
            merged=run.merged, attempt=run.attempt, reason=reason, params=run.params_text,
            elapsed=self.board.elapsed, message=run.task.log_message(Action.RUN),
        )  # fmt: skip

    # After the record

    def _recorded(
        self, started: list[tuple[Candidate, TaskRun]], records: list[Record], error: BaseException | None
    ) -> None:
        """The repository answered; from its writer's thread, unless it is the in-memory one."""
        board = self.board
        if board.is_owner():
            self._hand_over(started, records, error)
        else:
            board.inbox.post(lambda: self._hand_over(started, records, error))

    def _hand_over(
        self, started: list[tuple[Candidate, TaskRun]], records: list[Record], error: BaseException | None
    ) -> None:
        board = self.board
        if error is not None:
            for candidate, run in reversed(started):
                self._take_back(candidate, run)
            if isinstance(error, StartedElsewhere):
                self._leave_to_others(started, error)
            else:
                self._log_failed(error)
            return
        if board.log_pause_span:
            board.log_pause_span, board.problem = 0, None
            board.publish("state")
        for (candidate, run), record in zip(started, records, strict=True):
            if candidate.batch is None:
                self.resumed.pop(run.task, None)
            board.publish_record(record, run.batch)
            board.happened(EventKind.RUN_STARTED, run.task_name)
            if run.run_id not in board.runs:  # the log answers after all, but a shutdown has gone on
                continue
            if run.end_reason is not None:
                board.inbox.report(Outcome(run.run_id, Action.TERMINATE, reason=run.end_reason))
            else:
                self._launch(run)

    def _take_back(self, candidate: Candidate, run: TaskRun) -> None:
        """Undo a start whose record could not be written: what was due stays due."""
        task = run.task
        self.ender.leave(run)
        if run.bracket is not None:
            run.bracket.close((None, None, None))
        if run.order is not None and run.order.sink is not None:
            run.order.sink.close()
        if candidate.batch is not None:
            task.batches.insert(0, candidate.batch)
        elif task in self.resumed:
            task.queued_starts = 1
        if not task.removed:
            self.board.touch(task, candidate.due)

    def _leave_to_others(self, started: list[tuple[Candidate, TaskRun]], refusal: StartedElsewhere) -> None:
        """Another scheduler was first, as the history knows now; while its run lasts, look each second."""
        board = self.board
        for task in [candidate.task for candidate, _ in started if candidate.batch is None]:
            if task.name not in refusal.tasks:
                continue
            self.resumed.pop(task, None)
            task.queued_starts = 0
            if task.name in refusal.in_flight and not task.removed:
                board.dirty.pop(task, None)
                board.agenda.set(task, board.now + _LOOK_AT_OTHERS)
                task.held_by = "its run is in flight in another scheduler on this log"

    def _keeps_looking(self, task: Task) -> bool:
        """Whether a running task may be due again: then it is looked at one cycle later."""
        config = self.board.session.config
        several = task.multilaunch if task.multilaunch is not None else config.multilaunch
        return bool(several) or (task.on_overlap or config.on_overlap) != "skip"

    def _launch(self, run: TaskRun) -> None:
        board = self.board
        if run.executor is None or run.order is None:
            return
        run.state = RunState.RUNNING
        if run.deadline is not None:
            board.add_deadline(run, run.deadline)
        if not isinstance(run.task.end_cond, AlwaysFalse):
            board.add_end_look(run, board.now)
        if self._keeps_looking(run.task):
            board.agenda.set(run.task, board.now + max(board.cycle, 1))
        try:
            on_loop = getattr(run.executor, "reports_on_loop", False)
            run.executor.start(run.order, board.inbox.report_on_loop if on_loop else board.inbox.report)
        except Exception as error:
            # The run record is written, so this run needs an outcome like every other.
            board.inbox.report(Outcome(run.run_id, Action.FAIL, exc=error, exc_text=exception_text(error)))
            self._setup_error(run.task, error)

    # When it goes wrong

    def _setup_failed(self, run: TaskRun, error: BaseException) -> None:
        """A run that can't be started is recorded as a failed one (Rocketry's rule)."""
        board = self.board
        reason = clip(f"could not be started: {exception_message(error)}")
        failed = Record(
            run.task_name, Action.FAIL, board.now, run.run_id, start=run.started_at, end=board.now,
            due=run.occurrence, attempt=run.attempt, reason=reason, exc_text=exception_text(error),
            elapsed=board.elapsed,
        )  # fmt: skip
        pair = [self._run_record(run), failed]
        run.task.started_instant = board.now
        board.session.log.write(pair, self._unless_written)
        for record in pair:
            board.publish_record(record, run.batch)
        board.happened(EventKind.RUN_FINISHED, run.task_name)
        board.touch(run.task)
        self._setup_error(run.task, error)

    def _setup_error(self, task: Task, error: BaseException) -> None:
        board = self.board
        text = f"task {task.name!r} could not be started: {type(error).__name__}: {error}"
        if board.session.config.silence_task_prerun:
            board.silence(text, error)
            return
        failure = error if isinstance(error, TaskSetupError) else TaskSetupError(text)
        if failure is not error:
            failure.__cause__ = error
        board.fail(text, failure)

    def _unless_written(self, error: BaseException | None) -> None:
        """Take the answer for records whose run is over already; from whatever thread it comes."""
        if error is None:
            return
        if self.board.is_owner():
            self._log_failed(error)
        else:
            self.board.inbox.post(lambda: self._log_failed(error))

    def _log_failed(self, error: BaseException) -> None:
        """No start without its record (rule D4): stop, or pause starts and try again."""
        board = self.board
        text = f"the task log can't be written: {type(error).__name__}: {error}"
        if not board.session.config.silence_task_logging:
            failure = error if isinstance(error, TaskLoggingError) else TaskLoggingError(text)
            board.fail(text, failure)
            return
        board.log_pause_span = min(
            max(2 * board.log_pause_span, from_timedelta(board.session.config.log_retry), 1), _LONGEST_PAUSE
        )
        board.log_pause = board.now + board.log_pause_span
        board.problem = f"{text}; starts are held, next try in {board.log_pause_span // SECOND} s"
        board.publish("state")
        if board.phase is Phase.STARTING:
            board.set_phase(Phase.RUNNING)
