"""Floor 8: rehearsing schedules in tests.

Put ``pytest_plugins = ["rocket_magic.testing"]`` into `conftest.py`, then::

    def test_report_runs_each_morning(virtual_app):
        virtual_app.task("daily at 10:00", name="report", func=lambda: None)
        virtual_app.step("2 days")
        assert [str(start) for start in starts(virtual_app, "report")] == [
            "2026-01-01 10:00:00", "2026-01-02 10:00:00"
        ]
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from rocket_magic.app import Rocketry
from rocket_magic.clock import VirtualClock
from rocket_magic.instants import from_seconds
from rocket_magic.tasks._base import local_datetime

__all__ = ["rehearsal", "starts", "virtual_app", "virtual_clock"]


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
