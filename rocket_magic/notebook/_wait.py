"""Floor 9: waits in the foreground, for a run or for another clock; the stop button ends the waiting."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from rocket_magic._protocols import OUTCOMES
from rocket_magic.args import Parameters
from rocket_magic.clock import VirtualClock
from rocket_magic.exc import ClockError, TaskError
from rocket_magic.session import Session
from rocket_magic.tasks import Task

__all__ = ["restart_and_wait", "run_and_wait", "until_clock_is", "until_state_is"]

_LOOK_EVERY = 0.2
_LONGEST_RESTART = 10.0
_LONGEST_ANSWER = 1.0


class _Watcher:
    """Notes the outcome of the run that is made of one batch; others may start and end meanwhile."""

    def __init__(self, batch: Parameters) -> None:
        self.batch = batch
        self.done = threading.Event()
        self.result: tuple[str, str] | None = None

    def __call__(self, change: Any) -> None:
        if change.batch is self.batch and change.record.action in OUTCOMES:
            self.result = (change.record.run_id, change.record.action.value)
            self.done.set()


def run_and_wait(session: Session, task: Task, values: Mapping[str, Any]) -> tuple[str, str]:
    """Queue one run and wait for its outcome.

    Returns:
        Run id and outcome.

    Raises:
        TaskError: The scheduler isn't running, so that the run would never start; or the task was taken out.
    """
    batch = Parameters(values)
    watcher = _Watcher(batch)
    forget = session.subscribe(watcher)
    try:
        session.queue_batch(task, batch)
        while not watcher.done.wait(_LOOK_EVERY):
            state = session.snapshot_state().state
            if state in {"stopped", "held", "crashed"} and not task.is_running:
                msg = f"task {task.name!r} waits: the scheduler is {state}; %rocket start lets it run"
                raise TaskError(msg)
            if task.name not in session and not task.is_running:
                msg = f"task {task.name!r} was taken out before its run started"
                raise TaskError(msg)
    finally:
        forget()
    assert watcher.result is not None
    return watcher.result


def until_state_is(session: Session, *states: str) -> None:
    """Wait a moment for the scheduler to be in one of these states: it takes note of a wish in its loop."""
    there = threading.Event()

    def look(_change: Any = None) -> None:
        if session.snapshot_state().state in states:
            there.set()

    forget = session.subscribe(look)
    try:
        look()
        there.wait(_LONGEST_ANSWER)
    finally:
        forget()


def restart_and_wait(session: Session, *, force: bool) -> bool:
    """Restart; whether the scheduler was up again within a moment (runs in flight end first)."""
    up = threading.Event()
    was_down = threading.Event()

    def look(_change: Any) -> None:
        if not _is_up(session):
            was_down.set()
        elif was_down.is_set():
            up.set()

    forget = session.subscribe(look)
    try:
        session.restart(force=force)
        return up.wait(_LONGEST_ANSWER)
    finally:
        forget()


def until_clock_is(session: Session, clock: VirtualClock | None) -> None:
    """Put a clock in place: a restart does it, at once when nothing runs.

    Args:
        session: The session.
        clock: A virtual clock, or None for real time.

    Raises:
        ClockError: Runs in flight keep the scheduler from restarting for too long.
    """
    session.config.time_func = clock
    if not session.scheduler.is_alive:
        session.renew_clock()
        return
    there = threading.Event()

    def look(_change: Any = None) -> None:
        now = session.clock
        if (now is clock if clock is not None else not isinstance(now, VirtualClock)) and _is_up(session):
            there.set()

    forget = session.subscribe(look)
    try:
        session.restart()
        if not there.wait(_LONGEST_RESTART):
            msg = "the clock changes when the runs in flight have ended; %rocket status shows them"
            raise ClockError(msg)
    finally:
        forget()


def _is_up(session: Session) -> bool:
    return session.snapshot_state().state in {"running", "held"}
