"""Floor 2: conditions, the statements that schedules are made of.

`rocket_magic.conds` has the short names people write; here are the classes behind them (with Rocketry's
names), the phrase language (`parse_condition`), and what the floors above need of conditions. Conditions are
immutable values; asking them reads a `Context` and changes nothing.
"""

from __future__ import annotations

from rocket_magic.conditions._base import BaseCondition
from rocket_magic.conditions._composite import All, AlwaysFalse, AlwaysTrue, Any, Not
from rocket_magic.conditions._function import FuncCond, condition
from rocket_magic.conditions._history import (
    TaskCrashed,
    TaskFailed,
    TaskFinished,
    TaskInacted,
    TaskStarted,
    TaskSucceeded,
    TaskTerminated,
)
from rocket_magic.conditions._interval import Every
from rocket_magic.conditions._lint import lint_schedule
from rocket_magic.conditions._names import parts_about_own_task, rename_tasks, task_names
from rocket_magic.conditions._parameters import IsEnv, ParamExists
from rocket_magic.conditions._period import IsPeriod, TaskExecutable, TaskRunnable
from rocket_magic.conditions._pipeline import (
    DependCrash,
    DependFailure,
    DependFinish,
    DependInaction,
    DependSuccess,
    DependTerminate,
)
from rocket_magic.conditions._returned import TaskReturned
from rocket_magic.conditions._running import Retry, TaskRunning
from rocket_magic.conditions._scheduler import SchedulerCycles, SchedulerStarted
from rocket_magic.conditions._scheduling_period import scheduling_period
from rocket_magic.conditions._syntax import CustomPhrase, as_condition, parse_condition, phrase_completions
from rocket_magic.conditions._task_cond import TaskCond

__all__ = [
    "All",
    "AlwaysFalse",
    "AlwaysTrue",
    "Any",
    "BaseCondition",
    "CustomPhrase",
    "DependCrash",
    "DependFailure",
    "DependFinish",
    "DependInaction",
    "DependSuccess",
    "DependTerminate",
    "Every",
    "FuncCond",
    "IsEnv",
    "IsPeriod",
    "Not",
    "ParamExists",
    "Retry",
    "SchedulerCycles",
    "SchedulerStarted",
    "TaskCond",
    "TaskCrashed",
    "TaskExecutable",
    "TaskFailed",
    "TaskFinished",
    "TaskInacted",
    "TaskReturned",
    "TaskRunnable",
    "TaskRunning",
    "TaskStarted",
    "TaskSucceeded",
    "TaskTerminated",
    "as_condition",
    "condition",
    "lint_schedule",
    "parse_condition",
    "parts_about_own_task",
    "phrase_completions",
    "rename_tasks",
    "scheduling_period",
    "task_names",
]
