"""Floor 9, export: values of the notebook as Python text, with the imports and definitions they need.

What can't be written is noted as a problem; nothing is guessed, and no secret is written.
"""

from __future__ import annotations

import ast
import builtins
import inspect
import logging
import re
import sys
import textwrap
import types
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from pathlib import PurePath
from typing import Any, Final
from zoneinfo import ZoneInfo

from rocket_magic import args, conditions, conds, time
from rocket_magic.app import Grouper, Rocketry
from rocket_magic.conditions import BaseCondition, FuncCond, parse_condition
from rocket_magic.exc import ScheduleError
from rocket_magic.notebook._cell_code import names_read
from rocket_magic.notebook._cell_function import is_builtin
from rocket_magic.notebook._text import one_line
from rocket_magic.session import Session

__all__ = ["Refusal", "Writer"]

_LONGEST: Final = 20_000
_OF_SHELL: Final = frozenset({"In", "Out", "get_ipython"})
_PLAIN_ARGUMENTS: Final = (
    args.Arg,
    args.Return,
    args.TerminationFlag,
    args.Task,
    args.Session,
    args.Config,
    args.Clock,
    args.EnvArg,
    args.CliArg,
    args.TaskLogger,
    args.SchedulerLogger,
)


class Refusal(Exception):  # noqa: N818  not an error of ours: a value that has no text
    """A value can't be written; the text says why."""


