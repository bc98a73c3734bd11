"""Floor 5: conditions whose check is a task of its own, with schedule, execution and log."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from rocket_magic.conditions import CustomPhrase, TaskReturned
from rocket_magic.instants import Span
from rocket_magic.tasks._func import FuncTask
from rocket_magic.tasks._home import default_session
from rocket_magic.time import parse_duration


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
