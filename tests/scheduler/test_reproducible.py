"""The same steps give the same records, byte for byte, whatever the threads' luck (issue: time travel)."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Iterator

import pytest

from rocket_magic import Rocketry, VirtualClock
from rocket_magic.args import Clock, TerminationFlag
from rocket_magic.conds import after_finish, after_success, daily, every, hourly, scheduler_cycles
from rocket_magic.exc import TaskTerminationException


@pytest.fixture(params=[1e-6, 5e-3, 0.1])
def switching(request) -> Iterator[None]:
    """Threads that change places all the time, as usual, and hardly ever: other luck."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(request.param)
    yield
    sys.setswitchinterval(before)


def napping(minutes: int):
    """A task that sleeps and looks at its flag now and then."""

    def nap(clock=Clock(), flag=TerminationFlag()):
        for _ in range(minutes):
            if flag.is_set():
                raise TaskTerminationException
            clock.sleep(60)

    return nap


async def turning() -> None:
    """A task of the event loop."""
    for _ in range(3):
        await asyncio.sleep(0)


def collisions() -> Rocketry:
    """A session in which runs end, time out, wake and start at the same instants."""
    app = Rocketry(config={"time_func": VirtualClock("2026-01-01"), "execution": "thread"})
    for n in (5, 10, 15, 30):
        app.task(every(f"{n} min"), name=f"nap of {n}", func=napping(n), timeout="10 min")
        app.task(after_finish(f"nap of {n}"), name=f"after {n}", func=turning, execution="async")
    app.task(hourly, name="hour", func=napping(60), timeout="1 hour")
    app.task(after_success("hour") & daily, name="after hour", func=napping(1))
    app.task(hourly, name="ended", func=napping(50), end_cond=after_finish("nap of 10"))
    app.task(scheduler_cycles(more_than=20) & daily, name="cycles", func=napping(2))
    app.task(every("7 min"), name="main", func=lambda: None, execution="main")
    return app


def records_of(app: Rocketry, steps: list[str]) -> list[str]:
    """The log after some steps, as text."""
    for span in steps:
        app.step(span)
    rows = [repr(row) for row in app.session.get_task_log()]
    assert app.session.stop(force=True, wait=20)
    return rows


@pytest.fixture(scope="module")
def expected() -> list[str]:
    """What one big step records."""
    return records_of(collisions(), ["6 hours"])


@pytest.mark.usefixtures("switching")
@pytest.mark.parametrize("steps", [["6 hours"], ["1 hour"] * 6, ["7 min 30 s"] * 48])
def test_the_same_steps_give_the_same_records(expected, steps):
    """One big step, and many small ones, on threads with other luck."""
    assert records_of(collisions(), steps) == expected


@pytest.mark.usefixtures("switching")
@pytest.mark.parametrize("switching", [1e-4], indirect=True)
def test_a_busy_machine_changes_nothing(expected):
    """Threads that take the processor away from the runs."""
    over = threading.Event()

    def burn() -> None:
        while not over.is_set():
            sum(range(1000))

    burners = [threading.Thread(target=burn) for _ in range(2)]
    for burner in burners:
        burner.start()
    try:
        assert records_of(collisions(), ["1 hour"] * 6) == expected
    finally:
        over.set()
        for burner in burners:
            burner.join()
