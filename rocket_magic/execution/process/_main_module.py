"""Floor 4: what a run's code finds as the module `__main__` of its worker.

Functions and cells of a program or notebook travel by value, with those of its globals that they use.
Some of what they call looks these up by name, in `__main__`: `pickle` with instances of the program's
classes, `multiprocessing` with the functions that it is to map.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any, Final

__all__ = ["call_in_main"]

_DEEPEST: Final = 10


def call_in_main(call: Callable[[], Any], finish: Callable[[Any], Any]) -> Any:
    """Call the code of a run, with its program's or notebook's names in `__main__` while that goes on.

    Args:
        call: What to call.
        finish: Makes the value of what the call has given (a coroutine is awaited).
    """
    kind = type(call)
    if kind is BuiltinFunctionType or (
        kind is FunctionType and call.__globals__.get("__name__") != "__main__"
    ):
        return finish(call())  # found by its name: nothing of the program travels with it
    spaces = [space for space in _namespaces(call) if space.get("__name__") == "__main__"]
    if not spaces:
        return finish(call())
    before = sys.modules["__main__"]
    sys.modules["__main__"] = _Main(spaces)
    try:
        return finish(call())
    finally:
        sys.modules["__main__"] = before


def _is_found_by_name(call: Callable[[], Any]) -> bool:
    """Whether it is surely a function of a module, with which nothing of the program travels."""
    if type(call) is FunctionType:
        return call.__globals__.get("__name__") != "__main__"
    return type(call) is BuiltinFunctionType


class _Main(ModuleType):
    """Shows namespaces as they are at the moment; what the run sets on the module itself goes first."""

    def __init__(self, spaces: list[Mapping[str, Any]]) -> None:
        super().__init__("__main__")
        self.__dict__["_rocket_magic_spaces"] = spaces

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("__") or name == "__file__":  # spawned children of the run begin with that
            for space in self.__dict__["_rocket_magic_spaces"]:
                if name in space:
                    return space[name]
        msg = f"module '__main__' has no attribute {name!r}"
        raise AttributeError(msg)


def _namespaces(call: Any) -> Iterator[Mapping[str, Any]]:
    """The globals of the functions that are wrapped in one another: calls, partials, methods, decorators."""
    for _ in range(_DEEPEST):
        space = getattr(call, "__globals__", None)
        if isinstance(space, dict):
            yield space
            yield {"__name__": space.get("__name__"), call.__name__: call}
        for name in ("func", "__wrapped__", "__func__"):
            inner = getattr(call, name, None)
            if callable(inner):
                break
        else:
            inner = None if isinstance(space, dict) else type(call).__call__
        if inner is None:
            return
        call = inner
