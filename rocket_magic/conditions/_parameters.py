"""Conditions on the session's parameters. Floor 2."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import Any, Final

from rocket_magic._protocols import Context, EventKind, Watch
from rocket_magic.conditions._base import BaseCondition
from rocket_magic.conditions._composite import All
from rocket_magic.conditions._words import quoted, unspoken
from rocket_magic.exc import ScheduleError
from rocket_magic.instants import NEVER, Instant

_WATCHED: Final = frozenset({Watch(EventKind.PARAMETERS_CHANGED)})
_LONG: Final = 10**300
ENVIRONMENT: Final = "env"
"""The parameter that names the environment (`session.env`)."""


class _Missing:
    """No value is asked for: the parameter only has to exist."""

    def __repr__(self) -> str:
        return "MISSING"

    def __reduce__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing()


@dataclass(frozen=True, slots=True, repr=False)
class ParamIs(BaseCondition):
    """True while a session parameter exists, or has a value; `ParamExists` makes them.

    Args:
        key: The parameter's name.
        value: What it must equal; `MISSING`: anything.
    """

    key: str
    value: Any = MISSING

    def __hash__(self) -> int:
        return hash((self.key, self.value is MISSING))  # the value may be a list

    def holds(self, ctx: Context) -> bool:
        """Tell whether the parameter is there and fits."""
        parameters = ctx.session.parameters
        if self.key not in parameters:
            return False
        return self.value is MISSING or bool(parameters[self.key] == self.value)

    def next_change(self, ctx: Context) -> Instant:
        """Never by itself."""
        return NEVER

    def watches(self) -> frozenset[Watch]:
        """Look again when a parameter is set."""
        return _WATCHED

    def reason(self, ctx: Context, state: bool) -> str:
        """Say whether it exists; values are not shown, they may be secret."""
        what = f"parameter {quoted(self.key)}"
        if self.key not in ctx.session.parameters:
            return f"{what} does not exist"
        if self.value is MISSING:
            return f"{what} exists"
        return f"{what} has this value" if state else f"{what} has another value"

    def __str__(self) -> str:
        if self.value is MISSING:
            return f"param {quoted(self.key)} exists"
        value = _literal(self.value)
        return unspoken(repr(self)) if value is None else f"param {quoted(self.key)} is {value}"

    def __repr__(self) -> str:
        if self.value is MISSING:
            return f"ParamExists({self.key!r})"
        return f"ParamExists(**{{{self.key!r}: {self.value!r}}})"


def _literal(value: Any) -> str | None:
    """Write a value as the phrase language reads it; None when it has no literal."""
    kind = type(value)
    if kind is str:
        return quoted(value)
    if value is None or kind is bool or (kind is int and abs(value) < _LONG) or kind is float:
        return repr(value)
    try:
        text = repr(value)
        again = ast.literal_eval(text)
        same = type(again) is kind and again == value
    except Exception:
        return None  # a user's class may do anything in repr and ==
    return f"python {quoted(text)}" if same is True else None


def ParamExists(*keys: str, **values: Any) -> BaseCondition:  # noqa: N802  Rocketry's name of a condition
    """Give a condition that is true while session parameters exist.

    Args:
        *keys: Parameters that must exist.
        **values: Parameters that must exist with this value.

    Raises:
        ScheduleError: No parameter is named.
    """
    parts = [ParamIs(key) for key in keys] + [ParamIs(key, value) for key, value in values.items()]
    if not parts:
        msg = "ParamExists needs a parameter: ParamExists('path') or ParamExists(mode='test')"
        raise ScheduleError(msg)
    return All(*parts)


@dataclass(frozen=True, slots=True, repr=False)
class IsEnv(BaseCondition):
    """True while the session's environment (parameter `env`) has this name.

    Args:
        env: The name, like "prod".
    """

    env: str

    def holds(self, ctx: Context) -> bool:
        """Tell whether the environment is this one."""
        return bool(ctx.session.parameters.get(ENVIRONMENT) == self.env)

    def next_change(self, ctx: Context) -> Instant:
        """Never by itself."""
        return NEVER

    def watches(self) -> frozenset[Watch]:
        """Look again when a parameter is set."""
        return _WATCHED

    def reason(self, ctx: Context, state: bool) -> str:
        """Say which environment it is."""
        env = ctx.session.parameters.get(ENVIRONMENT)
        if env is None:
            return "no environment is set (session parameter 'env')"
        return f"the environment is {env!r}" if not state else f"the environment is {self.env!r}"

    def __str__(self) -> str:
        return f"env {quoted(self.env)}"

    def __repr__(self) -> str:
        return f"IsEnv({self.env!r})"
