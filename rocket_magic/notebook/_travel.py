"""Floor 9: tells at registration what keeps a cell from going to another process."""

from __future__ import annotations

import types
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rocket_magic._lazy import LazyModule
from rocket_magic.notebook._text import one_line

if TYPE_CHECKING:
    import cloudpickle
else:
    cloudpickle = LazyModule("cloudpickle")

__all__ = ["Stowaway", "what_stays_behind"]

_DEEPEST = 5


class Stowaway:
    """A global that can't travel.

    Attributes:
        path: How it is reached: the cell's own global, or "helper → lock".
        kind: Its type.
        reason: What pickling it raised.
    """

    __slots__ = ("kind", "path", "reason")

    def __init__(self, path: str, kind: str, reason: str) -> None:
        self.path, self.kind, self.reason = path, kind, reason

    def __str__(self) -> str:
        return f"{self.path} ({self.kind}): {self.reason}"


class _Nowhere:
    """A file that forgets: a large table is not copied only to be checked."""

    def write(self, data: Any) -> int:
        """Take and forget."""
        return len(data)


def what_stays_behind(values: Mapping[str, Any]) -> list[Stowaway]:
    """Those of the values, or of what they use, that can't be pickled."""
    found: list[Stowaway] = []
    for name, value in values.items():
        reason = _refusal(value)
        if reason is not None:
            found.append(_culprit(name, value, reason, 0))
    return found


def _culprit(path: str, value: Any, reason: str, depth: int) -> Stowaway:
    """Follow a function of the notebook to the global that is to blame."""
    if isinstance(value, types.FunctionType) and depth < _DEEPEST:
        names = [*value.__code__.co_names]
        for name in names:
            inner = value.__globals__.get(name)
            if inner is not None and inner is not value and (why := _refusal(inner)) is not None:
                return _culprit(f"{path} → {name}", inner, why, depth + 1)
    return Stowaway(path, type(value).__name__, reason)


def _refusal(value: Any) -> str | None:
    try:
        cloudpickle.Pickler(_Nowhere()).dump(value)
    except Exception as error:
        return one_line(f"{error}" or type(error).__name__, 200)
    return None
