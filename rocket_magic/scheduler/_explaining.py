"""Floor 7: why a task runs or doesn't. Its condition's tree, under everything else that holds it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rocket_magic._protocols import Explanation
from rocket_magic.instants import NEVER
from rocket_magic.scheduler._board import Board, Owner, Phase

if TYPE_CHECKING:
    from rocket_magic.tasks import Task


def explain_task(board: Board, session: Owner, task: Task) -> Explanation:
    """A task's answer to "why?", as a tree.

    The root says whether it would start now; its children are what holds it (each with state False)
    and its start condition.
    """
    context = session.context(task)  # type: ignore[attr-defined]  # every session has it
    try:
        condition = task.start_cond.explain(context)
    except Exception as error:
        reason = f"raised {type(error).__name__}: {error}"
        condition = Explanation(str(task.start_cond), None, reason, NEVER)
    holds = tuple(Explanation(text, False, reason, NEVER) for text, reason in _what_holds(board, task))
    starts = bool(condition.state) and not holds
    if task.batches and board.phase is Phase.RUNNING:
        reason = f"{counted(len(task.batches), 'run')} by hand queued"
    elif starts:
        reason = "it starts now"
    elif holds:
        reason = holds[0].reason
    else:
        reason = condition.reason
    return Explanation(
        f"task {task.name!r}",
        starts or bool(task.batches),
        reason,
        condition.changes_at,
        condition.depends_on,
        (*holds, condition),
    )


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
        found.append(("log can be written", board.problem or "the task log can't be written"))
    if task.disabled:
        found.append(("enabled", "the task is disabled"))
    if task.on_startup or task.on_shutdown:
        found.append(("part of the schedule", "it runs only at startup or shutdown"))
    if task.runs:
        found.append(("not running", f"{counted(len(task.runs), 'run')} of it in flight"))
    if task.held_by:
        found.append(("free to start", task.held_by))
    if task.barred:
        found.append(("safe to start", task.barred))
    if task.problem:
        found.append(("no problem", task.problem))
    return found
