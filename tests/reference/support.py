"""What the tests of the documentation's pages share."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from rocket_magic import Rocketry

MODES = ["main", "async", "thread", "process"]


def actions(app: Rocketry, task: Any) -> list[str]:
    """The actions of a task's records."""
    return [str(row.action) for row in app.session.get_task_log(task_name=app.session[task].name)]


def run_until(app: Rocketry, condition: Any) -> None:
    """Run in the foreground until a condition is met."""
    app.session.config.shut_cond = condition
    app.run()


def wait_for(condition: Callable[[], Any], seconds: float = 20) -> None:
    """Poll until something is so."""
    deadline = time.monotonic() + seconds  # noqa: TID251  a limit for real threads and processes
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"  # noqa: TID251
        threading.Event().wait(0.005)
