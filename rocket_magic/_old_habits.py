"""Floor 0: how programs written for Rocketry are told what it let pass in silence.

Such a program must keep running, so an option that doesn't exist is ignored as it was there; but its author
learns of it, with the name that was probably meant.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterable

from rocket_magic.text import closest

__all__ = ["warn_ignored", "warn_old"]


def warn_ignored(what: str, given: Iterable[str], known: Iterable[str]) -> None:
    """Warn of options that don't exist, each with the closest one that does.

    Args:
        what: Whose options, as the message begins: "task 'load'", "the configuration".
        given: The names that don't exist.
        known: The names that do.
    """
    known = list(known)
    for name in given:
        near = closest(name, known)
        hint = f"did you mean {near!r}? " if near else ""
        _warn(f"{what} has no option {name!r}: {hint}It is ignored", UserWarning)


def warn_old(old: str, new: str) -> None:
    """Warn of a form that works, but has a successor."""
    _warn(f"{old} still works; write {new} instead", DeprecationWarning)


def _warn(message: str, category: type[Warning]) -> None:
    warnings.warn(message, category, stacklevel=_level_outside())


def _level_outside() -> int:
    """The stack level, for `_warn`, of the first caller that isn't this package."""
    level = 2
    frame = sys._getframe(level)  # noqa: SLF001  the only way to a caller of unknown depth before 3.12
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("rocket_magic."):
        frame, level = frame.f_back, level + 1
    return level
