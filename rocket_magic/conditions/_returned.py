"""What a task returned, as a condition: what `TaskCond` makes of a check. Floor 2."""

from __future__ import annotations

from dataclasses import dataclass

from rocket_magic._protocols import Action, Context, EventKind, Watch
from rocket_magic.conditions._base import BaseCondition
from rocket_magic.conditions._tasks import TaskRef, absent, as_task_ref, name_of, python_ref, target
from rocket_magic.conditions._words import moment, quoted, until
from rocket_magic.exc import ScheduleError
from rocket_magic.instants import NEVER, Instant, Span
from rocket_magic.time._duration import format_duration

_SUCCESS = frozenset((Action.SUCCESS,))


@dataclass(frozen=True, slots=True, repr=False)
class TaskReturned(BaseCondition):
    """True while the last return value of a task is true and not too old: "task 'check' has returned true".

    Args:
        task: The task; None: the one that the condition belongs to.
        active: Microseconds for which a result counts; None: until the next.
    """

    task: TaskRef = None
    active: Span | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "task", as_task_ref(self.task))
        if self.active is not None and self.active <= 0:
            msg = f"a result must count for longer than zero, got {self.active}: leave it out for no limit"
            raise ScheduleError(msg)

    def holds(self, ctx: Context) -> bool:
        """Tell whether the last result is true and still counts."""
        return self.look(ctx)[0]

    def next_change(self, ctx: Context) -> Instant:
        """Give the instant at which a true result grows too old."""
        return self.look(ctx)[1]

    def look(self, ctx: Context) -> tuple[bool, Instant]:
        """Give both answers; the history is asked once."""
        name = target(self.task, ctx)
        mark = None if name is None else ctx.session.history.last(name, _SUCCESS)
        if name is None or mark is None:
            return False, NEVER
        end = NEVER if self.active is None else mark.at + self.active
        returns = getattr(ctx.session, "returns", {})
        state = ctx.now < end and bool(returns.get(name))
        return state, end if state else NEVER

    def watches(self) -> frozenset[Watch]:
        """Look again when the task has run."""
        return frozenset({Watch(EventKind.RUN_FINISHED, name_of(self.task))})

    def reason(self, ctx: Context, state: bool) -> str:
        """Say what the task returned, and when."""
        missing = absent(self.task, ctx)
        if missing:
            return missing
        name = target(self.task, ctx) or ""
        mark = ctx.session.history.last(name, _SUCCESS)
        if mark is None:
            return f"task {quoted(name)} has not succeeded yet"
        if not hasattr(ctx.session, "returns"):
            return f"what task {quoted(name)} returned is not known any more"
        zone = ctx.session.zone
        if state:
            limit = (
                "" if self.active is None else f", which counts {until(mark.at + self.active, ctx.now, zone)}"
            )
            return f"task {quoted(name)} returned a true value {moment(mark.at, ctx.now, zone)}{limit}"
        if self.active is not None and ctx.now >= mark.at + self.active:
            return f"what task {quoted(name)} returned {moment(mark.at, ctx.now, zone)} is too old"
        return f"task {quoted(name)} returned a false value {moment(mark.at, ctx.now, zone)}"

    def __str__(self) -> str:
        owner = "" if self.task is None else f"task {quoted(name_of(self.task))} "
        past = "" if self.active is None else f" in past {format_duration(self.active)}"
        return f"{owner}has returned true{past}"

    def __repr__(self) -> str:
        arguments = (
            [python_ref(self.task) or "None"] if self.task is not None or self.active is not None else []
        )
        arguments += [] if self.active is None else [str(self.active)]
        return f"TaskReturned({', '.join(arguments)})"
