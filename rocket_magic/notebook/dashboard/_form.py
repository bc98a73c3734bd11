"""Floor 9, dashboard: the form "run with parameters": what a task takes, and what was typed as values.

What is typed is read as a Python literal or as JSON; it is never evaluated.
"""

from __future__ import annotations

import ast
import inspect
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rocket_magic._inspection import signature_of
from rocket_magic.args import Parameters
from rocket_magic.notebook._cell_function import CellFunction
from rocket_magic.notebook._text import one_line
from rocket_magic.notebook.dashboard._source import ParameterField, ParameterForm

if TYPE_CHECKING:
    from rocket_magic.session import Session
    from rocket_magic.tasks import Task

__all__ = ["parameter_form", "read_values"]

_SIMPLE = (bool, int, float, complex, str, bytes, list, tuple, set, dict, type(None))
_MOST_FIELDS = 100


def read_values(texts: Mapping[str, str]) -> dict[str, Any]:
    """The values behind typed texts, by name.

    Raises:
        ValueError: A text is neither a Python literal nor JSON; names the parameter.
    """
    return {name: _read(name, text) for name, text in texts.items()}


def _read(name: str, text: str) -> Any:
    try:
        return ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        pass
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    shown = one_line(text, 40)
    hint = f"; put text in quotes: {json.dumps(shown, ensure_ascii=False)}" if shown.isidentifier() else ""
    msg = f"{one_line(name, 80)}: {shown} is neither a Python literal nor JSON{hint}"
    raise ValueError(msg)


def parameter_form(session: Session, task: Task) -> ParameterForm:
    """What a task takes, with the values that it would get; secrets stay masked."""
    own, shared = task.parameters.as_text(), session.parameters.as_text()
    names, required, is_open = _taken(task)
    defaults = _defaults(task)
    fields = []
    for name in names:
        value = own.get(name, defaults.get(name, shared.get(name, "")))
        if name in shared and name not in own:
            value = shared[name]
        fields.append(ParameterField(name, value, required=name in required and not value))
    return ParameterForm(tuple(fields[:_MOST_FIELDS]), is_open)


def _taken(task: Task) -> tuple[list[str], frozenset[str], bool]:
    """Names, those without a default, and whether any other name is taken as well."""
    if getattr(task, "delayed", False):  # its file would be imported to know more
        return list(task.parameters), frozenset(), True
    func = getattr(task, "func", None)
    if isinstance(func, CellFunction):
        return _of_cell(func), frozenset(), False
    if func is None:
        return list(task.parameters), frozenset(), True
    spec = task.plan().spec
    return list(spec.names), frozenset(spec.required), spec.takes_any


def _of_cell(cell: CellFunction) -> list[str]:
    """Its parameters, and those names of the notebook that hold plain data: nobody types a module."""
    values = cell.used_globals()
    plain = [name for name, value in values.items() if isinstance(value, _SIMPLE)]
    return [*sorted(cell.parameters), *plain]


def _defaults(task: Task) -> dict[str, str]:
    func = getattr(task, "func", None)
    if isinstance(func, CellFunction):
        values: dict[str, Any] = func.used_globals()
    else:
        try:
            found = signature_of(func).parameters.values() if func is not None else ()
        except (TypeError, ValueError):
            found = ()
        values = {one.name: one.default for one in found if one.default is not inspect.Parameter.empty}
    return Parameters(values).as_text()
