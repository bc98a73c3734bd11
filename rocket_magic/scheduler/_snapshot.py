"""Floor 7: snapshots. Immutable pictures of tasks and scheduler, for other threads and the dashboard."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rocket_magic._protocols import Action
from rocket_magic.clock import SystemClock, VirtualClock
from rocket_magic.conditions import AlwaysFalse
from rocket_magic.exc import ClockError
from rocket_magic.instants import NEVER, POLL, Instant, to_seconds
from rocket_magic.scheduler._board import Board, Phase

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rocket_magic.log import Record
    from rocket_magic.tasks import Task

RECENT_RUNS = 12


@dataclass(frozen=True, slots=True)
class RunSnapshot:
    """One run. Instants are seconds since the epoch.

    Attributes:
        action: Its outcome; "run" while it is in flight.
        reason: Why it ended as it did, or "still running, cannot be killed".
        attempt: 0, or the number of the retry.
    """

    run_id: str
    action: str
    start: float | None
    end: float | None
    reason: str | None
    attempt: int


@dataclass(frozen=True, slots=True)
class TaskSnapshot:
    """One task.

    Attributes:
        schedule: Its start condition in the phrase language.
        status: Action of its newest record.
        next_at: When it is looked at next, seconds since the epoch; None when time alone won't start it.
        next_text: Why there is no instant, or what holds the task.
        running: Runs in flight.
        recent: The newest ended runs, newest last.
        last_error: Last line of the newest failure, or None.
        queued: Runs by hand that wait.
        problem: A condition's error or another warning, or None.
        timeout: Seconds, or None for the session's.
    """

    name: str
    description: str | None
    schedule: str
    execution: str
    status: str | None
    disabled: bool
    priority: int
    next_at: float | None
    next_text: str
    running: tuple[RunSnapshot, ...]
    recent: tuple[RunSnapshot, ...]
    last_error: str | None
    queued: int
    problem: str | None
    timeout: float | None


@dataclass(frozen=True, slots=True)
class SessionSnapshot:
    """The session. Instants are seconds since the epoch.

    Attributes:
        state: "stopped", "starting", "running", "held", "stopping", "restarting" or "crashed".
        problem: Why it is held or crashed, or None.
        clock: "real", "virtual" or "function".
    """

    state: str
    problem: str | None
    now: float
    clock: str
    zone: str
    started_at: float | None
    n_cycles: int
    runs_in_flight: int
    lost_records: int
    silenced_errors: int
    tasks: tuple[TaskSnapshot, ...]


def snapshot_session(board: Board, tasks: tuple[TaskSnapshot, ...]) -> SessionSnapshot:
    """Picture of the scheduler; reads only, so any thread may take it."""
    session = board.session
    clock = session.clock
    kind = (
        "virtual"
        if isinstance(clock, VirtualClock)
        else "real"
        if isinstance(clock, SystemClock)
        else "function"
    )
    held = board.phase is Phase.RUNNING and (board.on_hold or board.log_pause is not None)
    return SessionSnapshot(
        state="held" if held else board.phase.value,
        problem=board.problem,
        now=_time_of(board),
        clock=kind,
        zone=str(session.zone),
        started_at=None if board.started_at is None else to_seconds(board.started_at),
        n_cycles=board.n_cycles,
        runs_in_flight=len(board.runs),
        lost_records=session.log.lost,
        silenced_errors=board.silenced_errors,
        tasks=tasks,
    )


def _time_of(board: Board) -> float:
    """The time, or the last one that could be read: a picture is wanted most when the clock fails."""
    try:
        return board.session.clock()
    except ClockError:
        return to_seconds(board.now)


def snapshot_task(board: Board, task: Task) -> TaskSnapshot:
    """Picture of one task; reads only, so any thread may take it."""
    recent = board.session.log.recent_runs(task.name, RECENT_RUNS)
    ended = tuple(
        RunSnapshot(
            one.run_id, one.action.value, _seconds(one.start), _seconds(one.end), one.reason, one.attempt
        )
        for one in recent
    )
    status = board.session.log.history.status(task.name)
    next_at, next_text = _next(board, task)
    timeout = task._timeout  # noqa: SLF001  the stored span
    return TaskSnapshot(
        name=task.name,
        description=task.description,
        schedule="by hand" if isinstance(task.start_cond, AlwaysFalse) else str(task.start_cond),
        execution=task.execution or board.session.config.execution,
        status=None if status is None else status.value,
        disabled=task.disabled,
        priority=task.priority,
        next_at=next_at,
        next_text=next_text,
        running=_in_flight(task),
        recent=ended,
        last_error=_last_error(recent),
        queued=len(task.batches),
        problem=task.problem,
        timeout=None if timeout is None else to_seconds(timeout),
    )


def _in_flight(task: Task) -> tuple[RunSnapshot, ...]:
    return tuple(
        RunSnapshot(
            run.run_id,
            "run",
            to_seconds(run.started_at),
            None,
            "still running, cannot be killed" if run.state.value == "deaf" else run.end_reason,
            run.attempt,
        )
        for run in list(task.runs.values())
    )


def _next(board: Board, task: Task) -> tuple[float | None, str]:
    if task.held_by:
        return None, f"waits: {task.held_by}"
    if task.disabled:
        return None, "disabled"
    if task.on_startup or task.on_shutdown:
        return None, "at startup" if task.on_startup else "at shutdown"
    if isinstance(task.start_cond, AlwaysFalse):
        return None, "by hand"
    at = task.look_at
    if at is not None and board.phase is Phase.RUNNING:
        return to_seconds(at), ""
    if board.phase is not Phase.RUNNING:
        return None, "the scheduler is not running"
    if task.runs:
        return None, "after the run in flight"
    expected = _expected(board, task)
    if expected is not None:
        return to_seconds(expected), ""
    from_events = sorted({watch.task for watch in task.start_cond.watches() if watch.task})
    return None, "depends on " + ", ".join(
        f"task {name!r}" for name in from_events
    ) if from_events else "never"


def _expected(board: Board, task: Task) -> Instant | None:
    """When a task that was not looked at yet will be due, as far as its condition can tell."""
    try:
        context = board.session.context(task)
        if task.start_cond.holds(context):
            return context.now
        at = task.start_cond.next_change(context)
    except Exception:
        return None  # the look that follows will tell of it
    return None if at in (NEVER, POLL) else at


def _last_error(recent: Sequence[Record]) -> str | None:
    for one in reversed(recent):
        text = one.exc_text or one.reason
        if one.action in (Action.FAIL, Action.CRASH) and text:
            return text.strip().splitlines()[-1]
    return None


def _seconds(instant: Instant | None) -> float | None:
    return None if instant is None else to_seconds(instant)
