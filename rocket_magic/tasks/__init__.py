"""Floor 5: tasks. `FuncTask`, `CommandTask`, `CodeTask`, `maintain` for the scheduler's own, `run_id`.

| module | what it is |
|---|---|
| `_base` | `Task`, the front of what follows; the kinds are subclasses that say what is executed |
| `_fields`, `_checks` | what each field means, and what it accepts |
| `_past`, `_data` | what the log knows of a task, and a task as plain values |
| `_run` | one run in flight, as the scheduler keeps it |
| `_kinds` | which kind is made of what is given |
| `_home` | what a task needs of its session |
"""

from __future__ import annotations

from rocket_magic.conditions import TaskCond as TaskCond  # at home there; programs look for it here as well
from rocket_magic.tasks._base import Task as Task
from rocket_magic.tasks._code import CodeTask as CodeTask
from rocket_magic.tasks._command import CommandTask as CommandTask
from rocket_magic.tasks._func import FuncTask as FuncTask
from rocket_magic.tasks._run import RunState as RunState
from rocket_magic.tasks._run import TaskRun as TaskRun
from rocket_magic.tasks.maintain import Restart as Restart
from rocket_magic.tasks.maintain import ShutDown as ShutDown

__all__ = [
    "CodeTask",
    "CommandTask",
    "FuncTask",
    "Restart",
    "RunState",
    "ShutDown",
    "Task",
    "TaskRun",
]
