"""Floor 8: rehearsing schedules in tests.

Put ``pytest_plugins = ["rocket_magic.testing"]`` into the `conftest.py` at the root of your tests, then::

    from rocket_magic.testing import starts

    def test_report_runs_each_morning(virtual_app):
        virtual_app.task("daily at 10:00", name="report", func=lambda: None)
        virtual_app.step("2 days")
        assert [str(start) for start in starts(virtual_app, "report")] == [
            "2026-01-01 10:00:00", "2026-01-02 10:00:00"
        ]

An application of your own is rehearsed as it is, on a clock that the test moves::

    from rocket_magic.testing import outcomes, rehearse

    def test_the_night_when_the_clocks_change():
        with rehearse(my_package.app, "2026-03-28 22:00", tz="Europe/Helsinki") as app:
            app.step("8 hours")
            assert outcomes(app, "load") == ["success"]

Runs are really carried out; `app.forecast(...)` only works out what would run.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import pytest

from rocket_magic.app import Rocketry
from rocket_magic.clock import VirtualClock
from rocket_magic.exc import ClockError
from rocket_magic.instants import from_seconds
from rocket_magic.tasks._home import local_datetime

__all__ = ["outcomes", "rehearsal", "rehearse", "starts", "virtual_app", "virtual_clock"]


def rehearsal(start: Any = "2026-01-01 00:00", tz: Any = None, **options: Any) -> Rocketry:
    """An application on a virtual clock.

    Args:
        start: Where the clock stands; see `VirtualClock`.
        tz: Zone of the clock and of the schedules.
        **options: Options of the session; `execution` is "main" unless given.
    """
    return Rocketry(**{"execution": "main", **options, "time_func": VirtualClock(start, tz)})


def starts(app: Rocketry, task: str) -> list[datetime]:
    """When a task started, oldest first; naive local time unless the session has a `timezone`."""
    rows = app.session.get_task_log(task_name=task, action="run")
    return [local_datetime(app.session, from_seconds(row.created)) for row in rows]


def outcomes(app: Rocketry, task: str) -> list[str]:
    """How the runs of a task ended, oldest first, like "success" or "fail"."""
    rows = app.session.get_task_log(task_name=task)
    return [str(row.action) for row in rows if str(row.action) != "run"]


@contextmanager
def rehearse(app: Rocketry, start: Any = "2026-01-01 00:00", tz: Any = None) -> Iterator[Rocketry]:
    """Put an application that isn't running on a virtual clock for a while.

    Its log of that time is one of its own; afterwards clock and log are what they were.

    Args:
        app: The application.
        start: Where the clock stands; see `VirtualClock`.
        tz: Zone of the clock; the session's when None.

    Raises:
        ClockError: The application is running.
    """
    session = app.session
    if session.scheduler.is_alive:
        state = session.scheduler.state
        msg = f"only an application that is stopped can be rehearsed, this one is {state}: stop it first"
        raise ClockError(msg)
    before = session.config.time_func
    session.config.time_func = VirtualClock(start, session.zone if tz is None else tz)
    session.renew_clock()
    try:
        yield app
    finally:
        session.stop(force=True)
        session.config.time_func = before
        session.renew_clock()


@pytest.fixture
def virtual_clock() -> VirtualClock:
    """A clock that stands at the first instant of 2026 in UTC."""
    return VirtualClock("2026-01-01 00:00")


@pytest.fixture
def virtual_app(virtual_clock: VirtualClock) -> Iterator[Rocketry]:
    """An application on `virtual_clock` whose runs are carried out in place; shut down at the end."""
    app = Rocketry(execution="main", time_func=virtual_clock)
    yield app
    app.session.stop(force=True)
