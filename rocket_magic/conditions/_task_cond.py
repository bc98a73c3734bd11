"""`TaskCond`: conditions whose check is a task of its own, with schedule, execution and log. Floor 2.

The condition is a `TaskReturned` about that task; the session is asked to make the task. So the check may
run in any way a task can, what it raises is a failure of the check, and the newest result goes on to count.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final, Protocol

from rocket_magic._default_session import default_session
from rocket_magic._inspection import signature_of
from rocket_magic.conditions._base import BaseCondition
from rocket_magic.conditions._period_words import as_period
from rocket_magic.conditions._returned import TaskReturned
from rocket_magic.conditions._syntax import CustomPhrase
from rocket_magic.conditions._words import quoted
from rocket_magic.exc import ScheduleError
from rocket_magic.instants import Span
from rocket_magic.time import TimePeriod, parse_duration

__all__ = ["TaskCond"]

_FILLED_BY_POSITION: Final = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


class CheckHome(Protocol):
    """A session, as a check sees it."""

    custom_phrases: list[CustomPhrase]

    def create_task(self, **policy: Any) -> Any: ...
    def find_task(self, name: str) -> Any: ...


class CheckTask(Protocol):
    """The task of a check: its name and session may change (a `Grouper` moves it)."""

    name: str
    session: Any


class TaskCond:
    """Decorator: makes a function a condition that is checked by running it as a task.

    The condition is true while the newest result of the check is true and still counts; before the first
    result it is false. A check that raises has failed like any task, and the result before goes on to count.

    A phrase with groups gives their values to the check as arguments, and each set of values has a check
    task of its own (`check(place='home')`), made when the phrase is read. Where the function needs such a
    value, the task without arguments is started by hand only.

    Source: Rocketry's condition classes (BEHAVIOUR 1.8: the check is its own task and its last result is
    kept); tasks for the values of groups are ours.

    Args:
        session: The session of the check; the default one when None.
        syntax: Phrases (text or regex) under which text schedules of the session know the condition.
        start_cond: When the check runs; None: by hand.
        active_time: How long a result counts: "10 min", seconds, a timedelta or `TimeDelta`; or a period
            like `TimeOfDay("10:00", "12:00")`: until the end of its window in which the check has ended (a
            result from outside of its windows doesn't count). None: until the next result.
        **task: Everything `FuncTask` takes.

    Raises:
        ScheduleError: `active_time` is neither, or a phrase can't be one.

    Example:
        ```python
        @TaskCond(app.session, syntax="data is there", start_cond="every 10 min", active_time="1 hour")
        def data_is_there():
            return Path("data.csv").exists()

        @app.task("daily & data is there")
        def load(): ...
        ```
    """

    def __init__(
        self,
        session: CheckHome | None = None,
        syntax: str | re.Pattern[str] | Sequence[str | re.Pattern[str]] | None = None,
        start_cond: Any = None,
        active_time: Any = None,
        **task: Any,
    ) -> None:
        self.session: CheckHome = default_session() if session is None else session
        self.syntax = (syntax,) if isinstance(syntax, (str, re.Pattern)) else tuple(syntax or ())
        self.start_cond = start_cond
        self.active = _as_active(active_time)
        self.policy = task

    def __call__(self, func: Callable[..., Any]) -> TaskReturned:
        """Make the task and give the condition."""
        check = _Check(self, func)
        phrases = [CustomPhrase(phrase, check.condition) for phrase in self.syntax]
        check.task = self.session.create_task(
            func=func,
            **{"name": None, **self.policy},
            start_cond=None if check.waits_for_arguments() else self.start_cond,
        )
        self.session.custom_phrases.extend(phrases)
        return TaskReturned(check.task.name, self.active)

    def __repr__(self) -> str:
        return f"TaskCond(syntax={self.syntax!r}, start_cond={self.start_cond!r})"


class _Check:
    """A decorated function: makes the conditions that its phrases stand for."""

    task: CheckTask

    def __init__(self, rule: TaskCond, func: Callable[..., Any]) -> None:
        self.rule = rule
        self.func = func

    def waits_for_arguments(self) -> bool:
        """Whether the function needs what only phrases give."""
        needed = [
            parameter
            for parameter in signature_of(self.func).parameters.values()
            if parameter.default is parameter.empty
        ]
        patterns = [phrase for phrase in self.rule.syntax if isinstance(phrase, re.Pattern)]
        named = {name for pattern in patterns for name in pattern.groupindex}
        by_position = any(pattern.groups and not pattern.groupindex for pattern in patterns)
        given = self.rule.policy.get("parameters") or {}
        return any(
            parameter.name in named or (by_position and parameter.kind in _FILLED_BY_POSITION)
            for parameter in needed
            if parameter.name not in given
        )

    def condition(self, *args: Any, **named: Any) -> BaseCondition:
        """Give the condition for the values of a phrase's groups; its task is made when it isn't there yet.

        Raises:
            ScheduleError: The function takes no such values.
        """
        given = self._arguments(args, named)
        if not given:
            return TaskReturned(self.task.name, self.rule.active)
        values = ", ".join(f"{name}={value!r}" for name, value in given.items())
        name = f"{self.task.name}({values})"
        session: CheckHome = self.task.session
        if session.find_task(name) is None:
            policy = dict(self.rule.policy)
            policy["parameters"] = {**dict(policy.get("parameters") or {}), **given}
            policy.setdefault("description", self.func.__doc__)
            # a function leads to one task, which is the plain one
            session.create_task(
                func=partial(self.func), **{**policy, "name": name}, start_cond=self.rule.start_cond
            )
        return TaskReturned(name, self.rule.active)

    def _arguments(self, args: tuple[Any, ...], named: dict[str, Any]) -> dict[str, Any]:
        if not args and not named:
            return {}
        try:
            return dict(signature_of(self.func).bind_partial(*args, **named).arguments)
        except TypeError as error:
            msg = f"the check {quoted(self.task.name)} can't take what its phrase gives: {error}"
            raise ScheduleError(msg) from error


def _as_active(value: Any) -> Span | TimePeriod | None:
    if value is None:
        return None
    if isinstance(value, TimePeriod):
        return as_period(value, "active_time")
    return parse_duration(value, "active_time")
