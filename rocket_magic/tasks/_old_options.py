"""Floor 5: options of tasks that programs written for Rocketry pass, and we have no field for."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from rocket_magic._old_habits import warn_ignored, warn_old

if TYPE_CHECKING:
    from rocket_magic.tasks._base import Task

_WITHOUT_EFFECT: Final = frozenset({"fmt_log_message", "logger_name", "status", "force_termination", "lock"})
"""Told of nothing: what they set is decided otherwise here (the log's text, the session's logger)."""


def take_old_options(task: Task, options: Mapping[str, Any]) -> None:
    """Do what an old option meant; warn of those that never existed."""
    unknown = []
    for name, value in options.items():
        if name == "force_run":
            warn_old("force_run=True", "task.run()")
            if value:
                task.run()
        elif name == "batches":
            for batch in value:
                task.run(batch)
        elif name not in _WITHOUT_EFFECT:
            unknown.append(name)
    if unknown:
        warn_ignored(f"task {task.name!r}", unknown, _options_of(type(task)))


def _options_of(kind: type) -> list[str]:
    """The names that the constructors of a kind of task take."""
    return [
        name
        for base in kind.__mro__
        if "__init__" in vars(base) and base is not object
        for name, parameter in inspect.signature(vars(base)["__init__"]).parameters.items()
        if parameter.kind is parameter.KEYWORD_ONLY
    ]
