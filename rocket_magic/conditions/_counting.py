"""Comparing counts: `failed.today >= 3` is a new condition, `a == b` is equality. Floor 2."""

from __future__ import annotations

import dataclasses
import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

from rocket_magic.exc import ScheduleError

_OPERATORS: dict[str, Callable[[int, int], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}

WORDS = {
    "==": "exactly",
    "!=": "not exactly",
    "<": "less than",
    "<=": "at most",
    ">": "more than",
    ">=": "at least",
}
"""The words of each comparison in the phrase language."""


@dataclass(frozen=True, slots=True)
class Count:
    """What a number must be: a comparison and its limit."""

    sign: str
    limit: int

    def __post_init__(self) -> None:
        if self.sign not in _OPERATORS:
            msg = f"{self.sign!r} compares no counts: use one of {' '.join(_OPERATORS)}"
            raise ScheduleError(msg)
        if isinstance(self.limit, bool) or not isinstance(self.limit, int) or self.limit < 0:
            msg = f"a count is compared with a whole number of 0 or more, got {self.limit!r}"
            raise ScheduleError(msg)

    def accepts(self, number: int) -> bool:
        """Tell whether `number` fits."""
        return _OPERATORS[self.sign](number, self.limit)

    def __str__(self) -> str:
        return f"{WORDS[self.sign]} {self.limit}"


AT_LEAST_ONE = Count(">=", 1)


class Comparable:
    """The comparisons of a condition that counts (a mixin: Python looks operators up on the class).

    A class that takes part is a frozen dataclass made with `eq=False` that has a field `count`.
    Comparing with an int gives a new condition; an earlier comparison is replaced.
    """

    __slots__ = ()

    def _compared(self, sign: str, limit: int) -> Self:
        return dataclasses.replace(self, count=Count(sign, limit))  # type: ignore[type-var]  # a dataclass, as said above

    def _key(self) -> tuple[Any, ...]:
        return tuple(getattr(self, field.name) for field in dataclasses.fields(self))  # type: ignore[arg-type]  # the same

    def __eq__(self, other: object) -> Any:
        if isinstance(other, int) and not isinstance(other, bool):
            return self._compared("==", other)
        if type(other) is not type(self):
            return NotImplemented
        return self._key() == other._key()

    def __ne__(self, other: object) -> Any:
        if isinstance(other, int) and not isinstance(other, bool):
            return self._compared("!=", other)
        if type(other) is not type(self):
            return NotImplemented
        return self._key() != other._key()

    def __hash__(self) -> int:
        return hash((type(self).__name__, self._key()))

    def __lt__(self, other: int) -> Self:
        return self._compared("<", other)

    def __le__(self, other: int) -> Self:
        return self._compared("<=", other)

    def __gt__(self, other: int) -> Self:
        return self._compared(">", other)

    def __ge__(self, other: int) -> Self:
        return self._compared(">=", other)


def python_count(count: Count, default: Count | None = AT_LEAST_ONE) -> str:
    """Write a comparison behind a Python expression."""
    return "" if count == default else f" {count.sign} {count.limit}"
