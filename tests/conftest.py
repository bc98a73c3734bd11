"""Fixtures that several folders share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings

from rocket_magic import Rocketry, VirtualClock

# CI draws the same examples each time, so that it judges the change; at a desk they are drawn anew.
settings.register_profile("ci", derandomize=True, database=None)
if os.environ.get("CI"):
    settings.load_profile("ci")


@pytest.fixture
def clock() -> VirtualClock:
    """A virtual clock on the first minute of 2026, a Thursday, in UTC."""
    return VirtualClock("2026-01-01 00:00")


@pytest.fixture
def app(clock: VirtualClock) -> Iterator[Rocketry]:
    """An application on the virtual clock whose runs are carried out in place."""
    made = Rocketry(config={"time_func": clock, "execution": "main"})
    yield made
    made.session.stop(force=True)


@pytest.fixture
def log_of() -> Any:
    """A function that gives (task, action, HH:MM:SS) of each record of an application."""

    def read(app: Rocketry, *actions: str) -> list[tuple[str, str, str]]:
        from datetime import UTC, datetime

        rows = []
        for record in app.session.get_task_log():
            if not actions or record.action in actions:
                moment = datetime.fromtimestamp(record.created, UTC)
                rows.append((record.task_name, str(record.action), moment.strftime("%d %H:%M:%S")))
        return rows

    return read
