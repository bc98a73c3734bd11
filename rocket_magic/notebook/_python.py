"""Floor 9: Python expressions that the user writes in a magic's line, evaluated in their namespace.

These are the local user's own code, like the cell itself (RELIABILITY.md X7). A *schedule* is
evaluated only when every name in it is known and none reaches into private attributes.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Mapping
from typing import Any

from IPython.core.error import UsageError

from rocket_magic import args, conds
from rocket_magic.notebook._hints import caret, did_you_mean
from rocket_magic.notebook._line import pointed
from rocket_magic.notebook._text import one_line

__all__ = ["condition_names", "evaluate", "schedule_expression"]


def condition_names() -> dict[str, Any]:
    """The short names of conditions."""
    return {
        name: value
        for name, value in vars(conds).items()
        if not name.startswith("_") and name != "annotations"
    }


def evaluate(text: str, namespace: Mapping[str, Any], what: str, line: str = "", place: int = 0) -> Any:
    """Evaluate an expression; the argument classes (`Return`, `Arg`, …) need no import.

    Args:
        text: The expression.
        namespace: The user's.
        what: What it is for ("--param prices"), for the message.
        line: The line it stands in.
        place: Where in it.

    Raises:
        UsageError: A syntax error, an unknown name, or anything else it raises.
    """
    shown = line or text
    scope = {**{name: getattr(args, name) for name in args.__all__}, **namespace}
    try:
        code = compile(text.strip(), "<magic>", "eval", dont_inherit=True)
        return eval(code, scope)  # noqa: S307  the local user's own expression
    except SyntaxError as error:
        msg = f"{what}: {error.msg}"
        raise pointed(msg, shown, place + (error.offset - 1 if error.offset else len(text))) from None
    except NameError as error:
        hint = did_you_mean(error.name or "", [*scope, *vars(builtins)])
        msg = (
            f"{what}: {error}{'' if 'Did you mean' in str(error) else hint}\n{caret(shown, place, len(text))}"
        )
        raise UsageError(msg) from None
    except Exception as error:
        msg = f"{what}: {type(error).__name__}: {one_line(str(error), 300)}"
        raise pointed(msg, shown, place, len(text)) from error


def schedule_expression(text: str, namespace: Mapping[str, Any]) -> ast.expr | None:
    """The text as a Python expression over known names, or None when it isn't one."""
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    known = condition_names()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id not in namespace and node.id not in known:
            return None
        if isinstance(node, ast.Attribute) and node.attr.startswith("_"):
            return None
    return tree if any(isinstance(node, ast.Name) for node in ast.walk(tree)) else None


def unknown_name(text: str, namespace: Mapping[str, Any]) -> str | None:
    """For text that looks like Python but isn't understood: what is unknown, or None."""
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    if not any(isinstance(node, ast.Call) for node in ast.walk(tree)):
        return None
    known = {**condition_names(), **namespace}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id not in known:
            return f"name {node.id!r} is not defined{did_you_mean(node.id, known)}"
    return None
