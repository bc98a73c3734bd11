"""Floor 7: making a run. What a candidate needs before its record: an id, an executor, a call, an order.

Much of it is the user's code (arguments, hooks, `func_run_id`, a sink), so all of it may fail; then the
run is recorded as a failed one.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from rocket_magic.args import ArgumentEnv, Parameters
from rocket_magic.execution import Flag, RunOrder, exception_text
from rocket_magic.instants import NEVER, from_timedelta
from rocket_magic.scheduler._board import Board
from rocket_magic.scheduler._hooks import Bracket
from rocket_magic.scheduler._run_ids import RandomIds
from rocket_magic.tasks import TaskRun

if TYPE_CHECKING:
    from rocket_magic._protocols import Sink
    from rocket_magic.args import Call
    from rocket_magic.log import Record
    from rocket_magic.scheduler._looking import Candidate
    from rocket_magic.tasks import Task

NO_PARAMETERS = Parameters()


class Preparer:
    """Makes runs of candidates and enters them among those in flight."""

    def __init__(self, board: Board) -> None:
        self.board = board
        self._random_ids = RandomIds()
        self._repeated_id = False

    def prepare(self, candidate: Candidate, resumed: Record | None) -> tuple[TaskRun, BaseException | None]:
        """Make the run of a candidate.

        Args:
            candidate: Who starts.
            resumed: The record of the run that this one makes again, whose place in the count it keeps.

        Returns:
            The run, and why it can't be started (then it is not among those in flight), or None.
        """
        board, task = self.board, candidate.task
        origin: Any = candidate if resumed is None else resumed
        run = TaskRun(
            "", next(board.run_numbers), task, task.name, board.now, board.uptime, board.elapsed,
            candidate.due if origin.due is None else origin.due, origin.merged, origin.attempt,
        )  # fmt: skip
        run.batch = candidate.batch
        sink: Sink | None = None
        try:
            batch = candidate.batch if candidate.batch is not None else NO_PARAMETERS
            run.run_id = self.run_id(task, batch, run.number)
            make_sink = board.session.sink_factory
            if make_sink is not None:
                sink = make_sink(task.name, run.run_id)
            self._equip(run, batch, sink)
        except BaseException as error:
            run.run_id = run.run_id or self._free_id(run.number)
            if sink is not None:
                sink.error(type(error).__name__, str(error), exception_text(error).splitlines(keepends=True))
                sink.close()
            return run, error
        self._enter(run)
        return run, None

    def _equip(self, run: TaskRun, batch: Parameters, sink: Sink | None) -> None:
        """Give the run its executor, its order and its deadline."""
        board, task = self.board, run.task
        config = board.session.config
        run.mode = mode = task.execution or config.execution
        run.executor = board.executors[mode]
        env = ArgumentEnv(session=board.session, task=task, run=None)
        # without a thread or process to start there is no "after": what can't be had is a failed start
        apart = mode not in ("main", "async")
        call: Call = task.make_call(batch, env, config.param_materialize if apart else "pre")
        if board.session.hooks.task_execute:
            self._open_hooks(run)
        run.order = RunOrder(
            run_id=run.run_id, task_name=task.name, call=call, sink=sink, flag=Flag(),
            clock=board.session.clock, daemon=config.tasks_as_daemon if task.daemon is None else task.daemon,
        )  # fmt: skip
        run.masked = call.masked if call.secrets else None
        if batch or task._parameters:  # noqa: SLF001  no empty mapping made
            run.params_text = call.describe()
        if mode != "main" and not task.permanent:
            timeout = task._timeout  # noqa: SLF001  the stored span; the field shows a timedelta
            if timeout is None:
                timeout = NEVER if config.timeout is None else from_timedelta(config.timeout)
            if timeout != NEVER:
                run.deadline = board.uptime + timeout

    def _open_hooks(self, run: TaskRun) -> None:
        session, task = self.board.session, run.task
        bracket = Bracket(
            session.hooks.task_execute,
            lambda hook, given: session.call(hook, task, given),
            {"task": task, "session": session},
        )
        bracket.open()
        run.bracket = bracket

    def _enter(self, run: TaskRun) -> None:
        board, task = self.board, run.task
        if not task.runs:
            task.runs = {}
        task.runs[run.run_id] = run
        board.runs[run.run_id] = run
        task.started_instant = board.now
        task.late = None
        board.slots.leave(task)
        if run.mode == "process":
            board.n_processes += 1
        elif run.mode == "async":
            board.n_async += 1

    def run_id(self, task: Task, params: Parameters, number: int) -> str:
        """The id of a run: the user's, else counted under a virtual clock, else random."""
        make = task.func_run_id or self.board.session.config.func_run_id
        if make is None:
            return self._free_id(number)
        wanted = str(make(task, params))
        if wanted not in self.board.runs:
            return wanted
        # by its id a run's outcome, output and records are known: two in flight must not share one
        free = next(made for n in itertools.count(2) if (made := f"{wanted}-{n}") not in self.board.runs)
        if not self._repeated_id:
            self._repeated_id = True
            self.board.scheduler_log.warning(
                "func_run_id gave task %r the id %r, which a run in flight has: it is %r; said once",
                task.name, wanted, free,
            )  # fmt: skip
        return free

    def _free_id(self, number: int) -> str:
        return f"{number:08d}" if self.board.virtual else self._random_ids.next()
