"""Floor 8: the rehearsal. A second session with the same tasks, conditions and history, on a virtual clock.

Its runs are carried out by executors that only let time pass, so nothing of the user's is ever called.
A forecast is read off its log: it can't disagree with the scheduler about a schedule, it *is* the scheduler.
"""

from __future__ import annotations

import dataclasses
import itertools
import logging
import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from rocket_magic._protocols import OUTCOMES, OWN, Action
from rocket_magic.clock import VirtualClock
from rocket_magic.conditions import AlwaysFalse, AlwaysTrue, BaseCondition, FuncCond, TaskReturned, task_names
from rocket_magic.execution import ExecutionSettings, Flag, Outcome, RunOrder
from rocket_magic.instants import Instant, Span, to_seconds, to_timedelta
from rocket_magic.log import Record
from rocket_magic.log._memory import MemoryLog
from rocket_magic.log._record import record_of
from rocket_magic.scheduler import Phase
from rocket_magic.session import Session
from rocket_magic.tasks import FuncTask, RunState, Task, TaskRun
from rocket_magic.time import parse_duration

__all__ = ["Failures", "Model", "Rehearsal", "SimulatedExecutor"]

Failures = bool | int | Collection[int] | Callable[[int], bool]

_MODES = ("async", "thread", "process", "dask")
_RUNS_ASKED = 50
_FAILURES_IN_A_ROW = 3
_SEEDED = 20_000
_SEEDED_OF_A_QUIET_TASK = 100
_LOGGER = "rocket_magic.forecast"
_MOST_RUNS = 3_000_000
_MOST_REHEARSED = 300_000  # a dozen seconds; what starts again without end must not hold up the answer
_FIRST_NUMBER = 10**9


class SimulatedExecutor:
    """Lets virtual time pass instead of running anything.

    Args:
        name: The mode it stands for.
        clock: The rehearsal's clock.
        model: How long runs take and how they end.
    """

    def __init__(self, name: str, clock: VirtualClock, model: Any) -> None:
        self.name = name
        self._clock = clock
        self._model = model
        self._reports: dict[str, Callable[[Outcome], None]] = {}

    def start(self, order: RunOrder, report: Callable[[Outcome], None]) -> None:
        """Note the end of the run; report it when the clock gets there."""
        span, outcome = self._model.next_run(order.run_id, order.task_name)
        self.end_in(span, outcome, report)

    def end_in(self, span: Span, outcome: Outcome, report: Callable[[Outcome], None]) -> None:
        """Report an outcome after a span of virtual time."""
        if span <= 0:
            report(outcome)
            return
        self._reports[outcome.run_id] = report

        def end() -> None:
            waiting = self._reports.pop(outcome.run_id, None)
            if waiting is not None:
                waiting(outcome)

        self._clock.call_at(self._clock.now() + span, end)

    def terminate(self, run_id: str, reason: str) -> bool:
        """End a run at once."""
        waiting = self._reports.pop(run_id, None)
        if waiting is not None:
            waiting(Outcome(run_id, Action.TERMINATE, reason=reason))
        return True

    kill = terminate

    def close(self) -> None:
        """Nothing is held."""


class BlockingExecutor(SimulatedExecutor):
    """Stands for `main`: while such a run lasts the scheduler does nothing else."""

    def end_in(self, span: Span, outcome: Outcome, report: Callable[[Outcome], None]) -> None:
        """Move the clock to the run's end, however far the step was meant to go, and report."""
        if span > 0:
            horizon = self._clock.horizon
            self._clock.jump(to_timedelta(span))
            self._clock.allow(horizon)
        report(outcome)


