"""Floor 7: hooks. A user's functions before and after what the scheduler does.

A hook is a plain function (called before) or a generator function with one `yield` (the part after
it is called after). Its parameters are filled like a task's: argument objects as defaults.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Any

from rocket_magic._inspection import signature_of
from rocket_magic.exc import USER_ERRORS

Hook = Callable[..., Any]
CallHook = Callable[[Hook, Mapping[str, Any]], Any]


@dataclass(slots=True)
class Hooks:
    """The hooks of a session, in the order they were added."""

    startup: list[Hook] = field(default_factory=list)
    shutdown: list[Hook] = field(default_factory=list)
    scheduler_cycle: list[Hook] = field(default_factory=list)
    task_init: list[Hook] = field(default_factory=list)
    task_execute: list[Hook] = field(default_factory=list)

    def merge(self, other: Hooks) -> None:
        """Add the hooks of a group."""
        self.startup += other.startup
        self.shutdown += other.shutdown
        self.scheduler_cycle += other.scheduler_cycle
        self.task_init += other.task_init
        self.task_execute += other.task_execute


class Bracket:
    """Hooks around one thing: `open` calls the parts before it, `close` the parts after it.

    Args:
        hooks: The hooks.
        call: Calls a hook with its arguments filled in.
        given: Values for hooks that ask for them by parameter name (`task`, `scheduler`, `session`).
    """

    __slots__ = ("_call", "_given", "_hooks", "_open")

    def __init__(self, hooks: list[Hook], call: CallHook, given: Mapping[str, Any]) -> None:
        self._hooks = list(hooks)
        self._call = call
        self._given = given
        self._open: list[Generator[Any, Any, Any]] = []

    def open(self) -> None:
        """Call every hook up to its yield; what one raises is the caller's."""
        for hook in self._hooks:
            result = self._call(hook, self._accepted(hook))
            if inspect.isgenerator(result):
                next(result, None)
                self._open.append(result)

    def close(self, exc_info: tuple[Any, Any, Any] = (None, None, None)) -> list[BaseException]:
        """Call the parts after the yield; what they raise is collected, none hides another.

        Args:
            exc_info: What ended the thing in between; the value of the hook's `yield`.
        """
        errors: list[BaseException] = []
        for generator in self._open:
            try:
                generator.send(exc_info)
            except StopIteration:
                continue
            except USER_ERRORS as error:
                errors.append(error)
            else:
                generator.close()
        self._open.clear()
        return errors

    def _accepted(self, hook: Hook) -> dict[str, Any]:
        names = signature_of(hook).parameters
        return {name: value for name, value in self._given.items() if name in names}


def bracket_of(session: Any, hooks: list[Hook]) -> Bracket:
    """A session's hooks around what concerns all of its scheduler."""
    return Bracket(
        hooks,
        lambda hook, given: session.call(hook, None, given),
        {"session": session, "scheduler": getattr(session, "scheduler", None)},
    )


def adder(hooks: list[Hook]) -> Callable[[Hook], Hook]:
    """A decorator that adds functions to these hooks."""

    def add(hook: Hook) -> Hook:
        hooks.append(hook)
        return hook

    return add
