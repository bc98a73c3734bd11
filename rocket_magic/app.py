"""Floor 8: `Rocketry`, the application: a session with decorators, and `Grouper` for parts of one."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from rocket_magic.args import FuncArg
from rocket_magic.conditions import (
    AlwaysFalse,
    BaseCondition,
    CustomPhrase,
    FuncCond,
    as_condition,
    rename_tasks,
)
from rocket_magic.config import Config
from rocket_magic.session import Session
from rocket_magic.tasks import Task

if TYPE_CHECKING:
    from rocket_magic.forecast import Forecast, NextStarts

__all__ = ["Grouper", "Rocketry"]

F = TypeVar("F", bound=Callable[..., Any])
Pattern = str | re.Pattern[str]


class _Decorators:
    """What an application and a group offer alike: `task`, `cond`, `param`, `params`."""

    session: Session

    def task(self, start_cond: Any = None, name: str | None = None, **policy: Any) -> Any:
        """Decorator that makes a function a task; it gives the function back unchanged.

        Args:
            start_cond: When the task starts: a condition, text ("daily between 10:00 and 12:00"), or
                None for by hand only.
            name: The task's name; the function's when None.
            **policy: Everything `rocket_magic.tasks.Task` takes. With `func`, `command`, `path` or
                `code` the task is made at once and returned.
        """
        if name is not None:
            policy["name"] = name
        return self.session.create_task(start_cond=start_cond, **policy)

    def cond(self, syntax: Pattern | Sequence[Pattern] | None = None) -> Callable[[Callable[..., Any]], Any]:
        """Decorator that makes a function a condition.

        Args:
            syntax: Phrases (text or regex) under which text schedules of this session know it; named
                groups become its keyword arguments.

        Returns:
            A condition; called with arguments it gives one with these arguments.
        """

        def decorate(function: Callable[..., Any]) -> FuncCond:
            patterns = [syntax] if isinstance(syntax, (str, re.Pattern)) else list(syntax or ())
            texts = [pattern for pattern in patterns if isinstance(pattern, str)]
            condition = FuncCond(function, phrase=texts[0] if texts else "")
            phrases = [CustomPhrase(pattern, condition) for pattern in patterns]
            self.session.custom_phrases.extend(phrases)
            return condition

        return decorate

    def param(self, name: str | None = None) -> Callable[[F], F]:
        """Decorator: a session parameter whose value is what the function returns.

        Args:
            name: The parameter's name; the function's when None.
        """

        def decorate(function: F) -> F:
            self.session.parameters[name or function.__name__] = FuncArg(function)
            return function

        return decorate

    def params(self, **parameters: Any) -> None:
        """Set session parameters: values, or arguments like `SimpleArg(...)`."""
        self.session.parameters.update(parameters)


class Rocketry(_Decorators):
    """An application: define tasks with its decorators, then run it.

    Args:
        session: A session of your own; a new one when None.
        logger_repo: Repository for the task log; see `Session.set_repo`.
        **session_options: For the new session: `config=`, `parameters=`, or single options.

    Example:
        ```python
        app = Rocketry()

        @app.task("daily between 10:00 and 12:00")
        def report(): ...

        app.run()
        ```
    """

    def __init__(
        self, session: Session | None = None, logger_repo: Any = None, **session_options: Any
    ) -> None:
        self.session = Session(**session_options) if session is None else session
        if logger_repo is not None:
            self.session.set_repo(logger_repo)

    def run(self, debug: bool = False) -> None:
        """Run the scheduler on the calling thread until it has shut down.

        Args:
            debug: Rocketry's; errors are always told.
        """
        del debug
        self.session.set_as_default()
        self.session.start()

    async def serve(self, debug: bool = False) -> None:
        """Run the scheduler on the running event loop until it has shut down.

        Args:
            debug: Rocketry's; errors are always told.
        """
        del debug
        self.session.set_as_default()
        await self.session.serve()

    def setup(self, hook: F | None = None) -> Any:
        """Decorator for a startup hook: a function, or a generator function with one yield."""
        decorate = self.session.hook_startup()
        return decorate if hook is None else decorate(hook)

    def include_grouper(self, group: Grouper) -> None:
        """Take the tasks, parameters, conditions and hooks of a group in."""
        group.merge_into(self.session)

    def step(
        self, span: Any = None, *, to_next: bool = False, until: Any = None, wait_for_runs: bool = True
    ) -> datetime:
        """Move a virtual clock on, carrying out everything due on the way, each at its instant.

        Args:
            span: How far: "1 day", a timedelta, or seconds.
            to_next: Move to the next instant at which anything happens instead.
            until: Move to this moment instead.
            wait_for_runs: Let the clock move on only when every run has ended; False moves it with
                runs in flight, so that timeouts and end conditions strike.

        Returns:
            Where the clock stands then.

        Raises:
            ClockError: The session isn't on a virtual clock, or the moment is past.
        """
        return self.session.step(span, to_next=to_next, until=until, wait_for_runs=wait_for_runs)

    def run_until(self, moment: Any) -> datetime:
        """Move a virtual clock to a moment, carrying out everything due on the way."""
        return self.session.step(until=moment)

    def forecast(
        self, span: Any, *, durations: Mapping[str, Any] | None = None, fail: Mapping[str, Any] | None = None
    ) -> Forecast:
        """Work out the runs that would happen from now on; nothing is run.

        Args:
            span: How far: "7 days", a timedelta, or seconds.
            durations: How long runs of a task take; of the others the median of their history.
            fail: Which runs of a task fail: True (each), a number (the first ones), ordinals, or a
                function of the ordinal.

        Raises:
            UnknownTaskError: A name in `durations` or `fail` is no task.
            ClockError: The span is not above zero.
        """
        from rocket_magic.forecast import forecast  # noqa: PLC0415  the rehearsal loads with the first question

        return forecast(self.session, span, durations=durations, fail=fail)

    def next_starts(self, task: Any, n: int = 1) -> NextStarts:
        """Work out when a task starts next, as far as time alone decides.

        Args:
            task: Name, function or task object.
            n: How many starts at most.
        """
        from rocket_magic.forecast import next_starts  # noqa: PLC0415  as above

        return next_starts(self.session, task, n)

    def set_logger(self) -> None:
        """Rocketry's; a session logs without it."""

    def __repr__(self) -> str:
        return f"Rocketry({self.session!r})"


