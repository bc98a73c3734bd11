"""The runs that time alone decides, worked out for a forecast without the scheduler.

Most tasks of most sessions start by the calendar and by their own past, and nobody waits for them. What the
scheduler would do with such a task is a short loop: ask the condition, start, ask again when the run has
ended, then at the instant that the condition names. Tasks with equal conditions and pasts share one answer.
A task that needs more than that loop knows is left to the rehearsal; a property test holds both ways against
each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from itertools import accumulate
from typing import Any, NamedTuple

from rocket_magic._protocols import OUTCOMES, OWN, Action, Context, EventKind, Mark
from rocket_magic.conditions import (
    All,
    AlwaysFalse,
    AlwaysTrue,
    BaseCondition,
    Every,
    IsPeriod,
    Not,
    TaskExecutable,
    TaskRunnable,
)
from rocket_magic.conditions import Any as AnyOf
from rocket_magic.forecast._model import Model
from rocket_magic.forecast._rehearsal import Rehearsal
from rocket_magic.instants import NEVER, POLL, Instant, Span, from_timedelta
from rocket_magic.tasks import Task

__all__ = ["Lone", "LoneRun", "take_lone_tasks"]

_PLAIN = frozenset({AlwaysTrue, AlwaysFalse, IsPeriod, Every})
_OF_ITSELF = frozenset({TaskExecutable, TaskRunnable})
_COMPOSED = frozenset({All, AnyOf, Not})
_RUN_EVENTS = frozenset({EventKind.RUN_STARTED, EventKind.RUN_FINISHED})
_APART = "worked out apart"


class LoneRun(NamedTuple):
    """One run of a task that time alone starts; `end` is None when it goes on beyond the forecast."""

    start: Instant
    end: Instant | None
    action: Action


@dataclass(frozen=True, slots=True)
class Lone:
    """A task that time alone starts, with its runs in order."""

    task: Task
    runs: Sequence[LoneRun]


def take_lone_tasks(rehearsal: Rehearsal, end: Instant) -> list[Lone]:
    """Work out the lone tasks' runs after the rehearsal's present, and take these tasks out of it.

    Args:
        rehearsal: Stepped to its first instant, so that startup and interrupted runs are behind it.
        end: The last instant of the forecast.
    """
    double, model = rehearsal.session, rehearsal.model
    tasks = double.task_list()
    if not (double.scheduler.is_alive and isinstance(double.condition(double.config.shut_cond), AlwaysFalse)):
        return []
    if any(_mode(task, double) == "main" and model.span(task.name) for task in tasks):
        return []  # such a run holds all others up
    watched = _watched(tasks)
    if watched is None:
        return []
    shared: dict[Any, Sequence[LoneRun] | None] = {}
    lone = []
    for task in tasks:
        if task.name in watched or not _is_quiet(task, double, model):
            continue
        loop = _Loop.of(task, rehearsal)
        runs = None if loop is None else loop.runs(end, shared)
        if runs is not None:
            lone.append(Lone(task, runs))
    if not _processes_fit(tasks, lone, rehearsal):
        lone = [one for one in lone if _mode(one.task, double) != "process"]
    if not model.take(sum(len(one.runs) for one in lone)):
        return []
    for one in lone:
        one.task.barred = _APART
        double._board.agenda.set(one.task, NEVER)
    return lone


def _processes_fit(tasks: Sequence[Task], lone: Sequence[Lone], rehearsal: Rehearsal) -> bool:
    """Whether no process run would have to wait for the end of another."""
    double, model = rehearsal.session, rehearsal.model
    limit = double.config.max_process_count
    processes = [task for task in tasks if _mode(task, double) == "process"]
    if len(processes) <= limit and all(_beside(task, double) is False for task in processes):
        return True
    apart = [one for one in lone if _mode(one.task, double) == "process"]
    if len(apart) < len(processes):
        return False
    if not any(model.span(task.name) for task in processes):
        return True  # each makes room within the instant, in the order of the tasks
    steps = [(run.start, 1) for one in apart for run in one.runs]
    steps += [(run.end, -1) for one in apart for run in one.runs if run.end is not None]
    steps.sort()  # ends come first
    return max(accumulate(step for _, step in steps), default=0) <= limit


def _beside(task: Task, double: Any) -> Any:
    return task.multilaunch if task.multilaunch is not None else double.config.multilaunch


def _mode(task: Task, double: Any) -> str:
    return str(task.execution or double.config.execution)


def _watched(tasks: Iterable[Task]) -> set[str] | None:
    """The tasks that others watch; None when some condition watches all runs, or the looks at tasks."""
    names: set[str] = set()
    for task in tasks:
        for watch in task.start_cond.watches() | task.end_cond.watches():
            if watch.kind is EventKind.SCHEDULER_CYCLE or (watch.kind in _RUN_EVENTS and watch.task is None):
                return None
            if watch.task not in (None, OWN, task.name):
                names.add(watch.task)
    return names


def _is_quiet(task: Task, double: Any, model: Model) -> bool:
    """Whether nothing but its start condition has a say in the task's starts and ends."""
    config, span = double.config, model.span(task.name)
    limit = task._timeout
    if limit is None:
        limit = NEVER if config.timeout is None else from_timedelta(config.timeout)
    overlaps = _beside(task, double) is not False or (task.on_overlap or config.on_overlap) != "skip"
    held = task.runs or task.batches or task.queued_starts or task.barred is not None or task.disabled
    at_the_ends = task.on_startup or task.on_shutdown or not isinstance(task.end_cond, AlwaysFalse)
    return not (held or at_the_ends or (span and (overlaps or span >= limit)))


