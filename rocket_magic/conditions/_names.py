"""Names of tasks inside conditions: which are meant, and renaming them. Floor 2, pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Final

from rocket_magic._protocols import OWN
from rocket_magic.conditions._base import BaseCondition
from rocket_magic.conditions._tasks import name_of

_REFERENCES: Final = ("task", "depend_task")
"""Fields of conditions that refer to tasks."""

_OURS: Final = __name__.partition(".")[0]


def task_names(condition: BaseCondition) -> frozenset[str]:
    """Give the tasks a condition refers to by name (its own task is not among them)."""
    names = {name_of(ref) for _, ref in _references(condition)}
    return frozenset(names).union(*(task_names(child) for child in condition.children))


def parts_about_own_task(condition: BaseCondition) -> list[BaseCondition]:
    """Give the parts of a condition that ask about the task it belongs to: they need one."""
    if condition.children:
        return [part for child in condition.children for part in parts_about_own_task(child)]
    return [condition] if any(watch.task == OWN for watch in condition.watches()) else []


def rename_tasks(condition: BaseCondition, mapping: Mapping[str, str]) -> BaseCondition:
    """Give the same condition with other names of tasks.

    Args:
        condition: It stays as it is.
        mapping: New names by old names; tasks that are not in it keep theirs.
    """
    if condition.children:
        return condition.with_children(tuple(rename_tasks(child, mapping) for child in condition.children))
    changed = {
        field: mapping[name_of(ref)] for field, ref in _references(condition) if name_of(ref) in mapping
    }
    return dataclasses.replace(condition, **changed) if changed else condition  # type: ignore[type-var]  # what has references is a dataclass


def _references(condition: BaseCondition) -> list[tuple[str, Any]]:
    if type(condition).__module__.partition(".")[0] != _OURS:  # a user's field `task` may mean anything
        return []
    fields = getattr(type(condition), "__dataclass_fields__", {})
    references = ((field, getattr(condition, field)) for field in _REFERENCES if field in fields)
    return [(field, ref) for field, ref in references if ref is not None]
