"""Async runs: cancellation, and what is no cancellation of ours."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable

from rocket_magic._protocols import Action
from rocket_magic.execution import Outcome
from tests.execution.rig import Rig

Make = Callable[..., Rig]


async def _for_ever() -> None:
    await asyncio.sleep(1000)


def test_terminate_cancels(make_rig: Make) -> None:
    """S66: it ends at its next await, with the reason in the outcome."""
    rig = make_rig("async")
    order = rig.start(_for_ever)
    rig.turn()
    assert rig.executor.terminate(order.run_id, "timeout") is False
    outcome = rig.outcome()
    assert (outcome.action, outcome.reason) == (Action.TERMINATE, "timeout")


def test_terminate_before_the_first_step(make_rig: Make) -> None:
    """A task that never got to run is reported, too."""
    rig = make_rig("async")
    order = rig.start(_for_ever)
    rig.executor.kill(order.run_id, "at once")
    outcome = rig.outcome()
    assert (outcome.action, outcome.reason) == (Action.TERMINATE, "at once")


def test_terminate_from_another_thread(make_rig: Make) -> None:
    """Any thread may ask while the loop turns."""
    rig = make_rig("async")
    order = rig.start(_for_ever)
    timer = threading.Timer(0.02, rig.executor.terminate, (order.run_id, "from afar"))
    timer.start()
    assert rig.outcome().reason == "from afar"
    timer.join()


def test_a_refused_cancellation(make_rig: Make) -> None:
    """A coroutine that swallows the cancellation and returns has succeeded."""

    async def stubborn() -> str:
        try:
            await _for_ever()
        except asyncio.CancelledError:
            return "not now"
        return "?"

    rig = make_rig("async")
    order = rig.start(stubborn)
    rig.turn()
    rig.executor.terminate(order.run_id, "enough")
    outcome = rig.outcome()
    assert (outcome.action, outcome.value) == (Action.SUCCESS, "not now")


def test_somebody_elses_cancellation_is_a_failure(make_rig: Make) -> None:
    """F3: `terminate` only when we asked for it."""

    async def cancels_itself() -> None:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        await asyncio.sleep(0)

    outcome = make_rig("async").run(cancels_itself)
    assert (outcome.action, outcome.reason) == (Action.FAIL, "cancelled, but not by the scheduler")


def test_close_cancels(make_rig: Make) -> None:
    """What is left in flight is cancelled."""
    rig = make_rig("async")
    rig.start(_for_ever)
    rig.turn()
    rig.executor.close()
    assert rig.outcome().action is Action.TERMINATE


def test_many_at_once(make_rig: Make) -> None:
    """Runs are concurrent: a hundred that wait for each other end."""
    rig = make_rig("async")
    barrier = asyncio.Barrier(100)
    for _ in range(100):
        rig.start(barrier.wait)
    outcomes: list[Outcome] = [rig.outcome() for _ in range(100)]
    assert {outcome.action for outcome in outcomes} == {Action.SUCCESS}


def test_asyncio_is_loaded_in_the_background() -> None:
    """A scheduler with async tasks has it before they are due."""
    code = """
        import sys, threading
        from rocket_magic.execution import make_executors
        executors = make_executors()
        executors["async"]
        assert "asyncio" not in sys.modules
        executors.prepare("async")
        for thread in threading.enumerate():
            if thread is not threading.main_thread():
                thread.join()
        assert "asyncio" in sys.modules
        executors.close()
    """
    # Measuring coverage in child processes loads it itself.
    env = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=True, env=env)
