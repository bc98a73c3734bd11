"""The short names that schedules are written with. Floor 2.

::

    daily.between("10:00", "12:00") & after_success("load")
    every("10 min").on("weekdays").between("09:00", "17:00")     # the most asked question
    cron("*/5 9-16 * * Mon-Fri") | retry(3, delay="1 min", backoff=2)
    ~running("backup") & (failed.past("1 hour") < 3)             # comparisons need parentheses beside & and |

A comparison with a number makes a new condition; with another condition, `==` is equality.
"""

from __future__ import annotations

from typing import Any, Final

from rocket_magic.conditions._base import BaseCondition
from rocket_magic.conditions._composite import FALSE, TRUE
from rocket_magic.conditions._function import condition as _condition
from rocket_magic.conditions._history import (
    TaskCrashed,
    TaskFailed,
    TaskFinished,
    TaskInacted,
    TaskStarted,
    TaskSucceeded,
    TaskTerminated,
)
from rocket_magic.conditions._interval import every as _every
from rocket_magic.conditions._period import IsPeriod, TaskExecutable, TaskRunnable
from rocket_magic.conditions._pipeline import (
    DependCrash,
    DependFailure,
    DependFinish,
    DependInaction,
    DependSuccess,
    DependTerminate,
    after_all,
    after_any,
)
from rocket_magic.conditions._running import Retry, TaskRunning
from rocket_magic.conditions._scheduler import SchedulerCycles, SchedulerStarted
from rocket_magic.time import (
    Cron,
    TimeOfDay,
    TimeOfHour,
    TimeOfMinute,
    TimeOfMonth,
    TimeOfSecond,
    TimeOfWeek,
    TimeOfYear,
)

__all__ = [
    "after_all_fail",
    "after_all_finish",
    "after_all_success",
    "after_any_fail",
    "after_any_finish",
    "after_any_success",
    "after_crash",
    "after_fail",
    "after_finish",
    "after_inaction",
    "after_success",
    "after_terminate",
    "condition",
    "crashed",
    "cron",
    "crontime",
    "daily",
    "every",
    "failed",
    "false",
    "finished",
    "hourly",
    "inacted",
    "minutely",
    "monthly",
    "retry",
    "running",
    "scheduler_cycles",
    "scheduler_running",
    "secondly",
    "started",
    "succeeded",
    "terminated",
    "time_of_day",
    "time_of_hour",
    "time_of_minute",
    "time_of_month",
    "time_of_second",
    "time_of_week",
    "time_of_year",
    "true",
    "weekly",
    "yearly",
]

true: Final = TRUE
false: Final = FALSE

secondly: Final = TaskExecutable(period=TimeOfSecond())
minutely: Final = TaskExecutable(period=TimeOfMinute())
hourly: Final = TaskExecutable(period=TimeOfHour())
daily: Final = TaskExecutable(period=TimeOfDay())
weekly: Final = TaskExecutable(period=TimeOfWeek())
monthly: Final = TaskExecutable(period=TimeOfMonth())
yearly: Final = TaskExecutable(period=TimeOfYear())

time_of_second: Final = IsPeriod(TimeOfSecond())
time_of_minute: Final = IsPeriod(TimeOfMinute())
time_of_hour: Final = IsPeriod(TimeOfHour())
time_of_day: Final = IsPeriod(TimeOfDay())
time_of_week: Final = IsPeriod(TimeOfWeek())
time_of_month: Final = IsPeriod(TimeOfMonth())
time_of_year: Final = IsPeriod(TimeOfYear())

started: Final = TaskStarted()
succeeded: Final = TaskSucceeded()
failed: Final = TaskFailed()
terminated: Final = TaskTerminated()
inacted: Final = TaskInacted()
crashed: Final = TaskCrashed()
finished: Final = TaskFinished()
running: Final = TaskRunning()
retry: Final = Retry()

scheduler_running: Final = SchedulerStarted()
scheduler_cycles: Final = SchedulerCycles()

every: Final = _every
condition: Final = _condition


def cron(text: str | None = None, *, seconds: bool = False, **fields: Any) -> TaskRunnable:
    """Run once per matching minute (with `seconds`: second).

    Args:
        text: Five fields, "minute hour day-of-month month day-of-week", or a macro like "@hourly"; with
            `seconds` six, seconds first.
        seconds: Whether the text begins with a field for seconds.
        **fields: `minute`, `hour`, `day_of_month`, `month`, `day_of_week` and with `seconds` also
            `second`, instead of the text; "*" by default.

    Raises:
        ScheduleError: A field is refused.
    """
    return TaskRunnable(period=Cron(text, seconds=seconds, **fields))


def crontime(text: str | None = None, *, seconds: bool = False, **fields: Any) -> IsPeriod:
    """Hold during each matching minute, whatever has run; takes what `cron` takes."""
    return IsPeriod(Cron(text, seconds=seconds, **fields))


def after_success(task: Any) -> DependSuccess:
    """Wait until a task (its name, its function or the task) has succeeded since the own last start."""
    return DependSuccess(task)


def after_fail(task: Any) -> DependFailure:
    """Wait until a task has failed since the own last start."""
    return DependFailure(task)


def after_finish(task: Any) -> DependFinish:
    """Wait until a task has succeeded or failed since the own last start."""
    return DependFinish(task)


def after_terminate(task: Any) -> DependTerminate:
    """Wait until a task has been terminated since the own last start."""
    return DependTerminate(task)


def after_inaction(task: Any) -> DependInaction:
    """Wait until a task has found nothing to do since the own last start."""
    return DependInaction(task)


def after_crash(task: Any) -> DependCrash:
    """Wait until the worker of a task has died since the own last start."""
    return DependCrash(task)


def after_all_success(*tasks: Any) -> BaseCondition:
    """Wait until all of the tasks have succeeded since the own last start."""
    return after_all(DependSuccess, tasks)


def after_all_fail(*tasks: Any) -> BaseCondition:
    """Wait until all of the tasks have failed since the own last start."""
    return after_all(DependFailure, tasks)


def after_all_finish(*tasks: Any) -> BaseCondition:
    """Wait until all of the tasks have succeeded or failed since the own last start."""
    return after_all(DependFinish, tasks)


def after_any_success(*tasks: Any) -> BaseCondition:
    """Wait until one of the tasks has succeeded since the own last start."""
    return after_any(DependSuccess, tasks)


def after_any_fail(*tasks: Any) -> BaseCondition:
    """Wait until one of the tasks has failed since the own last start."""
    return after_any(DependFailure, tasks)


def after_any_finish(*tasks: Any) -> BaseCondition:
    """Wait until one of the tasks has succeeded or failed since the own last start."""
    return after_any(DependFinish, tasks)
