"""Floor 0: how programs written for Rocketry are told of forms that work, but have a successor."""

from __future__ import annotations

import sys
import warnings

__all__ = ["warn_old"]


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
