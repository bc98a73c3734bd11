"""The situation a condition is asked in, built for Rocketry's public `observe`. Floor 2."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from types import MappingProxyType
from typing import Any, cast

from rocket_magic._protocols import Action, Context, Mark, TaskView
from rocket_magic.clock import SystemClock
from rocket_magic.instants import Instant


def context_for(task: Any, session: Any, scheduler: Any) -> Context:
    """Find the session among what `observe` was given, or do without one."""
    for found in (session, getattr(task, "session", None), getattr(scheduler, "session", None)):
        if found is not None:
            named = isinstance(task, str) or (callable(task) and not hasattr(task, "name"))
            return cast("Context", found.context(found[task] if named else task))
    clock = SystemClock()
    return Context(now=clock.now(), elapsed=clock.elapsed(), session=_NoSession(), task=task)


class _NoHistory:
    """Nothing ever happened."""

    def last(self, task: str, actions: frozenset[Action]) -> Mark | None:
        return None

    def status(self, task: str) -> Action | None:
        return None

    def happened(self, task: str, actions: frozenset[Action], start: Instant, end: Instant) -> bool:
        return False

    def count(self, task: str, actions: frozenset[Action], start: Instant, end: Instant) -> int:
        return 0

    def nth_newest(self, task: str, actions: frozenset[Action], n: int) -> Instant | None:
        return None

    def attempt(self, task: str) -> int:
        return 0


@dataclass(frozen=True)
class _NoScheduler:
    """A scheduler that never started."""

    started_at: Instant | None = None
    n_cycles: int = 0


class _NoSession:
    """A session without tasks, for conditions that only look at the clock."""

    history = _NoHistory()
    scheduler = _NoScheduler()
    parameters: Mapping[str, Any] = MappingProxyType({})

    @property
    def zone(self) -> tzinfo:
        from rocket_magic.time._zones import as_zone  # noqa: PLC0415  costs a look at the system's zone files

        return as_zone(None)

    def find_task(self, name: str) -> TaskView | None:
        return None

    def call(self, function: Callable[..., Any], task: TaskView | None, given: Mapping[str, Any]) -> Any:
        return function(**given)
