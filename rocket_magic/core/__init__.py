"""Floor 8: the base classes that Rocketry's documentation names, under the path it names them by."""

from __future__ import annotations

from rocket_magic.args import BaseArgument as BaseArgument
from rocket_magic.args import Parameters as Parameters
from rocket_magic.conditions import BaseCondition as BaseCondition
from rocket_magic.scheduler import Scheduler as Scheduler
from rocket_magic.tasks import Task as Task
from rocket_magic.time import TimePeriod as TimePeriod

__all__ = ["BaseArgument", "BaseCondition", "Parameters", "Scheduler", "Task", "TimePeriod"]
