"""Pipelines: conditions on the order of two tasks' records. Floor 2.

True when the newest such record of the other task is newer than the own task's newest start. Records
are compared by their place in the log, so two records of one instant keep their order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any as AnyType
from typing import ClassVar, Final

from rocket_magic._protocols import Action, Context, EventKind, Watch
from rocket_magic.conditions._base import BaseCondition
from rocket_magic.conditions._composite import All, Any
from rocket_magic.conditions._tasks import TaskRef, absent, as_task_ref, name_of, prefix, target, view
from rocket_magic.conditions._words import moment, quoted
from rocket_magic.exc import ScheduleError
from rocket_magic.instants import NEVER, Instant

_STARTED: Final = frozenset({Action.RUN})


@dataclass(frozen=True, slots=True, repr=False)
class Depend(BaseCondition):
    """What the pipeline conditions share; use one of its kinds below.

    Args:
        depend_task: The task that must have ended: its name, its function or the task.
        task: The task that starts after it; None: the task that the condition belongs to.
    """

    depend_task: TaskRef
    task: TaskRef = None

    actions: ClassVar[frozenset[Action]] = frozenset()
    verb: ClassVar[str] = ""
    function: ClassVar[str] = ""

    def __post_init__(self) -> None:
        if self.depend_task is None:
            msg = f"{self.function}() needs the task to wait for, like {self.function}('load')"
            raise ScheduleError(msg)
        object.__setattr__(self, "depend_task", as_task_ref(self.depend_task))
        object.__setattr__(self, "task", as_task_ref(self.task))

    def holds(self, ctx: Context) -> bool:
        """Tell whether the other task ended so after the own task's last start."""
        own = target(self.task, ctx)
        if own is None or view(self.depend_task, ctx) is None:
            return False
        history = ctx.session.history
        theirs = history.last(name_of(self.depend_task), self.actions)
        if theirs is None:
            return False
        ours = history.last(own, _STARTED)
        return ours is None or theirs.seq > ours.seq

    def next_change(self, ctx: Context) -> Instant:
        """Never by itself."""
        return NEVER

    def watches(self) -> frozenset[Watch]:
        """Look again when the other task ends or appears, and when the own one starts."""
        other = name_of(self.depend_task)
        return frozenset(
            {
                Watch(EventKind.RUN_FINISHED, other),
                Watch(EventKind.TASKS_CHANGED, other),
                Watch(EventKind.RUN_STARTED, name_of(self.task)),
            }
        )

    def reason(self, ctx: Context, state: bool) -> str:
        """Say when the other task last ended so."""
        missing = absent(self.depend_task, ctx) or absent(self.task, ctx)
        if missing:
            return missing
        other = name_of(self.depend_task)
        theirs = ctx.session.history.last(other, self.actions)
        if theirs is None:
            return f"task {quoted(other)} has never {self.verb}"
        told = f"task {quoted(other)} {self.verb} {moment(theirs.at, ctx.now, ctx.session.zone)}"
        return told if state else f"{told}, before the last start of this task"

    def __str__(self) -> str:
        verb = "" if self.verb == "succeeded" else f" {self.verb}"
        return f"{prefix(self.task)}after task {quoted(name_of(self.depend_task))}{verb}"

    def __repr__(self) -> str:
        other = repr(name_of(self.depend_task))
        if self.task is not None:
            return f"{type(self).__name__}({other}, task={name_of(self.task)!r})"
        return f"{self.function}({other})"


class DependSuccess(Depend):
    """The other task succeeded."""

    __slots__ = ()
    actions = frozenset({Action.SUCCESS})
    verb = "succeeded"
    function = "after_success"


class DependFailure(Depend):
    """The other task failed, or its worker died."""

    __slots__ = ()
    actions = frozenset({Action.FAIL, Action.CRASH})
    verb = "failed"
    function = "after_fail"


class DependFinish(Depend):
    """The other task succeeded or failed (being terminated is neither)."""

    __slots__ = ()
    actions = frozenset({Action.SUCCESS, Action.FAIL, Action.CRASH})
    verb = "finished"
    function = "after_finish"


class DependTerminate(Depend):
    """The other task was terminated."""

    __slots__ = ()
    actions = frozenset({Action.TERMINATE})
    verb = "terminated"
    function = "after_terminate"


class DependInaction(Depend):
    """The other task found nothing to do."""

    __slots__ = ()
    actions = frozenset({Action.INACTION})
    verb = "inacted"
    function = "after_inaction"


class DependCrash(Depend):
    """The worker of the other task died."""

    __slots__ = ()
    actions = frozenset({Action.CRASH})
    verb = "crashed"
    function = "after_crash"


DEPENDS: Final[dict[str, type[Depend]]] = {
    kind.verb: kind
    for kind in (DependSuccess, DependFailure, DependFinish, DependTerminate, DependInaction, DependCrash)
}
"""The pipeline conditions, by the verb of the other task."""


def _members(kind: type[Depend], tasks: tuple[AnyType, ...]) -> list[Depend]:
    if len(tasks) == 1 and isinstance(tasks[0], (list, tuple, set, frozenset)):
        tasks = tuple(tasks[0])
    if not tasks:
        msg = f"{kind.function} of no task: name at least one, like 'load'"
        raise ScheduleError(msg)
    return [kind(task) for task in tasks]


def after_all(kind: type[Depend], tasks: tuple[AnyType, ...]) -> BaseCondition:
    """Wait for all of the tasks."""
    return All(*_members(kind, tasks))


def after_any(kind: type[Depend], tasks: tuple[AnyType, ...]) -> BaseCondition:
    """Wait for one of the tasks."""
    return Any(*_members(kind, tasks))
