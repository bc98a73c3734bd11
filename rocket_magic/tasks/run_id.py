"""Floor 5: ready-made functions for the option `func_run_id`, of the configuration or of a task.

Run ids tell the runs of a log apart, those of different tasks, too. Without the option they are random, and
counted (eight digits) under a virtual clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from uuid import uuid4

if TYPE_CHECKING:
    from rocket_magic.tasks._base import Task

__all__ = ["increment", "uuid"]


def uuid(task: Task, params: Mapping[str, Any]) -> str:
    """Give a random id: the 32 hex digits of a UUID.

    Source: `rocketry.tasks.run_id` (BEHAVIOUR 1.3).

    Args:
        task: The task of the run.
        params: What the run was queued with.
    """
    del task, params
    return uuid4().hex


def increment(task: Task, params: Mapping[str, Any]) -> str:
    """Count the runs of the log: "1", "2", …; after a restart with a durable log the count goes on.

    All tasks of a session share one count, so that no two runs of its log have the same id (RELIABILITY I1).
    Schedulers that write to one log at the same time may count to the same number: let them use `uuid`.

    Source: `rocketry.tasks.run_id` (BEHAVIOUR 1.3).

    Args:
        task: The task of the run.
        params: What the run was queued with.
    """
    del params
    return str(task.session.next_run_number())
