"""`%rocket params`: the session's parameters."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from typing import Any

from rocket_magic.notebook._hints import did_you_mean
from rocket_magic.notebook._home import Notebook
from rocket_magic.notebook._text import one_line
from rocket_magic.notebook._views import Table
from rocket_magic.notebook.commands._base import Command, Parser, WordError
from rocket_magic.notebook.commands._run import read_params


def _arguments(parser: Parser) -> None:
    parser.add_argument("params", nargs="*", metavar="K=EXPR", help="parameters to set; EXPR is Python")
    parser.add_argument("--remove", metavar="K", action="append", default=[], help="a parameter to remove")


def _run(notebook: Notebook, given: argparse.Namespace) -> Table:
    parameters = notebook.session.parameters
    values = read_params(notebook, given.params)
    for name in given.remove:
        if name not in parameters:
            msg = f"there is no parameter {one_line(name)!r}{did_you_mean(name, parameters)}"
            raise WordError(msg, name)
    parameters.update(values)
    for name in given.remove:
        del parameters[name]
    known = {name: parameters[name] for name in sorted(parameters)}
    rows = tuple((name, _drawn(value)) for name, value in known.items())
    return Table(("parameter", "value"), rows, list(known.items()), empty="no parameters")


def _drawn(value: Any) -> str:
    """Drawing a value never calls or reveals it: arguments draw themselves that way."""
    try:
        return one_line(repr(value))
    except Exception as error:
        return f"<{type(value).__name__}, its repr raises {type(error).__name__}>"


def _words(notebook: Notebook, _before: Sequence[str]) -> Iterable[str]:
    return sorted(f"{name}=" for name in notebook.session.parameters)


COMMAND = Command("params", "Show the session's parameters, or set some.", _run, _arguments, _words)
