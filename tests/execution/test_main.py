"""Runs on the scheduler's own thread."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Coroutine
from types import FrameType
from typing import Any

from rocket_magic._protocols import Action
from rocket_magic.execution import in_run_code
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


def test_the_code_of_a_run_is_known_on_the_stack(make_rig: Make) -> None:
    """F2: a handler of Ctrl-C raises there only, where the exception becomes the outcome."""
    rig = make_rig("main")
    seen: list[bool] = []

    def take(_number: int, frame: FrameType | None) -> None:
        seen.append(in_run_code(frame))
        if seen[-1]:
            raise KeyboardInterrupt

    def busy() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        threading.Event().wait(10)

    before = signal.signal(signal.SIGINT, take)
    try:
        os.kill(os.getpid(), signal.SIGINT)
        assert rig.run(busy).action is Action.FAIL
    finally:
        signal.signal(signal.SIGINT, before)
    assert seen == [False, True]
