"""Arguments that stand for something of the session or the run."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from rocket_magic.args import (
    Arg,
    ArgumentEnv,
    Clock,
    Config,
    FuncArg,
    Return,
    RunEnv,
    SchedulerLogger,
    Session,
    SimpleArg,
    Task,
    TaskLogger,
    TerminationFlag,
    current_run,
    resolve,
)
from rocket_magic.clock import SystemClock
from rocket_magic.exc import ParameterError
from tests.args.fakes import FakeSession


def test_arg_by_name_default_and_function(session: FakeSession):
    """Arg takes the session parameter, else its default; a function stands for its own parameter."""

    def get_x() -> str:
        return "called"

    env = session.env()
    assert resolve(Arg("x", default=3), env) == 3
    assert resolve(Arg("x", default=SimpleArg(4)), env) == 4
    assert resolve(Arg(get_x), env) == "called"
    session.parameters["anything"] = FuncArg(get_x)
    assert resolve(Arg(get_x), env) == "called"
    assert resolve(Arg("anything"), env) == "called"


def test_arg_missing_names_the_closest(session: FakeSession):
    """A misspelt parameter is told with the closest one."""
    session.parameters["my_arg"] = 1
    with pytest.raises(ParameterError, match=r"no session parameter 'my_agr' \(did you mean 'my_arg'\?\)"):
        resolve(Arg("my_agr"), session.env())


def test_arg_refuses_other_keys():
    """A key is a name or a function."""
    with pytest.raises(ParameterError, match="got 3"):
        Arg(3)


def test_return_of_task_by_name_task_and_function(session: FakeSession):
    """Return reads the value stored under the task's name, None included."""

    def load() -> None: ...

    task = session.add("load")
    session.returns["load"] = None
    for reference in ("load", task, load):
        assert resolve(Return(reference, default=1), session.env()) is None
    load.__rocket_magic_task__ = "other"
    session.returns["other"] = 5
    assert resolve(Return(load), session.env()) == 5


def test_functions_that_are_tasks_of_other_names(session: FakeSession):
    """A function whose task has another name is looked up by the session."""

    def load() -> None: ...

    class Session(FakeSession):
        def __getitem__(self, key: Any) -> Any:
            return self.tasks["nightly"]

        def __contains__(self, key: Any) -> bool:
            return key is load

    home = Session()
    nightly = home.add("nightly")
    home.returns[load] = 3
    assert resolve(Task(load), home.env()) is nightly
    assert resolve(Return(load), home.env()) == 3
    assert resolve(Return(["unhashable"], default=1), home.env()) == 1


def test_return_without_value(session: FakeSession):
    """No value yet and no such task are two messages; a default answers both."""
    session.add("load")
    with pytest.raises(KeyError, match="task 'load' has not returned a value yet"):
        resolve(Return("load"), session.env())
    with pytest.raises(KeyError, match="no task 'lod'"):
        resolve(Return("lod"), session.env())
    assert resolve(Return("load", default="d"), session.env()) == "d"


def test_task_session_config_loggers(session: FakeSession):
    """The objects of the session are handed out."""
    other = session.add("other")
    env = session.env()
    assert resolve(Task(), env) is env.task
    assert resolve(Task("other"), env) is other
    assert resolve(Task("absent", default=None), env) is None
    assert resolve(Session(), env) is session
    assert resolve(Config(), env) is session.config
    assert resolve(TaskLogger(), env) is env.task.logger
    assert resolve(SchedulerLogger(), env) is logging.getLogger("rocketry.scheduler")
    with pytest.raises(KeyError, match="no such task"):
        resolve(Task("absent"), env)


def test_without_session():
    """Asked without a session they say so; Session takes its default."""
    with pytest.raises(ParameterError, match=r"Arg\('x'\) needs a session"):
        resolve(Arg("x"), ArgumentEnv())
    assert resolve(Session(default=None), ArgumentEnv()) is None
    with pytest.raises(KeyError, match="without a task"):
        resolve(Task(), ArgumentEnv())


def test_flag_and_clock_outside_of_a_run(session: FakeSession):
    """Outside of runs the flag is never None and not set; the clock is the session's."""
    flag = resolve(TerminationFlag(), session.env())
    assert not flag.is_set()
    assert not flag.wait(0)
    flag.set("by hand")
    assert flag.is_set()
    assert resolve(Clock(), session.env()) is session.clock
    assert isinstance(resolve(Clock(), ArgumentEnv()), SystemClock)


def test_flag_and_clock_of_the_run(session: FakeSession):
    """In a run they are the run's."""
    flag: Any = object()
    run = RunEnv("1", "report", flag, SystemClock())
    token = current_run.set(run)
    try:
        assert resolve(TerminationFlag(), session.env()) is flag
        assert resolve(Clock(), session.env()) is run.clock
    finally:
        current_run.reset(token)


@pytest.mark.parametrize(
    ("argument", "text"),
    [
        (Arg("x"), "Arg('x')"),
        (Arg("x", default=1), "Arg('x', default=1)"),
        (Return("load"), "Return('load')"),
        (Task(), "Task()"),
        (Task("a"), "Task('a')"),
        (Session(), "Session()"),
        (Config(), "Config()"),
        (TaskLogger(), "TaskLogger()"),
        (TerminationFlag(), "TerminationFlag()"),
        (Clock(), "Clock()"),
        (SimpleArg(1), "SimpleArg(1)"),
        (FuncArg(len, "abc"), "FuncArg(len, 'abc')"),
    ],
)
def test_drawn_as_written(argument: Any, text: str):
    """An argument is drawn as it is written, without a value and without a call."""
    assert repr(argument) == str(argument) == text
