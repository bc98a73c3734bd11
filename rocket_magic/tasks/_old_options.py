"""Floor 5: options of tasks that programs written for Rocketry pass, and we have no field for."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from rocket_magic._old_habits import warn_old
from rocket_magic.exc import TaskError
from rocket_magic.text import closest

if TYPE_CHECKING:
    from rocket_magic.tasks._base import Task

_WITHOUT_EFFECT: Final = frozenset({"status", "force_termination", "lock"})
"""Told of nothing: what they set is decided otherwise here."""


_WITH_SUCCESSOR: Final = frozenset({"force_run", "batches"})


def check_old_options(task: Task, options: Mapping[str, Any]) -> None:
    """Refuse what was never an option.

    Raises:
        TaskError: Names the option and the closest one that exists.
    """
    for name in options:
        if name not in _WITHOUT_EFFECT and name not in _WITH_SUCCESSOR:
            msg = f"task {task.name!r} has no option {name!r}{_hint(name, options[name], task)}"
            raise TaskError(msg)


def _hint(name: str, value: Any, task: Task) -> str:
    if name == "based":
        return f", it belongs to the condition: write every('10 seconds', based={value!r})"
    options = _options_of(type(task))
    near = closest(name, options)
    return f": did you mean {near!r}?" if near else f"; there are {', '.join(sorted(options))}"


def take_old_options(task: Task, options: Mapping[str, Any]) -> None:
    """Do what an old option meant, once the task is in its session."""
    if options.get("force_run"):
        warn_old("force_run=True", "task.run()")
        task.run()
    for batch in options.get("batches", ()):
        task.run(batch)


def _options_of(kind: type) -> list[str]:
    """The names that the constructors of a kind of task take."""
    return [
        name
        for base in kind.__mro__
        if "__init__" in vars(base) and base is not object
        for name, parameter in inspect.signature(vars(base)["__init__"]).parameters.items()
        if parameter.kind is parameter.KEYWORD_ONLY
    ]
