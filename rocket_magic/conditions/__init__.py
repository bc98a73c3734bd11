"""Floor 2: conditions, the statements that schedules are made of.

`rocket_magic.conds` has the short names people write; here are the classes behind them (with Rocketry's
names), the phrase language (`parse_condition`), and what the floors above need of conditions. Conditions are
immutable values; asking them reads a `Context` and changes nothing.
"""

from __future__ import annotations

from rocket_magic.conditions._base import All as All
from rocket_magic.conditions._base import AlwaysFalse as AlwaysFalse
from rocket_magic.conditions._base import AlwaysTrue as AlwaysTrue
from rocket_magic.conditions._base import Any as Any
from rocket_magic.conditions._base import BaseCondition as BaseCondition
from rocket_magic.conditions._base import Not as Not
from rocket_magic.conditions._function import FuncCond as FuncCond
from rocket_magic.conditions._function import condition as condition
from rocket_magic.conditions._history import TaskCrashed as TaskCrashed
from rocket_magic.conditions._history import TaskFailed as TaskFailed
from rocket_magic.conditions._history import TaskFinished as TaskFinished
from rocket_magic.conditions._history import TaskInacted as TaskInacted
from rocket_magic.conditions._history import TaskStarted as TaskStarted
from rocket_magic.conditions._history import TaskSucceeded as TaskSucceeded
from rocket_magic.conditions._history import TaskTerminated as TaskTerminated
from rocket_magic.conditions._lint import lint_schedule as lint_schedule
from rocket_magic.conditions._names import rename_tasks as rename_tasks
from rocket_magic.conditions._names import task_names as task_names
from rocket_magic.conditions._parameters import IsEnv as IsEnv
from rocket_magic.conditions._parameters import ParamExists as ParamExists
from rocket_magic.conditions._period import Every as Every
from rocket_magic.conditions._period import IsPeriod as IsPeriod
from rocket_magic.conditions._period import TaskExecutable as TaskExecutable
from rocket_magic.conditions._period import TaskRunnable as TaskRunnable
from rocket_magic.conditions._pipeline import DependCrash as DependCrash
from rocket_magic.conditions._pipeline import DependFailure as DependFailure
from rocket_magic.conditions._pipeline import DependFinish as DependFinish
from rocket_magic.conditions._pipeline import DependInaction as DependInaction
from rocket_magic.conditions._pipeline import DependSuccess as DependSuccess
from rocket_magic.conditions._pipeline import DependTerminate as DependTerminate
from rocket_magic.conditions._running import Retry as Retry
from rocket_magic.conditions._running import TaskRunning as TaskRunning
from rocket_magic.conditions._scheduler import SchedulerCycles as SchedulerCycles
from rocket_magic.conditions._scheduler import SchedulerStarted as SchedulerStarted
from rocket_magic.conditions._syntax import CustomPhrase as CustomPhrase
from rocket_magic.conditions._syntax import as_condition as as_condition
from rocket_magic.conditions._syntax import parse_condition as parse_condition
from rocket_magic.conditions._syntax import phrase_completions as phrase_completions
