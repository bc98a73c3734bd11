"""Every public name has one home, and Rocketry's names resolve where its users look for them (J8)."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from types import ModuleType

import pytest

import rocket_magic

UPSTREAM = {
    "": "Rocketry Grouper Session Scheduler FuncTask",
    "core": "BaseArgument BaseCondition Parameters Scheduler Task TimePeriod",
    "session": "Session Config",
    "args": """
        Arg CliArg Config EnvArg FuncArg Private Return SchedulerLogger Session SimpleArg Task TaskLogger
        TerminationFlag argument
    """,
    "conds": """
        true false every cron crontime condition retry running scheduler_running scheduler_cycles
        secondly minutely hourly daily weekly monthly
        time_of_second time_of_minute time_of_hour time_of_day time_of_week time_of_month
        after_success after_fail after_finish after_all_success after_all_fail after_all_finish
        after_any_success after_any_fail after_any_finish started succeeded failed finished
    """,
    "conditions": """
        TaskStarted TaskSucceeded TaskFailed TaskTerminated TaskFinished TaskInacted TaskRunning
        TaskExecutable TaskRunnable DependSuccess DependFailure DependFinish Retry SchedulerStarted
        SchedulerCycles IsPeriod IsEnv ParamExists FuncCond TaskCond AlwaysTrue AlwaysFalse All Any Not
    """,
    "time": """
        TimeOfSecond TimeOfMinute TimeOfHour TimeOfDay TimeOfWeek TimeOfMonth TimeOfYear TimeDelta
        TimeSpanDelta Cron StaticInterval RelativeDay All Any always never
    """,
    "tasks": "FuncTask CommandTask CodeTask TaskCond",
    "tasks.maintain": "Restart ShutDown",
    "tasks.run_id": "increment uuid",
    "testing.log": "create_task_record",
    "utils.dependencies": "Dependencies Link get_dependencies",
    "log": "MinimalRecord LogRecord TaskLogRecord MinimalRunRecord RunRecord TaskRunRecord",
    "exc": """
        SchedulerRestart SchedulerExit TaskInactionException TaskTerminationException TaskSetupError
        TaskLoggingError
    """,
}
"""Names that programs written for Rocketry import, by module (BEHAVIOUR 1.1, 1.6, 1.8, 1.9, 1.11, 1.12)."""

FACADES = ("rocket_magic", "rocket_magic.core", "rocket_magic.conds")
"""Modules that only hand on names whose home is elsewhere."""


def public_modules() -> list[ModuleType]:
    """The public modules of the engine, loaded."""
    names = ["rocket_magic"] + [
        found.name
        for found in pkgutil.iter_modules(rocket_magic.__path__, "rocket_magic.")
        if not found.name.rpartition(".")[2].startswith("_") and found.name != "rocket_magic.cli"
    ]
    return [importlib.import_module(name) for name in names]


@pytest.mark.parametrize(
    ("module", "name"), [(module, name) for module, names in UPSTREAM.items() for name in names.split()]
)
def test_upstream_names_resolve(module: str, name: str) -> None:
    """A Rocketry program runs after replacing `rocketry` by `rocket_magic` in its imports."""
    home = importlib.import_module(f"rocket_magic.{module}" if module else "rocket_magic")
    assert hasattr(home, name)


def test_session_stays_a_module() -> None:
    """`rocket_magic.session` is the module; no instance ever hides it."""
    assert isinstance(importlib.import_module("rocket_magic").session, ModuleType)


@pytest.mark.parametrize("module", public_modules(), ids=lambda module: module.__name__)
def test_all_names_what_is_there(module: ModuleType) -> None:
    """`__all__` has no name that is missing, none twice, and stands in order."""
    names = list(getattr(module, "__all__", []))
    assert [] == [name for name in names if not hasattr(module, name)]
    assert sorted(set(names), key=names.index) == names


def test_every_public_class_has_one_home() -> None:
    """A class or function that two modules export is the same object in both."""
    homes: dict[str, set[str]] = {}
    for module in public_modules():
        for name in getattr(module, "__all__", []):
            value = getattr(module, name)
            if inspect.isclass(value) or inspect.isfunction(value):
                homes.setdefault(f"{value.__module__}.{value.__qualname__}", set()).add(module.__name__)
    strays = {
        home: sorted(where)
        for home, where in homes.items()
        if len([module for module in where if module not in FACADES]) > 1
    }
    assert {} == strays


def test_no_public_class_name_is_used_twice() -> None:
    """A class that users meet has a name of its own; `Task` of `args` is `TaskArg` inside."""
    homes: dict[str, set[str]] = {}
    for module in public_modules():
        for name in getattr(module, "__all__", []):
            value = getattr(module, name)
            if inspect.isclass(value) and value.__module__.startswith("rocket_magic."):
                homes.setdefault(value.__name__, set()).add(value.__module__)
    assert {} == {name: sorted(found) for name, found in homes.items() if len(found) > 1}