class Grouper(_Decorators):
    """A part of an application: tasks, conditions, parameters and hooks defined apart from it.

    Args:
        prefix: Put before the name of each task; references inside the group follow.
        start_cond: AND-ed to the start condition of each task; alone, where a task has none.
        execution: For tasks that name none.
    """

    def __init__(
        self, prefix: str | None = None, start_cond: Any = None, execution: str | None = None
    ) -> None:
        self.prefix = prefix or ""
        self.start_cond = start_cond
        self.execution = execution
        self.session = Session(config=Config(task_pre_exist="raise"))

    def merge_into(self, session: Session) -> None:
        """Move everything into a session."""
        session.custom_phrases += self.session.custom_phrases
        session.parameters.update(dict(self.session.parameters))
        session.hooks.merge(self.session.hooks)
        tasks = self.session.task_list()
        names = {task.name: self.prefix + task.name for task in tasks}
        gate = None if self.start_cond is None else as_condition(self.start_cond, session.custom_phrases)
        for task in tasks:
            self.session.remove_task(task)
        for task in tasks:
            self._move(task, session, names, gate)

    def _move(
        self, task: Task, session: Session, names: Mapping[str, str], gate: BaseCondition | None
    ) -> None:
        own = task.start_cond
        if gate is not None:
            own = gate if isinstance(own, AlwaysFalse) else own & gate
        task.session = session
        task._name = names[task.name]  # noqa: SLF001  in no registry at this moment
        task._start_cond = rename_tasks(own, names)  # noqa: SLF001  told to the session by add_task below
        task._end_cond = rename_tasks(task.end_cond, names)  # noqa: SLF001  before anyone listens
        if task.execution is None and self.execution is not None:
            task._execution = self.execution  # noqa: SLF001  the same
        session.add_task(task)
