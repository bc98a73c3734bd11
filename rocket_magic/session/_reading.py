"""Reading conditions so that equal ones are one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rocket_magic.conditions import BaseCondition, CustomPhrase, as_condition
from rocket_magic.conditions._period import IsPeriod, TaskExecutable, TaskRunnable

__all__ = ["ConditionReader"]

_MOST_SHARED = 10_000
_ON_TIME_ALONE = frozenset({TaskExecutable, TaskRunnable, IsPeriod})
"""Kinds of conditions whose equality is sameness in every respect; others may hold what a user wrote."""


class ConditionReader:
    """Reads the conditions of a session's tasks.

    Conditions are immutable, so equal texts and equal conditions on time alone share one: ten thousand
    `daily` tasks cost one parse and keep one condition.
    """

    def __init__(self) -> None:
        self._shared: dict[Any, BaseCondition] = {}

    def read(self, value: Any, phrases: Sequence[CustomPhrase]) -> BaseCondition:
        """The condition that a value stands for.

        Args:
            value: A condition, text of the phrase language, a bool, a period, a function or None.
            phrases: The session's own phrases; there are only ever more of them.
        """
        if isinstance(value, str):
            key: Any = (value, len(phrases))
        elif value is None or type(value) in _ON_TIME_ALONE:
            key = value
        else:
            return as_condition(value, phrases)
        known = self._shared.get(key)
        if known is None:
            if len(self._shared) >= _MOST_SHARED:
                self._shared.clear()
            known = self._shared[key] = as_condition(value, phrases)
        return known
