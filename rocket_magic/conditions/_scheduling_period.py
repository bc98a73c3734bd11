"""The period in which a condition lets a task start. Floor 2, pure."""

from __future__ import annotations

from functools import reduce
from operator import and_, or_

from rocket_magic.conditions._base import BaseCondition
from rocket_magic.conditions._composite import All, Any
from rocket_magic.conditions._period import IsPeriod, TaskExecutable
from rocket_magic.time import TimePeriod, always

__all__ = ["scheduling_period"]


def scheduling_period(condition: BaseCondition) -> TimePeriod:
    """Give the period outside of which a start condition is false, as far as its periods tell.

    Args:
        condition: Terms that are no periods (pipelines, intervals, functions) count as always.
    """
    if isinstance(condition, (TaskExecutable, IsPeriod)):
        return condition.period
    if isinstance(condition, All):
        parts = [part for part in map(scheduling_period, condition.children) if part != always]
        return reduce(and_, parts) if parts else always
    if isinstance(condition, Any):
        parts = [scheduling_period(child) for child in condition.children]
        return always if not parts or always in parts else reduce(or_, parts)
    return always
