"""A session made of lists: what conditions may see, and nothing that runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from rocket_magic._protocols import Action, Context, Mark
from rocket_magic.conditions import BaseCondition
from rocket_magic.instants import NEVER, Instant, Span, to_instant

HELSINKI = ZoneInfo("Europe/Helsinki")


def at(text: str, zone: tzinfo = UTC) -> Instant:
    """Read "2024-05-06 10:00" as an instant."""
    return to_instant(datetime.fromisoformat(text), zone)


class Line(NamedTuple):
    """One record."""

    task: str
    action: Action
    at: Instant
    seq: int
    elapsed: Span | None = None
    attempt: int = 0


@dataclass
class FakeHistory:
    """Answers by looking at every line, so it is right by being simple."""

    lines: list[Line] = field(default_factory=list)

    def add(
        self, task: str, action: str, when: str | Instant, *, elapsed: Span | None = None, attempt: int = 0
    ) -> None:
        """Write a record behind the others."""
        instant = at(when) if isinstance(when, str) else when
        self.lines.append(Line(task, Action(action), instant, len(self.lines) + 1, elapsed, attempt))

    def _of(self, task: str, actions: frozenset[Action]) -> list[Line]:
        return [line for line in self.lines if line.task == task and line.action in actions]

    def last(self, task: str, actions: frozenset[Action]) -> Mark | None:
        """Give the newest record."""
        found = self._of(task, actions)
        return Mark(found[-1].at, found[-1].seq, found[-1].elapsed) if found else None

    def status(self, task: str) -> Action | None:
        """Give the newest action."""
        found = self._of(task, frozenset(Action))
        return found[-1].action if found else None

    def happened(self, task: str, actions: frozenset[Action], start: Instant, end: Instant) -> bool:
        """Tell whether there is a record."""
        return self.count(task, actions, start, end) > 0

    def count(self, task: str, actions: frozenset[Action], start: Instant, end: Instant) -> int:
        """Count records."""
        return sum(start <= line.at < end for line in self._of(task, actions))

    def nth_newest(self, task: str, actions: frozenset[Action], n: int) -> Instant | None:
        """Give the n-th newest instant."""
        instants = sorted((line.at for line in self._of(task, actions)), reverse=True)
        return instants[n - 1] if len(instants) >= n else None

    def attempt(self, task: str) -> int:
        """Give the newest attempt."""
        found = [line for line in self.lines if line.task == task]
        return found[-1].attempt if found else 0


@dataclass
class FakeTask:
    """A task with runs in flight."""

    name: str
    running_since: tuple[Instant, ...] = ()


@dataclass
class FakeScheduler:
    """A scheduler's two facts."""

    started_at: Instant | None = None
    n_cycles: int = 0


@dataclass
class FakeSession:
    """A session whose time is given with each question."""

    zone: tzinfo = UTC
    history: FakeHistory = field(default_factory=FakeHistory)
    scheduler: FakeScheduler = field(default_factory=FakeScheduler)
    parameters: dict[str, Any] = field(default_factory=dict)
    tasks: dict[str, FakeTask] = field(default_factory=dict)
    now: Instant = 1_714_996_800_000_000  # 6 May 2024 12:00 UTC, a Monday

    def find_task(self, name: str) -> FakeTask | None:
        """Give a task."""
        return self.tasks.get(name)

    def call(self, function: Callable[..., Any], task: Any, given: Mapping[str, Any]) -> Any:
        """Call with what is known."""
        return function(**given)

    def task(self, name: str, *running_since: str) -> FakeTask:
        """Make a task."""
        self.tasks[name] = FakeTask(name, tuple(map(at, running_since)))
        return self.tasks[name]

    def context(
        self, task: FakeTask | None = None, now: str | Instant | None = None, *, retries: bool = True
    ) -> Context:
        """Give the situation at `now`; elapsed time follows the clock."""
        instant = self.now if now is None else at(now, self.zone) if isinstance(now, str) else now
        return Context(
            now=instant, elapsed=instant - at("2024-01-01 00:00"), session=self, task=task, retries=retries
        )


def first_starts(condition: BaseCondition, start: str, number: int, zone: tzinfo) -> list[Instant]:
    """Step from change to change: the first starts of a task whose runs succeed at once."""
    session = FakeSession(zone=zone)
    task, now, found = session.task("me"), at(start, zone), list[Instant]()
    while len(found) < number and now != NEVER:
        context = session.context(task, now)
        if condition.holds(context):
            found.append(now)
            session.history.add("me", "run", now, elapsed=context.elapsed)
            session.history.add("me", "success", now, elapsed=context.elapsed)
        now = condition.next_change(session.context(task, now))
    return found
