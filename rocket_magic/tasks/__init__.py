"""Floor 5: tasks. `FuncTask`, `CommandTask`, `CodeTask`, and `maintain` for the scheduler's own.

Each name has its home in a private module of this folder.
"""

from __future__ import annotations

from rocket_magic.tasks._base import Task as Task
from rocket_magic.tasks._code import CodeTask as CodeTask
from rocket_magic.tasks._command import CommandTask as CommandTask
from rocket_magic.tasks._cond import TaskCond as TaskCond
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
    "TaskCond",
    "TaskRun",
]
