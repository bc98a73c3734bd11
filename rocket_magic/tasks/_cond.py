"""Floor 5: conditions whose check is a task of its own, with schedule, execution and log."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from rocket_magic._protocols import Action, Context, EventKind, Watch
from rocket_magic.conditions import BaseCondition, CustomPhrase
from rocket_magic.instants import NEVER, Instant, Span
from rocket_magic.tasks._func import FuncTask
from rocket_magic.tasks._home import default_session
from rocket_magic.time import parse_duration

_SUCCESS = frozenset((Action.SUCCESS,))


class TaskCond:
    """Decorator: makes a function a condition that is checked by running it as a task.

    The condition is true while the task's last return value is true, and not older than `active_time`.

    Args:
        session: The session of the task; the default one when None.
        syntax: Phrases (text or regex) under which text schedules of the session know the condition.
        start_cond: When the check runs.
        active_time: How long a result counts ("10 min", seconds, a timedelta); None: until the next.
        **policy: Everything `FuncTask` takes.
    """

    def __init__(
        self,
        session: Any = None,
        syntax: str | re.Pattern[str] | Sequence[str | re.Pattern[str]] | None = None,
        start_cond: Any = None,
        active_time: Any = None,
        **policy: Any,
    ) -> None:
        self.session: Any = default_session() if session is None else session
        self.phrases = [syntax] if isinstance(syntax, (str, re.Pattern)) else list(syntax or ())
        self.start_cond = start_cond
        self.active: Span | None = None if active_time is None else parse_duration(active_time, "active_time")
        self.policy = policy

    def __call__(self, func: Callable[..., Any]) -> TaskReturned:
        """Make the task and give the condition."""
        task = FuncTask(func, session=self.session, start_cond=self.start_cond, **self.policy)
        condition = TaskReturned(task.name, self.active)
        for phrase in self.phrases:
            self.session.custom_phrases.append(CustomPhrase(phrase, lambda: condition))
        return condition


@dataclass(frozen=True, slots=True, repr=False)
class TaskReturned(BaseCondition):
    """True while the last return value of a task is true and not too old.

    Args:
        task: The task's name.
        active: Microseconds for which a result counts, or None.
    """

    task: str
    active: Span | None = None

    def holds(self, ctx: Context) -> bool:
        """Tell whether the last result is true and still counts."""
        mark = ctx.session.history.last(self.task, _SUCCESS)
        if mark is None or (self.active is not None and ctx.now >= mark.at + self.active):
            return False
        returns = getattr(ctx.session, "returns", {})
        return bool(returns.get(self.task))

    def next_change(self, ctx: Context) -> Instant:
        """Give the instant at which a true result grows too old."""
        mark = ctx.session.history.last(self.task, _SUCCESS)
        if mark is None or self.active is None or not self.holds(ctx):
            return NEVER
        return mark.at + self.active

    def watches(self) -> frozenset[Watch]:
        """Look again when the check has run."""
        return frozenset({Watch(EventKind.RUN_FINISHED, self.task)})

    def reason(self, ctx: Context, state: bool) -> str:
        """Say what the check returned."""
        if ctx.session.history.last(self.task, _SUCCESS) is None:
            return f"its check, task {self.task!r}, has not succeeded yet"
        return f"its check, task {self.task!r}, {'returned a true value' if state else 'is false or too old'}"

    def __str__(self) -> str:
        return repr(self)

    def __repr__(self) -> str:
        return f"TaskReturned({self.task!r})"
