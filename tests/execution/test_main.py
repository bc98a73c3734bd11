"""Runs on the scheduler's own thread."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from rocket_magic._protocols import Action
from tests.execution import bodies
from tests.execution.rig import Rig

Make = Callable[..., Rig]


def test_inline(make_rig: Make) -> None:
    """The outcome is there when `start` returns, and the code ran on the calling thread."""
    rig = make_rig("main")
    rig.start(threading.get_ident)
    assert rig.outcomes.get_nowait().value == threading.get_ident()


def test_coroutines_go_to_the_runner(make_rig: Make) -> None:
    """The scheduler decides how a coroutine is awaited; the outcome comes when it ends."""
    kept: list[Coroutine[Any, Any, None]] = []
    rig = make_rig("main", runner=kept.append)
    order = rig.start(bodies.give_five_later)
    assert rig.outcomes.empty()
    assert rig.executor.terminate(order.run_id, "no way") is False
    assert order.flag.is_set()
    asyncio.run(kept[0])
    assert rig.outcomes.get_nowait().value == 5


def test_a_broken_runner_fails_the_run(make_rig: Make) -> None:
    """The run gets its outcome even so."""

    def broken(coroutine: Coroutine[Any, Any, None]) -> None:
        coroutine.close()
        msg = "no loop"
        raise RuntimeError(msg)

    outcome = make_rig("main", runner=broken).run(bodies.give_five_later)
    assert outcome.action is Action.FAIL
    assert "no loop" in (outcome.exc_text or "")


def test_a_persons_interrupt_is_passed_on(make_rig: Make) -> None:
    """F2: Ctrl-C during a run ends the run *and* reaches the scheduler; a raised one only the run."""
    rig = make_rig("main")

    def busy() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        threading.Event().wait(10)

    with pytest.raises(KeyboardInterrupt):
        rig.start(busy)
    assert rig.outcomes.get_nowait().action is Action.FAIL
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert rig.run(bodies.interrupt).action is Action.FAIL