class Writer:
    """Collects the imports and definitions of a program.

    Args:
        app: The notebook's application, `app` in the program.
        namespace: The notebook's.
        assigned: Names that tasks set themselves when they run.

    Attributes:
        imports: Import statements.
        definitions: Statements, each after those it needs.
        problems: What can't be written, in words.
    """

    def __init__(self, app: Rocketry, namespace: Mapping[str, Any], assigned: Iterable[str]) -> None:
        self.app = app
        self.namespace = namespace
        self.assigned = frozenset(assigned)
        self.imports: set[str] = {"from rocket_magic import Rocketry"}
        self.definitions: list[str] = []
        self.problems: list[str] = []
        self._bound: dict[str, Any] = {"app": app, "Rocketry": Rocketry}

    @property
    def names(self) -> frozenset[str]:
        """Names that are taken."""
        return self.assigned | self._bound.keys()

    def need(self, names: Iterable[str], namespace: Mapping[str, Any], user: str) -> None:
        """Define names of a namespace that a piece of the program reads.

        Args:
            names: The names.
            namespace: Where they are.
            user: Who reads them ("task 'load'"), for problems.
        """
        for name in sorted(names):
            if name in _OF_SHELL:
                self.problems.append(f"{user} uses {name}, which exists in a notebook only")
            elif name in namespace and not is_builtin(name, namespace[name]):
                self._define(name, namespace[name], user)
            elif name == "display":
                self.imports.add("from IPython.display import display")
            elif not (hasattr(builtins, name) or name in self.names):
                self.problems.append(f"{user} uses {name}, which is not defined")

    def expression(self, value: Any) -> str:
        """A value as an expression.

        Raises:
            Refusal: It has none.
        """
        if isinstance(value, BaseCondition):
            return self.condition(value)
        if isinstance(value, args.BaseArgument):
            return self._argument(value)
        if isinstance(value, (types.FunctionType, types.BuiltinFunctionType, type)):
            return self.function(value)
        return self._data(value)

    def condition(self, condition: BaseCondition) -> str:
        """A condition as a phrase of the schedule language, or in Python.

        Raises:
            Refusal: It is neither; a condition made of a function that has no name here, for example.
        """
        phrase = str(condition)
        try:
            if parse_condition(phrase) == condition:
                return repr(phrase)
        except ScheduleError:
            pass
        text = repr(condition)
        known = self._condition_names()
        try:
            used = {node.id for node in ast.walk(ast.parse(text, mode="eval")) if isinstance(node, ast.Name)}
            same = eval(text, {name: known[name][1] for name in used}) == condition  # noqa: S307  our own repr
        except (SyntaxError, KeyError, TypeError, ValueError):
            same = False
        if not same:
            msg = f"the condition {one_line(phrase, 80)} can't be written as Python"
            raise Refusal(msg)
        for name in sorted(used):
            home, value = known[name]
            if home is None:
                self._define_condition(name, value)
            else:
                self._import(f"from {home} import {name}", name, value)
        return text

    def function(self, function: Any, *, skip_decorators: bool = True) -> str:
        """A function or class, imported or defined by its source; gives its name.

        Raises:
            Refusal: It has no importable name and no source.
        """
        name = getattr(function, "__name__", "")
        module = getattr(function, "__module__", None) or ""
        if module == "builtins":
            return str(function.__qualname__)
        if _is_importable(function, module):
            root = function.__qualname__.partition(".")[0]
            self._import(f"from {module} import {root}", root, getattr(sys.modules[module], root))
            return str(function.__qualname__)
        if self._bound.get(name) is not function:
            source = _source(function, name)
            self._bind(name, function)
            self._add_source(source, function, skip_decorators=skip_decorators)
        return str(name)

    # Names

    def _bind(self, name: str, value: Any) -> None:
        if name in self._bound and self._bound[name] is not value:
            msg = f"the name {name} means two things"
            raise Refusal(msg)
        self._bound[name] = value

    def _import(self, statement: str, name: str, value: Any) -> None:
        self._bind(name, value)
        self.imports.add(statement)

    def _define(self, name: str, value: Any, user: str) -> None:
        if self._bound.get(name, self) is value:
            return
        try:
            self._write(name, value)
        except Refusal as refusal:
            if name not in self.assigned:
                self.problems.append(f"{user} uses {name}: {refusal}")

    def _write(self, name: str, value: Any) -> None:
        if isinstance(value, types.ModuleType):
            whole = value.__name__ == name
            self._import(f"import {name}" if whole else f"import {value.__name__} as {name}", name, value)
        elif isinstance(value, FuncCond):
            self._define_condition(name, value)
        elif isinstance(value, (types.FunctionType, types.BuiltinFunctionType, type)):
            written = self.function(value)
            if written != name:
                self._bind(name, value)
                self.definitions.append(f"{name} = {written}")
        else:
            text = self._of_app(value) or self.expression(value)
            self._bind(name, value)
            self.definitions.append(f"{name} = {text}")

    def _of_app(self, value: Any) -> str:
        """What belongs to the application."""
        return "app" if value is self.app else "app.session" if value is self.app.session else ""

    def _add_source(self, source: str, function: Any, *, skip_decorators: bool) -> None:
        namespace = getattr(function, "__globals__", None) or self.namespace
        if skip_decorators:
            source = _without_our_decorators(source, namespace)
        if getattr(function, "__closure__", None):
            msg = "it is a function made inside another one"
            raise Refusal(msg)
        self.need(names_read(source), namespace, f"{function.__name__}()")
        self.definitions.append(source)

    # Conditions and arguments

    def _condition_names(self) -> dict[str, tuple[str | None, Any]]:
        """Names that the Python form of a condition may use, with the module they come from."""
        found: dict[str, tuple[str | None, Any]] = {}
        for module in (time, conditions, conds):
            found |= {name: (module.__name__, getattr(module, name)) for name in module.__all__}
        users = self.namespace.items()
        found |= {name: (None, value) for name, value in users if isinstance(value, FuncCond)}
        return found

    def _define_condition(self, name: str, condition: FuncCond) -> None:
        if self._bound.get(name) is condition:
            return
        function = condition.func
        if name != function.__name__ or condition.given:
            self.definitions.append(f"{name} = {self.condition(condition)}")
            self._bind(name, condition)
            return
        source = _source(function, name)
        self._bind(name, condition)
        self._add_source(source, function, skip_decorators=True)
        self.definitions[-1] = f"@app.cond()\n{self.definitions[-1]}"

    def _argument(self, argument: args.BaseArgument) -> str:
        kind = type(argument)
        if kind is args.Private:
            msg = "a secret is never written: give the program an EnvArg('NAME') instead"
            raise Refusal(msg)
        if kind is args.SimpleArg:
            text = f"SimpleArg({self.expression(argument.value)})"  # type: ignore[attr-defined]  # its kind has one
        elif kind is args.FuncArg:
            text = self._func_arg(argument)
        elif kind in _PLAIN_ARGUMENTS:
            text = repr(argument)
            known = {name: getattr(args, name) for name in args.__all__}
            try:
                same = repr(eval(text, known)) == text  # noqa: S307  our own repr
            except (SyntaxError, NameError, TypeError, ValueError):
                same = False
            if not same:
                msg = f"the argument {one_line(text, 80)} can't be written as Python"
                raise Refusal(msg)
        else:
            msg = f"an argument of the class {kind.__name__} can't be written as Python"
            raise Refusal(msg)
        name = text.partition("(")[0]
        self._import(f"from rocket_magic.args import {name}", name, getattr(args, name))
        return text

    def _func_arg(self, argument: Any) -> str:
        given = [self.function(argument.func), *map(self.expression, argument.args)]
        given += [f"{name}={self.expression(value)}" for name, value in argument.kwargs.items()]
        if argument.materialize is not None:
            given.append(f"materialize={argument.materialize!r}")
        return f"FuncArg({', '.join(given)})"

    # Data

    def _data(self, value: Any) -> str:
        """Plain data: literals and what is made of them, and a few classes with a text form."""
        kind = type(value)
        if kind in (list, set, tuple) and value:
            inner = ", ".join(map(self.expression, value))
            comma = "," if len(value) == 1 else ""
            if kind is tuple:
                return f"({inner}{comma})"
            return f"[{inner}]" if kind is list else f"{{{inner}}}"
        if kind is dict:
            pairs = (f"{self.expression(key)}: {self.expression(one)}" for key, one in value.items())
            return f"{{{', '.join(pairs)}}}"
        if value is None or kind in (bool, int, float, complex, str, bytes, list, tuple, set):
            return self._literal(value)
        return self._spoken(value, kind)

    def _literal(self, value: Any) -> str:
        text = repr(value)
        if len(text) > _LONGEST:
            msg = f"its value is too long for a program ({len(text):,} characters)"
            raise Refusal(msg)
        return f"float({text!r})" if isinstance(value, float) and text in {"nan", "inf", "-inf"} else text

    def _spoken(self, value: Any, kind: type) -> str:
        if isinstance(value, PurePath):
            self._import("from pathlib import Path", "Path", _path_class())
            return f"Path({str(value)!r})"
        if kind in (date, datetime, timedelta) and getattr(value, "tzinfo", None) is None:
            self._import("import datetime", "datetime", sys.modules["datetime"])
            return repr(value)
        if isinstance(value, ZoneInfo) and value.key:
            self._import("from zoneinfo import ZoneInfo", "ZoneInfo", ZoneInfo)
            return f"ZoneInfo({value.key!r})"
        if isinstance(value, logging.Logger):
            self._import("import logging", "logging", logging)
            return f"logging.getLogger({value.name!r})"
        if isinstance(value, re.Pattern):
            self._import("import re", "re", re)
            return f"re.compile({value.pattern!r}, {value.flags})"
        msg = f"a value of the class {kind.__name__} can't be written; make it inside the cell"
        raise Refusal(msg)


