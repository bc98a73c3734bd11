"""The rehearsal. A second session with the same tasks, conditions and history, on a virtual clock.

Its runs are carried out by executors that only let time pass, so nothing of the user's is ever called.
A forecast is read off its log: it can't disagree with the scheduler about a schedule, it *is* the scheduler.
"""

from __future__ import annotations

import dataclasses
import itertools
import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rocket_magic.clock import VirtualClock
from rocket_magic.conditions import AlwaysFalse
from rocket_magic.execution import Flag, RunOrder
from rocket_magic.forecast._frozen import checks_of, frozen
from rocket_magic.forecast._model import Model
from rocket_magic.forecast._simulated import known_mode, let_time_pass
from rocket_magic.instants import Instant, to_seconds
from rocket_magic.log import Record
from rocket_magic.log._memory import MemoryLog
from rocket_magic.log._record import record_of
from rocket_magic.scheduler import Phase
from rocket_magic.session import Session
from rocket_magic.tasks import FuncTask, RunState, Task, TaskRun

__all__ = ["Rehearsal"]

_SEEDED = 20_000
_SEEDED_OF_A_QUIET_TASK = 100
_LOGGER = "rocket_magic.forecast"
_FIRST_NUMBER = 10**9


class Rehearsal:
    """A session's double, ready to be stepped.

    Args:
        session: The session; it is only read.
        model: How long runs take and how they end; gets notes of what had to be assumed.
        tasks: Rehearse only these; all when None.
    """

    def __init__(self, session: Session, model: Model, tasks: Sequence[Task] | None = None) -> None:
        self.original = session
        self.model = model
        self.tasks = session.task_list() if tasks is None else list(tasks)
        self.clock = VirtualClock(to_seconds(session.clock.now()), session.zone)
        self.start: Instant = self.clock.now()
        self.session = self._double()
        model.halt = self.session.halt_step
        self._n_seeded = self._seed()
        for task in self.tasks:
            self._take_task(task)
        self._takechecks_of()
        shut = session.condition(session.config.shut_cond)
        if not isinstance(shut, AlwaysFalse):
            self.session.config.shut_cond = frozen(shut, session.context(), model.notes)
        if session.scheduler.is_alive:
            self._take_life()

    def step(self, **how: Any) -> Instant:
        """Step the double; see `Session.step`. Where there are too many runs it stops short."""
        self.session.step(**how)
        return self.clock.now()

    def records(self) -> Sequence[Record]:
        """What the double has logged since it was made."""
        repo: MemoryLog = self.session.log.repo
        return list(repo.select(()))[self._n_seeded :]

    def note_first_looks(self) -> Mapping[Instant, int]:
        """Note from now on, for each instant, how many records there were after its first look at tasks.

        What starts in that look starts for time's sake; what starts later in the instant, for what has begun
        or ended in it.
        """
        ends: dict[Instant, int] = {}
        repo: MemoryLog = self.session.log.repo

        def look() -> Iterator[None]:
            yield
            ends.setdefault(self.clock.now(), len(repo) - self._n_seeded)

        self.session.hook_scheduler_cycle()(look)
        return ends

    def _double(self) -> Session:
        config = self.original.config
        logging.getLogger(_LOGGER).disabled = True  # what is only imagined must not reach a log file
        double = Session(
            time_func=self.clock,
            execution=config.execution,
            timezone=config.timezone,
            timeout=config.timeout,
            multilaunch=config.multilaunch,
            max_process_count=config.max_process_count,
            on_overlap=config.on_overlap,
            misfire_grace_time=config.misfire_grace_time,
            rerun_interrupted=config.rerun_interrupted,
            instant_shutdown=config.instant_shutdown,
            cycle_sleep=config.cycle_sleep,
            silence_cond_check=True,
            silence_task_prerun=True,
            log_capacity=2 * self.model.rehearsed_left + 2 * _SEEDED,
            scheduler_logger_basename=_LOGGER,
            task_logger_basename=_LOGGER,
        )
        double._board.run_numbers = itertools.count(_FIRST_NUMBER)
        double.parameters.update(self.original.parameters)
        let_time_pass(double.executors, self.clock, self.model)
        return double

    def _seed(self) -> int:
        """Tell the double's log what conditions may ask of the past; how many records that took."""
        log, now = self.original.log, self.start
        if isinstance(log.repo, MemoryLog):
            past = list(log.repo.select(()))
        else:
            past = [record_of(row) for row in log.tail(_SEEDED)]
            seen = {record.task_name for record in past}
            for task in self.tasks:
                if task.name not in seen:
                    quiet = log.tail(_SEEDED_OF_A_QUIET_TASK, task=task.name)
                    past[:0] = [record_of(row) for row in quiet]
        records = [dataclasses.replace(one, seq=0, elapsed=None) for one in past if one.at <= now]
        if self.original.scheduler.is_alive:
            self.session.log.write(records, lambda error: None)  # noqa: ARG005  in memory nothing fails
        else:
            self.session.log.repo.add_many(records)  # read at the start, so that cut-off runs are repaired
        return len(records)

    def _take_task(self, task: Task) -> None:
        session, notes = self.original, self.model.notes
        alive = session.scheduler.is_alive
        context = session.context(task)
        double = FuncTask(
            _nothing, session=self.session, name=task.name,
            start_cond=frozen(task.start_cond, context, notes),
            end_cond=frozen(task.end_cond, context, notes),
            execution=known_mode(task.execution or session.config.execution), priority=task.priority,
            disabled=task.disabled or (alive and task.on_startup), timeout=task.timeout,
            permanent=task.permanent, multilaunch=task.multilaunch, on_startup=task.on_startup,
            on_shutdown=task.on_shutdown, on_overlap=task.on_overlap,
            misfire_grace_time=task.misfire_grace_time, rerun_interrupted=task.rerun_interrupted,
        )  # fmt: skip
        for _ in list(task.batches):
            double.run()
        double.queued_starts, double.late, double.barred = task.queued_starts, task.late, task.barred
        if session.clock.now() == task.started_instant:
            double.started_instant = task.started_instant

    def _takechecks_of(self) -> None:
        """Know what tasks returned whose results are conditions, and what they will return."""
        names = {task.name for task in self.tasks}
        for task in self.tasks:
            asked = checks_of(task.start_cond) | checks_of(task.end_cond)
            for check in sorted(name or task.name for name in asked):
                returned = self.original.returns
                if check in returned:
                    self.session.returns[check] = returned[check]
                if check in names:
                    self.model.take_check(check, returned)

    def _take_life(self) -> None:
        """The scheduler is alive: its double goes on where it is, runs in flight included."""
        theirs, double = self.original.scheduler, self.session
        double._runner.log_keeper.open()
        double._runner.engine.begin()
        board = double._board
        board.set_phase(Phase.RUNNING)
        board.started_at, board.n_cycles = self.original._board.started_at, theirs.n_cycles
        if theirs.on_hold:
            self.model.notes.append("the scheduler is on hold: it is taken to be resumed now")
        for run in sorted(self.original._board.runs.values(), key=lambda one: one.number):
            mine = double.find_task(run.task_name)
            if mine is not None:
                self._take_run(run, mine)
        for task in self.tasks:
            if task.barred is not None:
                double[task.name].barred = task.barred

    def _take_run(self, run: TaskRun, task: Task) -> None:
        """Go on with a run in flight: it lasts as long as runs of this task usually do."""
        board, now = self.session._board, self.start
        mine = TaskRun(
            run.run_id, next(board.run_numbers), task, task.name, run.started_at, run.started_at - now,
            run.started_at - now, run.due, run.merged, run.attempt,
        )  # fmt: skip
        executor: Any = self.session.executors["thread"]
        mine.executor = executor
        mine.order = RunOrder(
            run_id=run.run_id, task_name=task.name, call=_nothing, sink=None, flag=Flag(), clock=self.clock,
            daemon=False,
        )  # fmt: skip
        mine.state, mine.mode = RunState.RUNNING, "process" if run.mode == "process" else "thread"
        task.runs = {**task.runs, run.run_id: mine}
        board.runs[run.run_id] = mine
        board.n_processes += run.mode == "process"
        if run.deadline is not None:
            mine.deadline = board.uptime + max(run.deadline - self.original.clock.uptime(), 0)
            board.add_deadline(mine, mine.deadline)
        if not isinstance(task.end_cond, AlwaysFalse):
            board.add_end_look(mine, now)
        span, outcome = self.model.next_run(run.run_id, task.name)
        left = max(run.started_at + span - now, 0)
        executor.end_in(left, outcome, board.inbox.report)


def _nothing() -> None:
    """Stands for a task's code."""
