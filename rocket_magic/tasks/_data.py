"""Floor 5: a task as plain values, for programs that show tasks to people or to other programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rocket_magic.tasks._base import Task


def definition(task: Task) -> dict[str, Any]:
    """What a task is and how it does, by field."""
    return {
        "name": task.name,
        "description": task.description,
        "start_cond": str(task.start_cond),
        "end_cond": str(task.end_cond),
        "execution": task.execution or task.session.config.execution,
        "parameters": repr(task.parameters),
        "priority": task.priority,
        "disabled": task.disabled,
        "timeout": task.timeout,
        "daemon": task.daemon,
        "permanent": task.permanent,
        "multilaunch": task.multilaunch,
        "on_startup": task.on_startup,
        "on_shutdown": task.on_shutdown,
        "batches": [dict(batch) for batch in list(task.batches)],
        "force_run": task.force_run,
        "force_termination": task.force_termination,
        "status": task.status,
        "last_run": task.last_run,
        "last_success": task.last_success,
        "last_fail": task.last_fail,
        "last_terminate": task.last_terminate,
        "last_inaction": task.last_inaction,
        "last_crash": task.last_crash,
    }


def chosen(found: dict[str, Any], include: Any, exclude: Any) -> dict[str, Any]:
    """Only the keys in `include` (None: all), without those in `exclude`."""
    return {
        key: value
        for key, value in found.items()
        if (include is None or key in include) and key not in (exclude or ())
    }