class Model:
    """How long the runs of each task take and how they end.

    Args:
        session: Whose history is asked.
        durations: Given durations by task name.
        fail: Given failures by task name: True (each), n (the first n), ordinals (0 is the first), or a
            function of the ordinal.
    """

    def __init__(self, session: Session, durations: Mapping[str, Any], fail: Mapping[str, Failures]) -> None:
        self._fail = dict(fail)
        self._count: Counter[str] = Counter()
        self._answers: defaultdict[str, list[bool]] = defaultdict(list)
        self.left = _MOST_RUNS
        self.rehearsed_left = _MOST_REHEARSED
        self.halt: Callable[[], None] = _nothing
        self._spans: dict[str, Span] = {}
        self._fails: set[str] = set()
        self.notes: list[str] = []
        self.returns: dict[str, Any] = {}
        for task in session.task_list():
            recent = session.log.recent_runs(task.name, _RUNS_ASKED)
            given = durations.get(task.name)
            self._spans[task.name] = (
                _typical_span(recent) if given is None else parse_duration(given, "duration")
            )
            if task.name not in self._fail and _fails_always(recent):
                self._fails.add(task.name)
                self.notes.append(
                    f"{task.name!r} failed {_FAILURES_IN_A_ROW} times in a row: it is taken to fail on"
                )

    def take_check(self, name: str, returns: Mapping[Any, Any]) -> None:
        """Let a task whose return value is a condition return what it did last; true when it never ran."""
        if name not in self.returns:
            self.returns[name] = value = bool(returns.get(name, True))
            self.notes.append(f"{name!r} is taken to return {'true' if value else 'false'} each time")

    def span(self, task_name: str) -> Span:
        """How long a run of a task takes."""
        return self._spans.get(task_name, 0)

    def next_run(self, run_id: str, task_name: str) -> tuple[Span, Outcome]:
        """Span and outcome of the next run of a task."""
        self.rehearsed_left -= 1
        if self.rehearsed_left < 0:
            self.halt()
        fails = self.fails(task_name, 0)
        self._count[task_name] += 1
        if fails:
            return self.span(task_name), Outcome(run_id, Action.FAIL)
        return self.span(task_name), Outcome(run_id, Action.SUCCESS, self.returns.get(task_name))

    def always(self, task_name: str) -> bool | None:
        """Whether all runs of a task fail (True) or none (False); None when it depends on the run."""
        given = self._fail.get(task_name, task_name in self._fails)
        return given if isinstance(given, bool) else None

    def fails(self, task_name: str, ahead: int) -> bool:
        """Whether the next run of a task fails, or the one that comes so many later."""
        always = self.always(task_name)
        if always is not None:
            return always
        ordinal = self._count[task_name] + ahead
        answers = self._answers[task_name]  # a function is asked once for each run
        while len(answers) <= ordinal:
            answers.append(_is_failure(self._fail[task_name], len(answers)))
        return answers[ordinal]

    def take(self, count: int) -> bool:
        """Count runs that were worked out apart; False, and nothing counted, when they are too many."""
        if count > self.left:
            return False
        self.left -= count
        return True


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
        self._take_checks()
        shut = session.condition(session.config.shut_cond)
        if not isinstance(shut, AlwaysFalse):
            self.session.config.shut_cond = _frozen(shut, session.context(), model.notes)
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
            log_capacity=2 * _MOST_REHEARSED + 2 * _SEEDED,
            scheduler_logger_basename=_LOGGER,
            task_logger_basename=_LOGGER,
        )
        double._board.run_numbers = itertools.count(_FIRST_NUMBER)
        double.parameters.update(self.original.parameters)
        double.executors.register("main", lambda _: BlockingExecutor("main", self.clock, self.model))
        for mode in _MODES:
            double.executors.register(mode, partial(_simulated, mode, self.clock, self.model))
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
            start_cond=_frozen(task.start_cond, context, notes),
            end_cond=_frozen(task.end_cond, context, notes),
            execution=_known_mode(task.execution or session.config.execution), priority=task.priority,
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

    def _take_checks(self) -> None:
        """Know what tasks returned whose results are conditions, and what they will return."""
        names = {task.name for task in self.tasks}
        for task in self.tasks:
            asked = _checks(task.start_cond) | _checks(task.end_cond)
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


def _simulated(
    mode: str, clock: VirtualClock, model: Model, settings: ExecutionSettings
) -> SimulatedExecutor:
    del settings  # nothing is really executed
    return SimulatedExecutor(mode, clock, model)


def _known_mode(mode: str) -> str:
    """A mode of the user's own making runs beside the scheduler like a thread."""
    return mode if mode == "main" or mode in _MODES else "thread"


def _checks(condition: BaseCondition) -> frozenset[str]:
    """The tasks whose return values a condition asks for."""
    if isinstance(condition, TaskReturned):
        return task_names(condition) or frozenset({OWN})
    return frozenset[str]().union(*map(_checks, condition.children))


def _frozen(condition: BaseCondition, context: Any, notes: list[str]) -> BaseCondition:
    """The condition with every user's function replaced by its present answer: the future can't be asked."""
    if condition.children:
        return condition.with_children(tuple(_frozen(child, context, notes) for child in condition.children))
    if not _is_opaque(condition):
        return condition
    try:
        state = condition.holds(context)
    except Exception as error:
        notes.append(f"{condition} raised {type(error).__name__}: taken as false throughout")
        return AlwaysFalse()
    notes.append(f"{condition} depends on a function: taken as {'true' if state else 'false'} throughout")
    return AlwaysTrue() if state else AlwaysFalse()


def _is_opaque(condition: BaseCondition) -> bool:
    """Whether the user's code answers: a function, or a condition class of their own."""
    kind = type(condition)
    return issubclass(kind, FuncCond) or not kind.__module__.startswith("rocket_magic.")


def _nothing() -> None:
    """Stands for a task's code."""


def _typical_span(recent: Sequence[Record]) -> Span:
    spans = [one.end - one.start for one in recent if one.start is not None and one.end is not None]
    return int(statistics.median(spans)) if spans else 0


def _fails_always(recent: Sequence[Record]) -> bool:
    newest = [one.action for one in recent if one.action in OUTCOMES][-_FAILURES_IN_A_ROW:]
    return len(newest) == _FAILURES_IN_A_ROW and all(one in (Action.FAIL, Action.CRASH) for one in newest)


def _is_failure(given: Failures, ordinal: int) -> bool:
    if isinstance(given, bool):
        return given
    if isinstance(given, int):
        return ordinal < given
    return given(ordinal) if callable(given) else ordinal in given
