"""Floor 4: what the end of a task's code means (BEHAVIOUR 1.5, its wrong cells put right).

One table for all ways of execution: signals first, then everything else is a failure. Nothing that
a task raises is let through, since one outcome per run is the promise (F1 to F3).
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from rocket_magic._lazy import LazyModule
from rocket_magic._protocols import Action
from rocket_magic.exc import (
    SchedulerExit,
    SchedulerRestart,
    TaskInactionException,
    TaskTerminationException,
)
from rocket_magic.execution._base import Flag, Outcome, Report
from rocket_magic.execution._failure import exception_message, exception_text, printable

if TYPE_CHECKING:
    import asyncio
else:
    asyncio = LazyModule("asyncio")

__all__ = ["deliver", "outcome_of_error", "terminated"]

_logger = logging.getLogger("rocket_magic.execution")


def terminated(run_id: str, flag: Flag, exc: BaseException | None = None) -> Outcome:
    """The outcome of a run that ended because it was asked to."""
    return Outcome(run_id, Action.TERMINATE, exc=exc, reason=flag.reason)


def outcome_of_error(run_id: str, error: BaseException, flag: Flag) -> Outcome:
    """The outcome of a run whose code ended with an exception.

    Args:
        run_id: Id of the run.
        error: What was raised.
        flag: The run's flag; a cancellation is a termination only when it was asked for.
    """
    if isinstance(error, TaskInactionException):
        return Outcome(run_id, Action.INACTION, exc=error, reason=_text(error))
    if isinstance(error, TaskTerminationException):
        return Outcome(run_id, Action.TERMINATE, exc=error, reason=flag.reason or _text(error))
    if isinstance(error, SchedulerExit):
        return Outcome(run_id, Action.SUCCESS, exc=error, signal="exit")
    if isinstance(error, SchedulerRestart):
        return Outcome(run_id, Action.SUCCESS, exc=error, signal="restart")
    if isinstance(error, asyncio.CancelledError) and flag.is_set():
        return terminated(run_id, flag, error)
    return Outcome(run_id, Action.FAIL, exc=error, exc_text=exception_text(error), reason=_why(error))


def deliver(report: Report, outcome: Outcome) -> None:
    """Report an outcome; a failing reporter must not end the thread that serves all runs."""
    try:
        report(outcome)
    except BaseException:
        _logger.exception("the outcome %s of run %s could not be reported", outcome.action, outcome.run_id)


def _why(error: BaseException) -> str | None:
    """One line for failures whose traceback alone would puzzle."""
    if isinstance(error, SystemExit):
        code = 0 if error.code is None else error.code
        return printable(f"exited with {code!r}"[:200])
    if isinstance(error, KeyboardInterrupt):
        return "interrupted: the task raised KeyboardInterrupt"
    if isinstance(error, asyncio.CancelledError):
        return "cancelled, but not by the scheduler"
    if not isinstance(error, Exception):
        return exception_message(error)
    return None


def _text(error: BaseException) -> str | None:
    return exception_message(error).partition(": ")[2] or None
