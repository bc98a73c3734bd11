"""Floor 9: `CellFunction`, the callable that a `%%task` cell becomes.

It lives in the notebook's process with the namespace it was given (the notebook's own, or a copy). It
travels to another process by value: its code and exactly the globals it uses, as they are then.
"""

from __future__ import annotations

import builtins
import inspect
import types
from collections.abc import Iterable
from typing import Any

from rocket_magic.notebook._cell_code import CellCode, remember_lines
from rocket_magic.notebook._show import show_value

__all__ = ["CellFunction", "is_builtin"]


class _FromNamespace:
    """Default of a parameter that is read from the namespace unless somebody gives it."""

    def __repr__(self) -> str:
        return "<from the notebook>"

    def __reduce__(self) -> str:
        return "FROM_NAMESPACE"


FROM_NAMESPACE = _FromNamespace()


class CellFunction:
    """Runs a cell's body; parameters are keyword arguments.

    Every global that the body reads can be given as a parameter too (by a session parameter or
    `%rocket run TASK name=…`): it then hides the namespace's value for that run.

    Args:
        name: The task's name, for people.
        cell: The compiled body.
        namespace: Its globals.
        parameters: Names that are always given (`--param`).
    """

    def __init__(
        self, name: str, cell: CellCode, namespace: dict[str, Any], parameters: Iterable[str] = ()
    ) -> None:
        self.__name__ = self.__qualname__ = name
        self.__doc__ = None
        self.__module__ = "__main__"
        self.cell = cell
        self.namespace = namespace
        self.parameters = frozenset(parameters)
        self.__signature__ = _signature(cell, self.parameters)
        self._functions: dict[frozenset[str], types.FunctionType] = {}
        remember_lines(cell)
        self._function(self.parameters)

    @property
    def __wrapped__(self) -> types.FunctionType:
        """The function that is called, for whoever wants to know which names it uses."""
        return self._function(self.parameters)

    def __call__(self, **given: Any) -> Any:
        """Run the body: its value, or its coroutine when it awaits on the top level."""
        values = {name: value for name, value in given.items() if value is not FROM_NAMESPACE}
        result = self._function(frozenset(values))(**values)
        if inspect.iscoroutine(result):
            return self._awaited(result)
        self._show(result)
        return result

    async def _awaited(self, coroutine: Any) -> Any:
        result = await coroutine
        self._show(result)
        return result

    def _show(self, result: Any) -> None:
        if result is not None and self.cell.shows:
            show_value(result)

    def used_globals(self) -> dict[str, Any]:
        """What the body reads of its namespace, as it is now."""
        namespace = self.namespace
        return {
            name: namespace[name]
            for name in sorted(self.cell.reads - self.parameters)
            if name in namespace and not _is_of_shell(name, namespace[name])
        }

    def _function(self, names: frozenset[str]) -> types.FunctionType:
        found = self._functions.get(names)
        if found is None:
            found = self._functions[names] = self.cell.function(names, self.namespace)
        return found

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel with the globals that are used."""
        return _arrived, (self.__name__, self.cell, self.used_globals(), self.parameters)

    def __repr__(self) -> str:
        return f"<cell of task {self.__name__!r}>"


def _signature(cell: CellCode, parameters: frozenset[str]) -> inspect.Signature:
    kind = inspect.Parameter.KEYWORD_ONLY
    optional = {name for name in cell.reads if not hasattr(builtins, name)} - parameters
    return inspect.Signature(
        [
            *(inspect.Parameter(name, kind) for name in sorted(parameters)),
            *(inspect.Parameter(name, kind, default=FROM_NAMESPACE) for name in sorted(optional)),
        ]
    )


def _is_of_shell(name: str, value: Any) -> bool:
    """Names that every notebook has, and that mean nothing in another process."""
    return name in {"In", "Out", "get_ipython", "exit", "quit"} or is_builtin(name, value)


def is_builtin(name: str, value: Any) -> bool:
    """Whether a name of the notebook means what it means in any Python; IPython wraps `open`."""
    if not hasattr(builtins, name):
        return False
    standard = getattr(builtins, name)
    return value is standard or getattr(value, "__wrapped__", None) is standard


def _arrived(name: str, cell: CellCode, values: dict[str, Any], parameters: frozenset[str]) -> CellFunction:
    namespace = {"__name__": "__main__", "__builtins__": builtins, **values}
    if "display" in cell.reads:
        namespace.setdefault("display", _display)
    return CellFunction(name, cell, namespace, parameters)


def _display(*values: Any, **_options: Any) -> None:
    """`display` where there is no notebook: the text form."""
    for value in values:
        show_value(value)
