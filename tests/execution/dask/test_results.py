"""From what a dask task gave, or raised, to an outcome."""

from __future__ import annotations

import pytest

from rocket_magic._protocols import Action
from rocket_magic.execution import RunOrder
from rocket_magic.execution.dask._letters import ENDED, FAILED, REFUSED, mismatch, versions
from rocket_magic.execution.dask._results import lost, outcome_of, refusal


def order() -> RunOrder:
    """Any."""
    return RunOrder("r", "t", list)


@pytest.mark.parametrize(
    ("result", "action", "reason"),
    [
        ((ENDED, ("crash", "the process of the run died: exit code 5", None)), Action.CRASH, "exit code 5"),
        ((FAILED, "no room"), Action.FAIL, "no room"),
        ((REFUSED, "other versions"), Action.CRASH, "other versions"),
    ],
)
def test_what_came_back(result, action: Action, reason: str) -> None:
    """Crashes are crashes, and what could not begin says why; who was asked to end is terminated."""
    outcome = outcome_of(order(), result)
    assert outcome.action is action
    assert reason in (outcome.reason or "")
    asked = order()
    asked.flag.set("timeout")
    assert (outcome_of(asked, result).action, outcome_of(asked, result).reason) == (
        Action.TERMINATE,
        "timeout",
    )
    assert lost(asked, "gone").reason == "timeout"


class KilledWorker(Exception):
    """As dask names it."""


class FutureCancelledError(Exception):
    """As dask names it."""

    def __init__(self, reason: str) -> None:
        self.reason = reason


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (KilledWorker(), "the dask worker that carried it out was lost"),
        (FutureCancelledError("scheduler-connection-lost"), "the connection to the dask scheduler was lost"),
        (
            FutureCancelledError("scheduler-restart"),
            "or somebody else cancelled the dask task (scheduler-restart)",
        ),
        (
            ModuleNotFoundError("x", name="rocket_magic.args"),
            "the dask cluster has no rocket_magic: install it",
        ),
        (RuntimeError("No module named 'rocket_magic'"), "the dask cluster has no rocket_magic: install it"),
        (
            ModuleNotFoundError("No module named 'other'", name="other"),
            "the dask cluster did not carry it out: ",
        ),
    ],
)
def test_refusals(error: Exception, text: str) -> None:
    """Each is told in words of ours."""
    assert text in refusal(error)


def test_versions() -> None:
    """The same ones fit; all that differ are named, on both sides."""
    python, cloudpickle, own = versions()
    assert mismatch((python, cloudpickle, own)) is None
    text = mismatch(("Python 3.1", cloudpickle, "rocket_magic 0.0"))
    assert text == (
        f"code does not travel between versions (Python 3.1 in the session, {python} on the dask worker and "
        f"rocket_magic 0.0 in the session, {own} on the dask worker): use the same environment for both"
    )
