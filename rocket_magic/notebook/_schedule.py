"""Floor 9: the schedule of a cell as a condition: a phrase, or a Python expression."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from IPython.core.error import UsageError

from rocket_magic import conds
from rocket_magic.conditions import BaseCondition, CustomPhrase, as_condition, parse_condition
from rocket_magic.exc import ScheduleError
from rocket_magic.notebook._hints import caret
from rocket_magic.notebook._line import pointed
from rocket_magic.notebook._python import condition_names, schedule_expression, unknown_name
from rocket_magic.notebook._text import one_line, printable

__all__ = ["read_condition", "with_retries"]


def read_condition(
    text: str, namespace: Mapping[str, Any], custom: Sequence[CustomPhrase], line: str, start: int, what: str
) -> BaseCondition | None:
    """Read a condition; a phrase wins where text is both. None for no text.

    Args:
        text: The text.
        namespace: The user's, for Python expressions.
        custom: The session's own phrases.
        line: The line it stands in.
        start: Where in it.
        what: "schedule" or "--end", for messages.

    Raises:
        UsageError: Neither phrase nor condition; one line, and a caret under the place.
    """
    if not text:
        return None
    try:
        return parse_condition(text, custom)
    except ScheduleError as error:
        if schedule_expression(text, namespace) is not None:
            return _evaluated(text, namespace, custom, line, start, what)
        python = unknown_name(text, namespace)
        if python is not None:
            msg = f"bad {what}: {python}"
            raise pointed(msg, line, start, len(text)) from None
        raise UsageError(_told(error, text, line, start, what)) from None


def with_retries(condition: BaseCondition | None, retries: int | None) -> BaseCondition | None:
    """The condition, or true again after a failure."""
    if retries is None:
        return condition
    again: BaseCondition = conds.retry(retries)
    return again if condition is None else condition | again


def _evaluated(
    text: str, namespace: Mapping[str, Any], custom: Sequence[CustomPhrase], line: str, start: int, what: str
) -> BaseCondition:
    try:
        value = eval(text.strip(), {**condition_names(), **namespace})  # noqa: S307  names were checked
        return as_condition(value, custom)
    except Exception as error:
        reason = one_line(str(error), 300) or type(error).__name__
        msg = f"bad {what}: {reason}"
        raise pointed(msg, line, start, len(text)) from None


def _told(error: ScheduleError, text: str, line: str, start: int, what: str) -> str:
    position = error.position or 0
    message = printable(error.message).replace("\n", " ").removeprefix(f"{text!r}: ")
    hint = ""
    if error.suggestion and error.suggestion not in message:
        hint = f" (did you mean {error.suggestion!r}?)"
    width = 1
    rest = text[position:].split()
    if rest:
        width = len(rest[0])
    return f"bad {what}: {message}{hint}\n{caret(line, start + position, width)}"
