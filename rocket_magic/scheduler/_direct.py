"""Floor 7: direct calls. `task()` runs a task at once on the caller's thread, outside the schedule.

Such a run is one like every other to the log: its `run` record is stored before the code starts, its
outcome before anything reacts to it. So conditions know of it, also those of a scheduler that runs
meanwhile. What the code raises, the caller gets.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from rocket_magic._lazy import LazyModule
from rocket_magic._protocols import Action, EventKind
from rocket_magic.args import ArgumentEnv, Parameters
from rocket_magic.execution import Flag, Outcome
from rocket_magic.execution._outcome import outcome_of_error
from rocket_magic.log import Record
from rocket_magic.scheduler._engine import Engine

if TYPE_CHECKING:
    import asyncio

    from rocket_magic.args import Call
    from rocket_magic.tasks import Task
else:
    asyncio = LazyModule("asyncio")


class DirectCaller:
    """Runs tasks on the thread of whoever calls them.

    Args:
        engine: The session's engine.
        open_log: Takes over what the log says, when nobody has yet.
    """

    def __init__(self, engine: Engine, open_log: Callable[[], None]) -> None:
        self._engine = engine
        self._board = engine.board
        self._open_log = open_log

    def call(self, task: Task, batch: Parameters) -> Any:
        """Run a task; its value.

        Raises:
            TaskLoggingError: Its start can't be recorded, so it is not run.
            BaseException: What the task's code raised.
        """
        board, session = self._board, self._board.session
        alone = board.owner is None and not self._engine.alive
        if alone:
            self._open_log()
        try:
            run_id = self._engine.starter.preparer.run_id(task, batch, next(board.run_numbers))
            call = task.make_call(batch, ArgumentEnv(session=session, task=task, run=None), "pre")
            start = self._record(task, Action.RUN, run_id)
            start.start = start.at
            start.due = None if batch else start.at  # as `TaskRun.occurrence`
            start.params = call.describe() if batch or task.parameters else None
            error = self._write(start)
            if error is not None:
                raise error
            return self._carry_out(task, call, start)
        finally:
            if alone:
                session.log.rest()

    def _carry_out(self, task: Task, call: Call, start: Record) -> Any:
        try:
            value = call()
            if inspect.iscoroutine(value):
                value = asyncio.run(value)
        except BaseException as error:
            self._end(task, call, start, outcome_of_error(start.run_id, error, Flag()))
            raise
        self._board.session.returns[task] = value
        self._end(task, call, start, Outcome(start.run_id, Action.SUCCESS))
        return value

    def _end(self, task: Task, call: Call, start: Record, outcome: Outcome) -> None:
        record = self._record(task, outcome.action, start.run_id)
        record.task_name, record.params = start.task_name, start.params
        record.start, record.end, record.due = start.start, record.at, start.due
        record.reason, record.exc_text = outcome.reason, outcome.exc_text
        if call.secrets:
            record.reason = None if record.reason is None else call.masked(record.reason)
            record.exc_text = None if record.exc_text is None else call.masked(record.exc_text)
        self._write(record)  # the log keeps an outcome that it can't write, and tells of it

    def _record(self, task: Task, action: Action, run_id: str) -> Record:
        clock = self._board.session.clock
        return Record(
            task.name, action, clock.now(), run_id, elapsed=clock.elapsed(), message=task.log_message(action)
        )

    def _write(self, record: Record) -> BaseException | None:
        """Write a record and wait until it is stored; why it isn't, or None."""
        board = self._board
        stored: Future[BaseException | None] = Future()
        board.session.log.write([record], stored.set_result)
        error = stored.result()
        if error is not None and record.action is Action.RUN:
            return error
        board.publish_record(record)
        started = record.action is Action.RUN
        self._tell(EventKind.RUN_STARTED if started else EventKind.RUN_FINISHED, record.task_name)
        return None

    def _tell(self, kind: EventKind, name: str) -> None:
        """Let a living scheduler look at what depends on it."""
        board = self._board
        if not self._engine.alive:
            return

        def look() -> None:
            board.happened(kind, name)
            task = board.session.find_task(name)
            if task is not None:
                board.touch(task)

        board.inbox.post(look)
