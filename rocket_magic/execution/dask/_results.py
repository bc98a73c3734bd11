"""Floor 4: from what a dask task gave, or how it ended, to the outcome of a run."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from rocket_magic._protocols import Action
from rocket_magic.execution._base import Outcome, RunOrder
from rocket_magic.execution._failure import exception_message
from rocket_magic.execution._outcome import terminated
from rocket_magic.execution.dask._letters import ENDED, FAILED, Answered
from rocket_magic.execution.process._answers import open_slowly, outcome_at_once
from rocket_magic.execution.process._link import Answer

__all__ = ["lost", "outcome_of", "refusal"]

_INSTALL: Final = "install it where its workers run: pip install 'rocket_magic[dask]'"


def outcome_of(order: RunOrder, result: tuple[str, Any]) -> Outcome:
    """The outcome for what the dask task of a run has given; runs code of the value's classes."""
    kind, said = result
    if isinstance(said, Answered):
        return _opened(order, said)
    if order.flag.is_set():
        return terminated(order.run_id, order.flag)
    if kind == ENDED:
        action, reason, exc_text = said
        return Outcome(order.run_id, Action(action), reason=reason, exc_text=exc_text)
    if kind == FAILED:
        return Outcome(order.run_id, Action.FAIL, reason=said, exc_text=f"{said}\n")
    return lost(order, said)


def _opened(order: RunOrder, answered: Answered) -> Outcome:
    answer = Answer(answered.head, answered.body)
    outcome = outcome_at_once(order, answer) or open_slowly(order, answer)
    if answered.reason is None:
        return outcome
    reason = answered.reason if outcome.reason is None else f"{outcome.reason}; {answered.reason}"
    return replace(outcome, reason=reason)


def lost(order: RunOrder, reason: str) -> Outcome:
    """The outcome of a run that the cluster has lost; terminated when that was wanted."""
    if order.flag.is_set():
        return terminated(order.run_id, order.flag)
    return Outcome(order.run_id, Action.CRASH, reason=reason)


def refusal(error: BaseException) -> str:
    """Why a cluster did not carry out a dask task, for what dask raised."""
    name = type(error).__name__
    text = exception_message(error)
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ModuleNotFoundError) and (cause.name or "").partition(".")[0] == "rocket_magic":
            return f"the dask cluster has no rocket_magic: {_INSTALL}"
        cause = cause.__cause__ or cause.__context__
    if "No module named 'rocket_magic" in text:
        return f"the dask cluster has no rocket_magic: {_INSTALL}"
    if name == "KilledWorker":
        return "the dask worker that carried it out was lost"
    if "CancelledError" in name:
        why = getattr(error, "reason", None)  # newer versions say it
        if why == "scheduler-connection-lost":
            return "the connection to the dask scheduler was lost"
        told = "the connection to the dask scheduler was lost, or somebody else cancelled the dask task"
        return f"{told} ({why})" if why else told
    return f"the dask cluster did not carry it out: {text}"