def _is_known(condition: BaseCondition) -> bool:
    """Whether it asks for nothing but time and the newest records of its own task."""
    kind = type(condition)
    if kind in _COMPOSED:
        return all(map(_is_known, condition.children))
    return kind in _PLAIN or (kind in _OF_ITSELF and getattr(condition, "task", "") is None)


class _Past:
    """The newest record of each kind of one task; as `History`, as far as known conditions ask.

    They ask whether something happened in a window that is open now: then the newest record tells.
    """

    def __init__(self, marks: dict[Action, Mark]) -> None:
        self.marks = marks

    def last(self, task: str, actions: frozenset[Action]) -> Mark | None:
        newest = None
        for action, mark in self.marks.items():
            if action in actions and (newest is None or mark.seq > newest.seq):
                newest = mark
        return newest

    def happened(self, task: str, actions: frozenset[Action], start: Instant, end: Instant) -> bool:
        newest = self.last(task, actions)
        return newest is not None and start <= newest.at < end


@dataclass(frozen=True, slots=True)
class _Place:
    """The session, as far as known conditions ask."""

    zone: tzinfo
    history: _Past


@dataclass(frozen=True, slots=True)
class _View:
    """The task, as conditions see it while none of its runs is in flight."""

    name: str
    running_since: tuple[Instant, ...] = ()


@dataclass(slots=True)
class _Loop:
    """What the scheduler does with one lone task."""

    task: Task
    model: Model
    first: Instant
    context: Context
    marks: dict[Action, Mark]
    span: Span = field(init=False)

    def __post_init__(self) -> None:
        self.span = self.model.span(self.task.name)

    @classmethod
    def of(cls, task: Task, rehearsal: Rehearsal) -> _Loop | None:
        """The loop of a task, or None for a task whose condition asks for more than it knows."""
        double = rehearsal.session
        if not _is_known(task.start_cond):
            return None
        now = rehearsal.clock.now()
        found = {
            action: double.log.history.last(task.name, frozenset({action}))
            for action in (Action.RUN, *OUTCOMES)
        }
        marks = {action: mark for action, mark in found.items() if mark is not None}
        if any(mark.at > now for mark in marks.values()):
            return None  # written by a clock that was wrong
        first = NEVER if task.look_at is None else task.look_at
        place: Any = _Place(double.zone, _Past(marks))
        elapsed = double.context(task).elapsed
        return cls(task, rehearsal.model, first, Context(now, elapsed, place, _View(task.name)), marks)

    def runs(self, end: Instant, shared: dict[Any, Sequence[LoneRun] | None]) -> Sequence[LoneRun] | None:
        """The runs until `end`, or None when the scheduler is needed after all.

        Args:
            end: The last instant.
            shared: Answers for equal tasks.
        """
        always = self.model.always(self.task.name)
        if always is None:
            return self._work_out(end)
        past = sorted((mark.seq, action, mark.at, mark.elapsed) for action, mark in self.marks.items())
        key = self.task.start_cond, self.span, always, self.first, tuple(mark[1:] for mark in past)
        if key not in shared:
            shared[key] = self._work_out(end)
        return shared[key]

    def _work_out(self, end: Instant) -> Sequence[LoneRun] | None:
        context, marks, span = self.context, self.marks, self.span
        look = self.task.start_cond.look
        offset = context.elapsed - context.now
        seq = max((mark.seq for mark in marks.values()), default=0)
        runs: list[LoneRun] = []
        at, started = self.first, -1
        while at <= end:
            context.now, context.elapsed = at, at + offset
            met, change = look(context)
            if not met:
                if change == POLL or change <= at:
                    return None
                at = change
                continue
            if at == started or len(runs) >= self.model.left:
                return None  # due again at once, or more than can be told
            started, finish = at, at + span
            action = Action.FAIL if self.model.fails(self.task.name, len(runs)) else Action.SUCCESS
            if finish > end:
                runs.append(LoneRun(started, None, Action.RUN))
                break
            runs.append(LoneRun(started, finish, action))
            marks[Action.RUN] = Mark(started, seq + 1, started + offset)
            marks[action] = Mark(finish, seq + 2, finish + offset)
            seq, at = seq + 2, finish
        return runs
