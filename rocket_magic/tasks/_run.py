"""Floor 5: one execution of a task, while it is in flight.

Owned by the scheduler's thread: nobody else writes it.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rocket_magic.instants import Instant, Span

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Protocol

    from rocket_magic.args import Parameters
    from rocket_magic.execution import Executor, RunOrder
    from rocket_magic.tasks._base import Task

    class Bracket(Protocol):
        """What follows a run: the second halves of its execution hooks."""

        def close(self, exc_info: tuple[Any, Any, Any]) -> list[BaseException]: ...


class RunState(enum.Enum):
    """How far a run in flight has come."""

    RECORDING = "recording"  # its `run` record is on the way to the repository; no code runs yet
    RUNNING = "running"
    ENDING = "ending"  # it was asked to end
    DEAF = "deaf"  # a thread that did not listen within the grace period; it can't be killed
    CLOSING = "closing"  # its outcome is on the way to the repository


@dataclass(slots=True, eq=False)
class TaskRun:
    """A run in flight.

    Attributes:
        run_id: Its id in the records.
        number: Counts the runs of the session; outcomes of one instant are taken in this order.
        task: The task as it was when the run began.
        task_name: The name it began with; a renamed task's run ends under the old name.
        started_at: Instant of the start.
        started_uptime: The clock's uptime at the start; timeouts count from it.
        due: Instant for which the start was due.
        merged: How many further due instants this one start stands for.
        attempt: 0 for a scheduled or manual start, n for the n-th retry.
        deadline: Uptime at which the timeout strikes, or None.
        order: What the executor was given.
        executor: Who carries it out.
        state: How far it has come.
        end_reason: Why it was asked to end.
        grace_until: Uptime until which a thread may still react to its flag, or None.
        look_at: Instant of the next look at its end condition.
        params_text: Its parameters as text, for the record.
        mode: How it is carried out; process runs count against `max_process_count`.
        bracket: The execution hooks that are open around it.
        given_up: Whether a virtual clock moves on without it: a thread that is deaf and doesn't sleep.
        batch: The parameters queued for it, when it was started by hand.
        masked: Takes the secrets among its parameters out of a text; None when there are none.
    """

    run_id: str
    number: int
    task: Task
    task_name: str
    started_at: Instant
    started_uptime: Span
    started_elapsed: Span
    due: Instant
    merged: int = 0
    attempt: int = 0
    deadline: Span | None = None
    order: RunOrder | None = None
    executor: Executor | None = None
    state: RunState = RunState.RECORDING
    end_reason: str | None = None
    grace_until: Span | None = None
    look_at: Instant | None = None
    params_text: str | None = None
    mode: str = ""
    bracket: Bracket | None = None
    given_up: bool = False
    batch: Parameters | None = None
    masked: Callable[[str], str] | None = None

    @property
    def occurrence(self) -> Instant | None:
        """What the records say it was due for: nothing, when it was given parameters by hand."""
        return None if self.batch else self.due
