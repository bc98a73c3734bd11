"""Conditions made of a user's function. Floor 2.

They have a phrase when one was given (`@app.cond("file is there")`); else their text is Python in angle
brackets, which no phrase can be. They are opaque: nobody can know when their answer changes, so the
scheduler asks them every cycle, and only while nothing else (a shut time window beside them) has settled
the answer already.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rocket_magic._inspection import signature_of
from rocket_magic._protocols import Context
from rocket_magic.conditions._base import BaseCondition, call_user
from rocket_magic.conditions._words import quoted, unspoken
from rocket_magic.exc import ScheduleError


@dataclass(frozen=True, slots=True, repr=False)
class FuncCond(BaseCondition):
    """True when a function says so; call it to give arguments: `file_exists(path="in.csv")`.

    Args:
        func: Returns something true or false; its defaults may be arguments (`Arg("path")`, `Task()`).
        given: Arguments by name, as pairs.
        phrase: Text in the phrase language that stands for it; "" for none.
    """

    func: Callable[..., Any]
    given: tuple[tuple[str, Any], ...] = ()
    phrase: str = dataclasses.field(default="", compare=False)

    def __post_init__(self) -> None:
        given: object = self.func
        if not callable(given):
            msg = f"a condition is made of a function, got {given!r}"
            raise ScheduleError(msg)

    def __hash__(self) -> int:
        return hash((self.func, tuple(key for key, _ in self.given)))

    def __call__(self, *args: Any, **kwargs: Any) -> FuncCond:
        """Give the condition with arguments, as the function takes them."""
        names = _parameter_names(self.func)
        if len(args) > len(names):
            msg = f"condition {self.name} takes {len(names)} arguments, got {len(args)}"
            raise ScheduleError(msg)
        given = {**dict(self.given), **dict(zip(names, args, strict=False)), **kwargs}
        return dataclasses.replace(self, given=_pairs(given), phrase="")

    @property
    def name(self) -> str:
        """The function's name."""
        return str(getattr(self.func, "__name__", type(self.func).__name__))

    def holds(self, ctx: Context) -> bool:
        """Call the function.

        Raises:
            ConditionError: It raised; the cause is chained.
        """
        return call_user(self, self.func, ctx, dict(self.given))

    def reason(self, ctx: Context, state: bool) -> str:
        """Say what the function returned."""
        return f"{self.name}() returned {'a true' if state else 'a false'} value"

    def __str__(self) -> str:
        return self.phrase or unspoken(repr(self))

    def __repr__(self) -> str:
        if not self.given:
            return self.name
        return f"{self.name}({', '.join(f'{key}={value!r}' for key, value in self.given)})"


def _pairs(given: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
    return tuple(sorted(given.items()))


def _parameter_names(func: Callable[..., Any]) -> tuple[str, ...]:
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    parameters = signature_of(func).parameters.values()
    return tuple(parameter.name for parameter in parameters if parameter.kind in positional)


def condition(phrase: str = "") -> Callable[[Callable[..., Any]], FuncCond]:
    """Make a condition of a function, by `@condition()`.

    Args:
        phrase: Words for it in messages. They are no phrase of the language: `app.cond("…")` registers one.
    """
    if callable(phrase):
        msg = f"write @condition() with parentheses above {quoted(getattr(phrase, '__name__', 'it'))}"
        raise ScheduleError(msg)

    def make(func: Callable[..., Any]) -> FuncCond:
        return FuncCond(func, phrase=unspoken(phrase) if phrase else "")

    return make
