"""Floor 0: what upper floors implement and lower floors read.

Conditions never see a `Session` or a `Task`; they see the views below, so floors import downward
only. All views are read on the scheduler's thread, which owns the state behind them.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any, NamedTuple, Protocol

from rocket_magic.instants import Instant, Span


class Action(enum.StrEnum):
    """What a record says about a run. Values are Rocketry's log strings."""

    RUN = "run"
    SUCCESS = "success"
    FAIL = "fail"
    TERMINATE = "terminate"
    INACTION = "inaction"
    CRASH = "crash"

    # Enum's own hash is a Python function; actions are keys in every question to the history.
    __hash__ = str.__hash__


OUTCOMES: frozenset[Action] = frozenset(Action) - {Action.RUN}


class Mark(NamedTuple):
    """The newest record of one kind: when, and its place in the order of records.

    Attributes:
        at: Instant of the record.
        seq: Counts records of the session upward; orders records of one instant.
        elapsed: The clock's `elapsed()` at that time, or None when the record is of an earlier process.
    """

    at: Instant
    seq: int
    elapsed: Span | None = None


class EventKind(enum.Enum):
    """Events after which a condition must be asked again."""

    __hash__ = object.__hash__  # members are singletons; Enum's own hash is a Python function

    RUN_STARTED = "run started"
    RUN_FINISHED = "run finished"
    TASKS_CHANGED = "tasks changed"
    PARAMETERS_CHANGED = "parameters changed"
    CONFIG_CHANGED = "config changed"
    SCHEDULER_CYCLE = "scheduler cycle"


OWN = ""
"""In a `Watch`: the task that the condition belongs to (no task may have an empty name)."""


class Watch(NamedTuple):
    """An event that a condition wants to be asked after.

    Attributes:
        kind: What happens.
        task: Whose run, by name; `OWN` for the condition's own task; None where no task is involved.
    """

    kind: EventKind
    task: str | None = None


class TaskView(Protocol):
    """What a condition may know of a task."""

    @property
    def name(self) -> str: ...
    @property
    def running_since(self) -> tuple[Instant, ...]:
        """Start instants of the runs in flight, oldest first."""
        ...


class SchedulerView(Protocol):
    """What a condition may know of the scheduler."""

    @property
    def started_at(self) -> Instant | None: ...
    @property
    def n_cycles(self) -> int: ...


class History(Protocol):
    """The index over records that conditions ask. Every method is O(1) or O(log n)."""

    def last(self, task: str, actions: frozenset[Action]) -> Mark | None:
        """The newest record of `task` whose action is one of `actions`."""
        ...

    def status(self, task: str) -> Action | None:
        """Action of the newest record of `task`."""
        ...

    def happened(self, task: str, actions: frozenset[Action], start: Instant, end: Instant) -> bool:
        """Whether a record with one of `actions` lies in [start, end)."""
        ...

    def count(self, task: str, actions: frozenset[Action], start: Instant, end: Instant) -> int:
        """How many records with one of `actions` lie in [start, end)."""
        ...

    def nth_newest(self, task: str, actions: frozenset[Action], n: int) -> Instant | None:
        """Instant of the n-th newest (1 = newest) such record, or None when there are fewer."""
        ...

    def attempt(self, task: str) -> int:
        """Number of the newest run in its occurrence: 0 the scheduled start, 1 its first retry."""
        ...


class SessionView(Protocol):
    """What a condition may know of its session."""

    @property
    def zone(self) -> tzinfo: ...
    @property
    def history(self) -> History: ...
    @property
    def scheduler(self) -> SchedulerView: ...
    @property
    def parameters(self) -> Mapping[str, Any]: ...
    def find_task(self, name: str) -> TaskView | None:
        """The task of that name, or None."""
        ...

    def call(self, function: Callable[..., Any], task: TaskView | None, given: Mapping[str, Any]) -> Any:
        """Call a user's function, its arguments (`Arg(...)`, `Task()`, …) turned into values.

        Args:
            function: The function; parameters whose default is an argument object get its value.
            task: The task on whose behalf it is called.
            given: Values that are known already, by parameter name; they win.
        """
        ...


@dataclass(slots=True)  # not frozen: one is made for each look, and freezing takes four times as long
class Context:
    """The immutable situation in which a condition answers.

    Attributes:
        now: The instant that is asked about.
        elapsed: The clock's `elapsed()` at `now` (real time that no step of the wall clock touches).
        session: The session.
        task: The task that the condition belongs to; None for `shut_cond`.
        retries: Whether `retry(...)` may answer true. The scheduler asks with False to learn
            whether a start is scheduled or a retry.
    """

    now: Instant
    elapsed: Span
    session: SessionView
    task: TaskView | None = None
    retries: bool = True

    def at(self, instant: Instant) -> Context:
        """The same situation at another instant (elapsed time moves along)."""
        return dataclasses.replace(self, now=instant, elapsed=self.elapsed + instant - self.now)


@dataclass(frozen=True, slots=True)
class Explanation:
    """A condition's answer with its reasons, as a tree.

    Attributes:
        text: The condition in the phrase language.
        state: What it answers now; None when asking it raised.
        reason: Why, in words ("finished today at 10:02").
        changes_at: Instant at which the answer may next differ by itself; `NEVER`, or `POLL`.
        depends_on: Events that may change it, in words ("task 'load' finishes").
        children: Explanations of the parts.
    """

    text: str
    state: bool | None
    reason: str
    changes_at: Instant
    depends_on: tuple[str, ...] = ()
    children: tuple[Explanation, ...] = ()


class Sink(Protocol):
    """Where the output of one run goes. Thread-safe, bounded, never raises."""

    def write(self, stream: str, text: str) -> None:
        """Take text of "stdout" or "stderr"."""
        ...

    def display(
        self,
        data: Mapping[str, Any],
        metadata: Mapping[str, Any],
        transient: Mapping[str, Any],
        *,
        update: bool,
    ) -> None:
        """Take one rich output (a mime bundle); `update` replaces one of the same display id."""
        ...

    def clear(self, *, wait: bool) -> None:
        """Forget what was shown so far; with `wait`, when the next output comes."""
        ...

    def error(self, name: str, message: str, traceback: Iterable[str]) -> None:
        """Take the exception that ended the run."""
        ...

    def close(self) -> None:
        """The run is over: later writes are no longer the run's."""
        ...
