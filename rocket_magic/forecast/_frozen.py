"""Conditions as a rehearsal asks them: what depends on the user's code answers on as it does now."""

from __future__ import annotations

from typing import Any

from rocket_magic._protocols import OWN
from rocket_magic.conditions import AlwaysFalse, AlwaysTrue, BaseCondition, FuncCond, TaskReturned, task_names

__all__ = ["checks_of", "frozen"]


def frozen(condition: BaseCondition, context: Any, notes: list[str]) -> BaseCondition:
    """The condition with every user's function replaced by its present answer: the future can't be asked."""
    if condition.children:
        return condition.with_children(tuple(frozen(child, context, notes) for child in condition.children))
    if not _is_opaque(condition):
        return condition
    try:
        state = condition.holds(context)
    except Exception as error:
        notes.append(f"{condition} raised {type(error).__name__}: taken as false throughout")
        return AlwaysFalse()
    notes.append(f"{condition} depends on a function: taken as {'true' if state else 'false'} throughout")
    return AlwaysTrue() if state else AlwaysFalse()


def _is_opaque(condition: BaseCondition) -> bool:
    """Whether the user's code answers: a function, or a condition class of their own."""
    kind = type(condition)
    return issubclass(kind, FuncCond) or not kind.__module__.startswith("rocket_magic.")


def checks_of(condition: BaseCondition) -> frozenset[str]:
    """The tasks whose return values a condition asks for."""
    if isinstance(condition, TaskReturned):
        return task_names(condition) or frozenset({OWN})
    return frozenset[str]().union(*map(checks_of, condition.children))
