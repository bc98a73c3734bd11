"""Fixtures that several folders share."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from rocket_magic import Rocketry, VirtualClock

HERE = Path(__file__).resolve().parent

# CI draws the same examples each time, so that it judges the change; at a desk they are drawn anew.
settings.register_profile("ci", derandomize=True, database=None)
if os.environ.get("CI"):
    settings.load_profile("ci")

# Where the files are shared out among processes, these begin first: none is left over at the end.
LONGEST_FIRST = (
    "dashboard/test_browser.py",
    "scheduler/test_agenda_proof.py",
    "dashboard/test_browser_time.py",
    "execution/dask/test_executor.py",
    "execution/dask/test_faults.py",
    "notebooks/test_notebooks.py",
    "crash/test_kills.py",
    "crash/test_beside.py",
    "test_soak.py",
    "test_cli.py",
    "notebook/test_kernel.py",
    "faults/test_storms.py",
    "log/test_repositories.py",
)


def pytest_configure() -> None:
    """Take Ctrl-C as a program does that somebody starts at a terminal.

    In the background of a script it is ignored, and would be so in all that the suite starts.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first where there are several processes."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        ranks = {HERE / file: rank for rank, file in enumerate(LONGEST_FIRST)}
        items.sort(key=lambda item: ranks.get(item.path, len(ranks)))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """Laws are not traced for coverage: it doubles what their examples cost, and tables cover their lines."""
    tracer = sys.gettrace()
    is_law = getattr(getattr(item, "obj", None), "is_hypothesis_test", False)
    if not is_law or not type(tracer).__module__.startswith("coverage"):
        return (yield)
    sys.settrace(None)
    try:
        return (yield)
    finally:
        sys.settrace(tracer)


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