def _path_class() -> Any:
    return sys.modules["pathlib"].Path


def _is_importable(value: Any, module: str) -> bool:
    if module in {"", "__main__"} or module not in sys.modules:
        return False
    found: Any = sys.modules[module]
    for part in value.__qualname__.split("."):
        found = getattr(found, part, None)
    return found is value


def _source(function: Any, name: str) -> str:
    try:
        source = textwrap.dedent(inspect.getsource(function))
        tree = ast.parse(source).body
    except (OSError, TypeError, SyntaxError):
        tree = []
    if len(tree) == 1 and isinstance(tree[0], (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return source.strip("\n")
    if len(tree) == 1 and isinstance(tree[0], ast.Assign) and isinstance(tree[0].value, ast.Lambda):
        msg = "it is a lambda: write it with def"
        raise Refusal(msg)
    msg = f"the source of {one_line(name, 60)} is not known"
    raise Refusal(msg)


def _without_our_decorators(source: str, namespace: Mapping[str, Any]) -> str:
    """The source without `@app.task(…)`, `@app.cond(…)` and the like: the program says these itself."""
    node = ast.parse(source).body[0]
    assert isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
    lines = source.splitlines()
    for decorator in node.decorator_list:
        root: ast.expr = decorator
        while isinstance(root, (ast.Call, ast.Attribute)):
            root = root.func if isinstance(root, ast.Call) else root.value
        owner = namespace.get(root.id) if isinstance(root, ast.Name) else None
        if isinstance(owner, (Rocketry, Grouper, Session)) or owner is args.argument:
            for row in range(decorator.lineno - 1, decorator.end_lineno or decorator.lineno):
                lines[row] = ""
    first = next(n for n, line in enumerate(lines) if line.strip())
    return "\n".join(lines[first:])
