"""Floor 7: what was due while nothing ran. Told once at the start, one line per task (rule D3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rocket_magic._protocols import OWN, Action, Context
from rocket_magic.exc import USER_ERRORS
from rocket_magic.instants import NEVER, POLL, Instant, Span, from_timedelta, to_datetime
from rocket_magic.log import MemoryHistory, Record
from rocket_magic.scheduler._board import Board
from rocket_magic.scheduler._past import PastScheduler, PastSession, PastTask

if TYPE_CHECKING:
    from rocket_magic.tasks import Task

_MOST_LOOKS = 300
_MOST_LOOKS_IN_ALL = 1500
"""Bounds the counting to some 30 ms, however many tasks missed however much."""

_RUN = frozenset({Action.RUN})


@dataclass(frozen=True, slots=True)
class Missed:
    """The starts that a task missed.

    Attributes:
        first: The earliest.
        last: The latest; when not all were looked at, the latest that was.
        count: How many there were.
        counted: Whether `count` is exact; else it goes on from those looked at.
    """

    first: Instant
    last: Instant
    count: int
    counted: bool


def tell_missed(board: Board) -> None:
    """Log what each task missed since its last run; a start that its grace still covers is made up."""
    left = _MOST_LOOKS_IN_ALL
    for task in board.session.task_list():
        if left <= 0:
            return
        try:
            missed, looks = _missed(board, task, min(left, _MOST_LOOKS))
            left -= looks
            if missed is not None:
                _tell(board, task, missed)
        except USER_ERRORS:
            continue


def _missed(board: Board, task: Task, most: int) -> tuple[Missed | None, int]:
    """Play the time since the last run through, as if each start had been made."""
    condition = task.start_cond
    session, name = board.session, task.name
    before = session.log.history.last(name, _RUN)
    alone = all(watch.task in (None, OWN, name) for watch in condition.watches())
    if before is None or not alone or task.disabled or task.on_startup or task.on_shutdown:
        return None, 1
    history = MemoryHistory()
    view = PastSession(session, history, PastScheduler(None, 0), {})
    as_if = PastTask(name, ())

    def run_at(instant: Instant) -> None:
        seq = 2 * len(found) + 1
        history.add(
            [Record(name, Action.RUN, instant, seq=seq), Record(name, Action.SUCCESS, instant, seq=seq + 1)]
        )

    found: list[Instant] = []
    at, looks = before.at, 0
    run_at(at)
    while looks < most:
        looks += 1
        context = Context(at, 0, view, as_if)
        if looks > 1 and condition.holds(context):
            found.append(at)
            run_at(at)
        change = condition.next_change(context)
        if change in (POLL, NEVER) or change <= at or change >= board.now:
            break
        at = change
    else:
        return _estimated(found, board.now), looks
    if found and condition.holds(board.context(task)):
        found.pop()  # its time is not over: it starts now
    return (Missed(found[0], found[-1], len(found), True) if found else None), looks


def _estimated(found: list[Instant], now: Instant) -> Missed | None:
    if not found:
        return None
    gap: Span = max((found[-1] - found[0]) // max(len(found) - 1, 1), 1)
    return Missed(found[0], found[-1], len(found) + (now - found[-1]) // gap, False)


def _tell(board: Board, task: Task, missed: Missed) -> None:
    zone = board.session.zone
    first, last = (f"{to_datetime(at, zone):%Y-%m-%d %H:%M:%S}" for at in (missed.first, missed.last))
    made_up = missed.counted and board.now - missed.last <= _grace(board, task)
    board.scheduler_log.warning(
        "Task %r missed %s%d %s while the scheduler was down: %s%s",
        task.name,
        "" if missed.counted else "about ",
        missed.count,
        "start" if missed.count == 1 else "starts",
        first if missed.count == 1 else f"first {first}" + (f", last {last}" if missed.counted else ""),
        "; the last one is made up now" if made_up else "",
    )
    if made_up:
        board.dirty[task] = missed.last


def _grace(board: Board, task: Task) -> Span:
    """How late a start may be; without a grace time nothing is made up."""
    own = task._misfire_grace_time  # noqa: SLF001  the stored span; the field shows a timedelta
    configured = board.session.config.misfire_grace_time
    return own if own is not None else -1 if configured is None else from_timedelta(configured)
