"""Floor 7: a session as it was at an earlier instant, as far as the log tells; read-only."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from rocket_magic._protocols import OWN, Action, Context, History, SchedulerView
from rocket_magic.conditions import BaseCondition
from rocket_magic.instants import Instant
from rocket_magic.log import MemoryHistory, Record
from rocket_magic.log._record import record_of
from rocket_magic.scheduler._board import Board, Owner

__all__ = ["past_context"]

_MOST_READ = 20_000


@dataclass(frozen=True, slots=True)
class PastTask:
    """A task as conditions saw it."""

    name: str
    running_since: tuple[Instant, ...]


@dataclass(frozen=True, slots=True)
class PastScheduler:
    """The scheduler as conditions saw it; cycles are not logged, so the present count stands."""

    started_at: Instant | None
    n_cycles: int


@dataclass(frozen=True, slots=True)
class PastSession:
    """A session as conditions saw it; parameters and zone are today's."""

    present: Owner
    history: History
    scheduler: SchedulerView
    tasks: Mapping[str, PastTask]

    @property
    def zone(self) -> tzinfo:
        """The session's zone."""
        return self.present.zone

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The session's parameters, as they are now."""
        return self.present.parameters

    def find_task(self, name: str) -> PastTask | None:
        """The task of that name."""
        known = self.tasks.get(name)
        if known is None and self.present.find_task(name) is not None:
            return PastTask(name, ())
        return known

    def call(self, function: Callable[..., Any], task: Any, given: Mapping[str, Any]) -> Any:
        """Call a user's function; it answers for now."""
        return self.present.call(function, self.present.find_task(task.name) if task else None, given)


def past_context(
    board: Board, session: Owner, task_name: str, condition: BaseCondition, at: Instant
) -> Context:
    """The situation in which the condition of a task answered at an instant.

    What began at that very instant has not happened yet: the question is why it did (or didn't).
    """
    names = {task_name, *(watch.task for watch in condition.watches() if watch.task not in (None, OWN))}
    history = MemoryHistory()
    records = list(_records(session, frozenset(map(str, names)), at))
    for seq, record in enumerate(records, 1):
        record.seq = seq
    history.add(records)
    tasks = {str(name): PastTask(str(name), _in_flight(records, str(name))) for name in names}
    started = board.started_at
    scheduler = PastScheduler(started if started is None or started <= at else None, board.n_cycles)
    view = PastSession(session, history, scheduler, tasks)
    now = session.clock.now()
    elapsed = session.clock.elapsed() - (now - at)
    return Context(now=at, elapsed=elapsed, session=view, task=tasks[task_name])


def _records(session: Owner, names: frozenset[str], at: Instant) -> Iterable[Record]:
    """Records of these tasks before the instant, in order, without the clock's `elapsed`."""
    rows = session.log.filter_by(task_name=sorted(names)).tail(_MOST_READ)
    for row in rows:
        record = record_of(row)
        if record.at < at or (
            record.at == at and record.action is not Action.RUN and _began_before(record, at)
        ):
            yield record


def _began_before(record: Record, at: Instant) -> bool:
    return record.start is not None and record.start < at


def _in_flight(records: Iterable[Record], name: str) -> tuple[Instant, ...]:
    flying: dict[str, Instant] = {}
    for record in records:
        if record.task_name != name:
            continue
        if record.action is Action.RUN:
            flying[record.run_id] = record.at
        else:
            flying.pop(record.run_id, None)
    return tuple(sorted(flying.values()))
