"""Floor 4: the runs of one session on one dask worker.

Each session has an executor of its own there, and so a fork server and settings of its own. `stay` blocks the
thread of a dask task while the run goes on; all may be called from any thread.
"""

from __future__ import annotations

import asyncio
import threading
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Any, Final

from rocket_magic.exc import TaskSetupError
from rocket_magic.execution._base import ExecutionSettings, Flag, Outcome, RunOrder
from rocket_magic.execution.dask._far_clock import FarClock
from rocket_magic.execution.dask._letters import (
    ENDED,
    FAILED,
    OUTPUT,
    RECORD,
    REFUSED,
    SLEEP,
    Answered,
    Grant,
    Ticket,
)
from rocket_magic.execution.dask._post import Post
from rocket_magic.execution.process._executor import ProcessExecutor
from rocket_magic.execution.process._link import Answer

__all__ = ["Guest", "Stay"]

_GRANT: Final = 60.0
"""Seconds to wait for a run whose session was told that its dask task is here."""
_HEARD: Final = 10.0
"""Seconds to wait until a run's last words have been heard."""


@dataclass(slots=True, eq=False)
class Stay:
    """One run, or the dask task that waits for it.

    Attributes:
        ticket: What the dask task was given.
        number: Tells two dask tasks of one run apart.
        grant: The run, or why it is not to be.
        outcome: How it ended.
        run_id: Its id, once it has begun.
        clock: Its clock, where that is a virtual one.
        asked: Why it shall end.
    """

    ticket: Ticket
    number: str = field(default_factory=lambda: uuid.uuid4().hex)
    grant: SimpleQueue[Grant | str] = field(default_factory=SimpleQueue)
    outcome: SimpleQueue[Outcome] = field(default_factory=SimpleQueue)
    run_id: str | None = None
    clock: FarClock | None = None
    asked: str | None = None


class Guest:
    """What a dask worker keeps for one session.

    Args:
        loop: The dask worker's.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.post = Post(loop)
        self._settings = ExecutionSettings()
        self._executor: ProcessExecutor | None = None
        self._stays: dict[str, Stay] = {}
        self._lock = threading.Lock()
        self._closed = False

    @property
    def is_idle(self) -> bool:
        """Whether it has no run here."""
        return not self._stays

    def stay(self, ticket: Ticket, announce: Callable[[Stay], None]) -> tuple[str, Any]:
        """Wait for a run and carry it out; the result of the dask task."""
        stay = Stay(ticket)
        with self._lock:
            if self._closed or ticket.key in self._stays:
                return REFUSED, "the dask worker is closing, or has the run already"
            self._stays[ticket.key] = stay
        try:
            announce(stay)
            try:
                grant = stay.grant.get(timeout=_GRANT)
            except Empty:
                return REFUSED, f"the session did not send the run within {_GRANT:.0f} s"
            if isinstance(grant, str):
                return REFUSED, grant
            return self._carry_out(stay, grant)
        finally:
            with self._lock:
                self._stays.pop(ticket.key, None)

    def _carry_out(self, stay: Stay, grant: Grant) -> tuple[str, Any]:
        try:
            self._begin(stay, grant)
        except TaskSetupError as error:
            return FAILED, str(error)
        outcome = stay.outcome.get()
        self.post.finish(stay.ticket.key, _HEARD)
        if isinstance(outcome.value, Answer):
            answer = outcome.value
            return ENDED, Answered(answer.head, bytes(answer.body), outcome.reason)
        return ENDED, (str(outcome.action), outcome.reason, outcome.exc_text)

    def _begin(self, stay: Stay, grant: Grant) -> None:
        key = stay.ticket.key
        for name, value in grant.settings.items():
            setattr(self._settings, name, value)
        if grant.now is not None:
            stay.clock = FarClock(grant.now, lambda number, span: self.post.put(key, SLEEP, (number, span)))
        order = RunOrder(
            grant.run_id, grant.task_name, _nothing, sink=_Sink(self.post, key), flag=Flag(),
            options={"take_record": lambda _order, data: self.post.put(key, RECORD, data)},
        )  # fmt: skip
        if stay.clock is not None:
            order.clock = stay.clock  # type: ignore[assignment]  # the part of a clock that is asked here
        with self._lock:
            if self._closed:
                msg = "the dask worker is closing"
                raise TaskSetupError(msg)
            if self._executor is None:
                self._executor = ProcessExecutor(self._settings)
            stay.run_id = grant.run_id
            executor = self._executor
        executor.start_packed(order, stay.outcome.put, grant.body, grant.place, grant.layout)
        if stay.asked is not None:
            executor.terminate(grant.run_id, stay.asked)

    # What the session says

    def give(self, key: str, grant: Grant | str) -> bool:
        """Give a run to the dask task that waits for it, or say why there will be none; whether it waits."""
        stay = self._stays.get(key)
        if stay is not None:
            stay.grant.put(grant)
        return stay is not None

    def end(self, key: str, reason: str, grace: float) -> bool:
        """Ask a run to end, by force after so many seconds (0: now); whether it is here."""
        stay = self._stays.get(key)
        if stay is None:
            return False
        with self._lock:
            stay.asked = reason
            run_id, executor = stay.run_id, self._executor
        self._settings.grace = grace
        if run_id is None or executor is None:
            stay.grant.put(reason)
        else:
            executor.terminate(run_id, reason)
        return True

    def wake(self, key: str, number: int, now: int) -> None:
        """A sleep of a run is over."""
        stay = self._stays.get(key)
        if stay is not None and stay.clock is not None:
            stay.clock.wake(number, now)

    def close(self, reason: str = "the dask worker was closed") -> None:
        """End all runs, and what carries them out."""
        with self._lock:
            self._closed = True
            stays, executor = list(self._stays.values()), self._executor
            self._executor = None
        for stay in stays:
            stay.grant.put(reason)
        if executor is not None:
            executor.close()
        self.post.close()


def _nothing() -> None:
    """What the order of a packed run has to call."""


class _Sink:
    """Posts what a run writes; the rest of a sink is not for runs in processes."""

    def __init__(self, post: Post, key: str) -> None:
        self._post = post
        self._key = key

    def write(self, stream: str, text: str) -> None:
        """Post it."""
        self._post.put(self._key, OUTPUT, (stream, text))

    def display(
        self,
        data: Mapping[str, Any],
        metadata: Mapping[str, Any],
        transient: Mapping[str, Any],
        *,
        update: bool,
    ) -> None:
        """Never asked for."""

    def clear(self, *, wait: bool) -> None:
        """Never asked for."""

    def error(self, name: str, message: str, traceback: Iterable[str]) -> None:
        """Never asked for."""

    def close(self) -> None:
        """Never asked for."""
