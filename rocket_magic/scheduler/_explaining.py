"""Floor 7: why a task runs or doesn't. Its condition's tree, under everything else that holds it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rocket_magic._protocols import Action, Context, Explanation
from rocket_magic.conditions._words import moment
from rocket_magic.instants import NEVER, Instant
from rocket_magic.scheduler._board import Board, Owner, Phase
from rocket_magic.scheduler._past import past_context
from rocket_magic.scheduler._starting import MISSED

if TYPE_CHECKING:
    from rocket_magic.tasks import Task


def explain_task(board: Board, session: Owner, task: Task, at: Instant | None = None) -> Explanation:
    """A task's answer to "why?", as a tree.

    The root says whether it would start; its children are what holds it (each with state False) and its
    start condition.

    Args:
        board: The scheduler's state.
        session: The session.
        task: The task.
        at: Ask for this instant instead of now: the history is cut off there. Of what else held the
            task then, only its runs in flight are known.
    """
    now = session.clock.now()
    past = at is not None and at != now
    if at is not None and past:
        context = past_context(board, session, task.name, task.start_cond, at)
        holding = _what_held(context)
    else:
        context = session.context(task)
        holding = _what_holds(board, task)
    try:
        condition = task.start_cond.explain(context)
    except Exception as error:
        reason = f"raised {type(error).__name__}: {error}"
        condition = Explanation(str(task.start_cond), None, reason, NEVER)
    holds = tuple(Explanation(text, False, reason, NEVER) for text, reason in holding)
    starts = bool(condition.state) and not holds
    by_hand = bool(task.batches) and not past
    if by_hand and board.phase is Phase.RUNNING:
        reason = f"{counted(len(task.batches), 'run')} by hand queued"
    elif starts:
        reason = f"{'it was to start' if past else 'it starts now'}: {condition.reason}"
    else:
        reason = holds[0].reason if holds else condition.reason
        if not past:
            reason += _misfire(board, task, context)
    return Explanation(
        f"task {task.name!r}",
        starts or by_hand,
        reason,
        condition.changes_at,
        condition.depends_on,
        (*holds, condition),
    )


def _misfire(board: Board, task: Task, context: Context) -> str:
    """Tell of the start that was skipped last, because it would have come too late."""
    if board.session.log.history.status(task.name) is not Action.INACTION:
        return ""
    for record in board.session.log.recent_runs(task.name, 1):
        if record.action is Action.INACTION and (record.reason or "").startswith(MISSED):
            due = (
                "" if record.due is None else f" due {moment(record.due, context.now, context.session.zone)}"
            )
            return f"; the start{due} was {record.reason}"
    return ""


def _what_held(context: Context) -> list[tuple[str, str]]:
    runs = len(context.task.running_since) if context.task is not None else 0
    return [("not running", f"{counted(runs, 'run')} of it in flight")] if runs else []


def counted(number: int, word: str) -> str:
    """A number with its word: "1 run", "2 runs"."""
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def _what_holds(board: Board, task: Task) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    if board.phase is not Phase.RUNNING:
        found.append(("scheduler runs", f"the scheduler is {board.phase.value}"))
    if board.on_hold:
        found.append(("scheduler not on hold", "the scheduler is on hold"))
    if board.log_pause is not None:
        broken = "log can be written" if board.clock_error is None else "clock can be read"
        found.append((broken, board.problem or "starts are held"))
    if task.disabled:
        found.append(("enabled", "the task is disabled"))
    if task.on_startup or task.on_shutdown:
        found.append(("part of the schedule", "it runs only at startup or shutdown"))
    if task.runs:
        found.append(("not running", f"{counted(len(task.runs), 'run')} of it in flight{_ending(task)}"))
    if task.held_by:
        found.append(("free to start", task.held_by))
    if task.barred:
        found.append(("safe to start", task.barred))
    if task.problem:
        found.append(("no problem", task.problem))
    return found


def _ending(task: Task) -> str:
    """Which of its runs were asked to end, and why."""
    reasons = [run.end_reason for run in list(task.runs.values()) if run.end_reason]
    return f", asked to end: {reasons[0]}" if reasons else ""
