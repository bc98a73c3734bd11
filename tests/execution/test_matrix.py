"""Executors x outcomes: whatever a task does, in every mode, one truthful outcome comes of it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from rocket_magic._protocols import Action
from rocket_magic.execution import Outcome
from rocket_magic.execution._failure import LONGEST_TEXT
from tests.execution import bodies
from tests.execution.rig import Rig

S, F, T, N = Action.SUCCESS, Action.FAIL, Action.TERMINATE, Action.INACTION

CASES: list[tuple[Callable[[], Any], Action, dict[str, Any]]] = [
    (bodies.give_five, S, {"value": 5}),
    (bodies.give_five_later, S, {"value": 5}),
    (bodies.fail, F, {"reason": None}),
    (bodies.fail_later, F, {"reason": None}),
    (bodies.be_idle, N, {"reason": "nothing new", "exc_text": None}),
    (bodies.give_up, T, {"reason": "was told to", "exc_text": None}),
    (bodies.shut_down, S, {"signal": "exit"}),
    (bodies.restart, S, {"signal": "restart"}),
    (bodies.exit_three, F, {"reason": "exited with 3"}),
    (bodies.exit_zero, F, {"reason": "exited with 0"}),
    (bodies.exit_plain, F, {"reason": "exited with 0"}),
    (bodies.exit_text, F, {"reason": "exited with 'done for'"}),
    (bodies.exit_later, F, {"reason": "exited with 3"}),
    (bodies.interrupt, F, {"reason": "interrupted: the task raised KeyboardInterrupt"}),
    (bodies.interrupt_later, F, {"reason": "interrupted: the task raised KeyboardInterrupt"}),
    (bodies.generator_exit, F, {"reason": "GeneratorExit"}),
    (bodies.cancel_unasked, F, {"reason": "cancelled, but not by the scheduler"}),
    (bodies.own_base, F, {"reason": "OwnBaseError: odd"}),
    (bodies.long_message, F, {}),
    (bodies.mute, F, {}),
    (bodies.recurse, F, {}),
    (bodies.surrogate, F, {}),
    (bodies.unpicklable_error, F, {}),
    (bodies.fussy_error, F, {}),
    (bodies.group, F, {}),
    (bodies.out_of_memory, F, {}),
    (bodies.chained, F, {}),
]


@pytest.mark.parametrize(("body", "action", "fields"), CASES, ids=[case[0].__name__ for case in CASES])
def test_outcome(rig: Rig, body: Callable[[], Any], action: Action, fields: dict[str, Any]) -> None:
    """Each way to end gives the action, the reason and the value that BEHAVIOUR 1.5 (corrected) says."""
    outcome = rig.run(body)
    assert outcome.action is action
    for name, value in fields.items():
        assert getattr(outcome, name) == value, name
    if action is Action.FAIL:
        assert outcome.exc_text is not None
        assert len(outcome.exc_text) <= LONGEST_TEXT + 100
        outcome.exc_text.encode()
        assert "rocket_magic/execution" not in outcome.exc_text
        assert body.__name__ in outcome.exc_text
    assert rig.outcomes.empty()


def test_the_executor_lives_on_after_all_of_them(rig: Rig) -> None:
    """None of these ends hurts the executor: the next run succeeds, and each is reported once."""
    ids = [rig.start(body).run_id for body, _, _ in CASES]
    outcomes = [rig.outcome() for _ in ids]
    assert sorted(ids) == sorted(outcome.run_id for outcome in outcomes)
    assert rig.run(bodies.give_five).value == 5


def test_a_report_that_fails_hurts_nobody(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    """An exception of the reporter is logged; the executor's threads go on."""
    heard = threading.Event()

    def broken(outcome: Outcome) -> None:
        heard.set()
        raise SystemExit

    rig.executor.start(rig.order(bodies.give_five), broken)
    if rig.loop is not None:
        rig.turn()
    assert heard.wait(10)
    assert rig.run(bodies.give_five).value == 5
    told = threading.Event()  # the other thread writes its line after the reporter failed
    for _ in range(1000):
        if "could not be reported" in caplog.text or told.wait(0.01):
            break
    assert "could not be reported" in caplog.text


def test_a_run_that_was_asked_to_end_before_it_began(rig: Rig) -> None:
    """It ends as terminated, with the reason; its code does not run."""
    order = rig.order(bodies.fail)
    if rig.mode == "process":
        rig.executor.start(order, rig.outcomes.put)
        rig.executor.terminate(order.run_id, "too late")
    else:
        order.flag.set("too late")
        rig.executor.start(order, rig.outcomes.put)
    outcome = rig.outcome()
    assert outcome.action is Action.TERMINATE
    assert outcome.reason == "too late"


def test_the_run_is_known_to_its_code(rig: Rig) -> None:
    """`current_run` names the run inside its code, and nothing outside."""

    def who() -> tuple[str, str]:
        run = bodies.current_run.get()
        assert run is not None
        return run.run_id, run.task_name

    order = rig.start(who, task_name="who am I")
    assert rig.outcome().value == (order.run_id, "who am I")
    assert bodies.current_run.get() is None


def test_the_run_is_known_to_a_coroutine(rig: Rig) -> None:
    """`current_run` is set after an await, too."""

    async def who() -> str:
        await bodies.give_five_later()
        run = bodies.current_run.get()
        assert run is not None
        return run.run_id

    order = rig.start(who)
    assert rig.outcome().value == order.run_id


def test_terminating_an_unknown_run_does_nothing(rig: Rig) -> None:
    """A run that has ended meanwhile can't be ended, and nothing is reported for it."""
    rig.run(bodies.give_five)
    assert rig.executor.terminate("run1", "late") is False
    assert rig.executor.kill("run1", "late") is False
    assert rig.outcomes.empty()
