"""What the tests of the documentation's pages share."""

from __future__ import annotations

from typing import Any

from rocket_magic import Rocketry
from tests.waiting import wait_for as wait_for

MODES = ["main", "async", "thread", "process"]


def actions(app: Rocketry, task: Any) -> list[str]:
    """The actions of a task's records."""
    return [str(row.action) for row in app.session.get_task_log(task_name=app.session[task].name)]


def run_until(app: Rocketry, condition: Any) -> None:
    """Run in the foreground until a condition is met."""
    app.session.config.shut_cond = condition
    app.run()
