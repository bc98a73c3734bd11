"""Floor 5: which kind of task is made of what is given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rocket_magic.tasks._code import CodeTask
from rocket_magic.tasks._command import CommandTask
from rocket_magic.tasks._func import FuncTask, inside_partials
from rocket_magic.tasks._home import Home

__all__ = ["make_task"]


def make_task(session: Home, *, command: Any, path: Any, code: str | None, **policy: Any) -> Any:
    """Make a task of a session; see `Session.create_task`."""
    if command is not None:
        return CommandTask(command, session=session, **policy)
    if code is not None:
        return CodeTask(code, session=session, **policy)
    if path is not None:
        return FuncTask(path=path, session=session, **policy)
    func = policy.pop("func", None)
    if func is None:

        def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
            make_task(session, command=None, path=None, code=None, func=function, **policy)
            return function

        return decorate
    policy.setdefault("name", getattr(inside_partials(func), "__name__", None))
    return FuncTask(func, session=session, **policy)
