"""Floor 3: the arguments that stand for something of the session or the run."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any, Final

from rocket_magic.args._base import ArgumentEnv, BaseArgument, LateGet, MissingArgumentError, prepare
from rocket_magic.args._call import show
from rocket_magic.args._func import FuncArg
from rocket_magic.args._run import IdleFlag
from rocket_magic.args._signature import function_name
from rocket_magic.clock import SystemClock
from rocket_magic.exc import ParameterError
from rocket_magic.text import closest


class NotSet:
    """The type of `NOTSET`."""

    def __repr__(self) -> str:
        return "NOTSET"

    def __reduce__(self) -> str:
        return "NOTSET"


NOTSET: Final = NotSet()
"""No default was given; None is a default like any other."""

_BOUND = (
    "it belongs to the scheduler's process; use execution='thread', 'async' or 'main', "
    "or take what is needed of it in a FuncArg(..., materialize='pre')"
)


class SimpleArg(BaseArgument):
    """A fixed value.

    Args:
        value: The value.
    """

    def __init__(self, value: Any) -> None:
        self.value = value

    def __repr__(self) -> str:
        return f"SimpleArg({show(self.value)})"

    def _prepare(self, env: ArgumentEnv, when: str) -> Any:
        return prepare(self.value, env, when)


class Arg(BaseArgument):
    """A session parameter.

    Args:
        key: Name of the parameter, or the function that was made a parameter with `@app.param()`.
        default: Taken when there is no such parameter; may be an argument.
    """

    def __init__(self, key: Any, default: Any = NOTSET) -> None:
        if not (isinstance(key, str) or callable(key)):
            msg = f"Arg needs the name of a session parameter or its function, got {key!r}"
            raise ParameterError(msg)
        self.key = key
        self.default = default

    def __repr__(self) -> str:
        return f"Arg({_with_default(self._key_text(), self.default)})"

    def _key_text(self) -> str:
        return repr(self.key) if isinstance(self.key, str) else function_name(self.key)

    def _label(self) -> str:
        return self.key if isinstance(self.key, str) else function_name(self.key)

    def _prepare(self, env: ArgumentEnv, when: str) -> Any:
        parameters = _session(self, env).parameters
        if not isinstance(self.key, str):
            return prepare(self._of_function(parameters), env, when, self._label())
        if self.key in parameters:
            return prepare(parameters[self.key], env, when, self.key)
        if self.default is not NOTSET:
            return prepare(self.default, env, when)
        msg = (
            f"there is no session parameter {self.key!r}{_closest(self.key, parameters)}: "
            f"set it with app.params({self.key}=...) or give Arg({self.key!r}, default=...)"
        )
        raise MissingArgumentError(msg)

    def _of_function(self, parameters: Any) -> Any:
        """The session parameter that the function was made, else the function's own value."""
        for value in parameters.values():
            if isinstance(value, FuncArg) and value.func is self.key:
                return value
        return self.key if isinstance(self.key, FuncArg) else FuncArg(self.key)


class Return(BaseArgument):
    """The last return value of a task.

    Args:
        task: The task, its name or its function.
        default: Taken while the task has not returned anything; a stored None is a value.
    """

    def __init__(self, task: Any, default: Any = NOTSET) -> None:
        self.task = task
        self.default = default

    def __repr__(self) -> str:
        return f"Return({_with_default(repr(task_name(self.task)), self.default)})"

    def get_value(self, task: Any = None, session: Any = None, **kwargs: Any) -> Any:
        """The value; KeyError when there is none yet."""
        home = _session(self, ArgumentEnv(session, task))
        name = task_name(self.task)
        for key in (self.task, name):  # a function may be a task of another name: the session knows
            if _has(home.returns, key):
                return home.returns[key]
        if self.default is not NOTSET:
            return self.default
        if home.find_task(name) is None:
            msg = f"{self!r}: the session has no task {name!r}{_closest(name, home.returns)}"
        else:
            msg = f"{self!r}: task {name!r} has not returned a value yet; give Return({name!r}, default=...)"
        raise MissingArgumentError(msg)


class TaskArg(BaseArgument):
    """The task itself, or another one of the session. Written `Task()`.

    Args:
        name: Name or function of another task; None for the task that asks.
        default: Taken when there is no such task.
    """

    def __init__(self, name: Any = None, default: Any = NOTSET) -> None:
        self.name = name
        self.default = default

    def __repr__(self) -> str:
        return f"Task({'' if self.name is None else repr(task_name(self.name))})"

    def get_value(self, task: Any = None, session: Any = None, **kwargs: Any) -> Any:
        """The task."""
        home = ArgumentEnv(session, task)
        found = task if self.name is None else _find(_session(self, home), self.name)
        if found is not None:
            return found
        if self.default is not NOTSET:
            return self.default
        about = "it is asked without a task" if self.name is None else "the session has no such task"
        msg = f"{self!r}: {about}; give a default or correct the name"
        raise MissingArgumentError(msg)

    def stays_because(self) -> str | None:
        """Tasks belong to the scheduler's process."""
        return _BOUND


class SessionArg(BaseArgument):
    """The session. Written `Session()`.

    Args:
        default: Taken where there is no session.
    """

    def __init__(self, default: Any = NOTSET) -> None:
        self.default = default

    def __repr__(self) -> str:
        return "Session()"

    def get_value(self, task: Any = None, session: Any = None, **kwargs: Any) -> Any:
        """The session."""
        home = ArgumentEnv(session, task).home
        if home is None and self.default is not NOTSET:
            return self.default
        return _session(self, ArgumentEnv(session, task))

    def stays_because(self) -> str | None:
        """The session belongs to the scheduler's process."""
        return _BOUND


class ConfigArg(BaseArgument):
    """The session's configuration. Written `Config()`."""

    def __repr__(self) -> str:
        return "Config()"

    def get_value(self, task: Any = None, session: Any = None, **kwargs: Any) -> Any:
        """The configuration; in a process a copy of it."""
        return _session(self, ArgumentEnv(session, task)).config


class TaskLogger(BaseArgument):
    """The task's view of its log, with `filter_by`, `get_records`, `info`; without a task, the whole log's.

    A setup hook uses it to choose where the log is kept: `logger.set_repo(...)`.
    """

    def get_value(self, task: Any = None, session: Any = None, **kwargs: Any) -> Any:
        """The logger."""
        if task is not None:
            return task.logger
        return _session(self, ArgumentEnv(session, task)).task_logger(None)

    def stays_because(self) -> str | None:
        """It reads the session's log."""
        return _BOUND


class SchedulerLogger(BaseArgument):
    """The logger of the scheduler (`config.scheduler_logger_basename`)."""

    def get_value(self, task: Any = None, session: Any = None, **kwargs: Any) -> Any:
        """The logger."""
        config = _session(self, ArgumentEnv(session, task)).config
        return logging.getLogger(config.scheduler_logger_basename)


class TerminationFlag(BaseArgument):
    """Whether the run was asked to end: has `is_set()` and `wait(seconds)`, in every execution.

    Poll it and raise `TaskTerminationException` when it is set. Outside of a run it is never set.
    """

    def get_value(self, task: Any = None, session: Any = None, **kwargs: Any) -> Any:
        """The flag of the current run."""
        current = ArgumentEnv(run=kwargs.get("run")).current
        return IdleFlag() if current is None or current.flag is None else current.flag

    def _prepare(self, env: ArgumentEnv, when: str) -> Any:
        return LateGet(self)


class ClockArg(BaseArgument):
    """The session's clock, to read and to sleep on (`clock.sleep(3600)`). Written `Clock()`."""

    def __repr__(self) -> str:
        return "Clock()"

    def get_value(self, task: Any = None, session: Any = None, **kwargs: Any) -> Any:
        """The clock of the current run, else the session's."""
        current = ArgumentEnv(run=kwargs.get("run")).current
        if current is not None and current.clock is not None:
            return current.clock
        home = ArgumentEnv(session, task).home
        return SystemClock() if home is None else home.clock

    def _prepare(self, env: ArgumentEnv, when: str) -> Any:
        return LateGet(self)


def task_name(task: Any) -> str:
    """The name of a task given by name, as a task, or as the function that was made one."""
    known = getattr(task, "__rocket_magic_task__", task)
    if isinstance(known, str):
        return known
    name = getattr(known, "name", None)
    return name if isinstance(name, str) else function_name(known)


def _find(session: Any, reference: Any) -> Any:
    """The task meant by a name, a task or a function; None when there is none."""
    if not isinstance(reference, str) and hasattr(session, "__contains__") and _has(session, reference):
        return session[reference]
    return session.find_task(task_name(reference))


def _has(container: Any, key: Any) -> bool:
    try:
        return key in container
    except TypeError:  # the key can't be hashed
        return False


def _session(argument: BaseArgument, env: ArgumentEnv) -> Any:
    home = env.home
    if home is None:
        msg = f"{argument!r} needs a session, and is asked without one (in another process, or by hand)"
        raise ParameterError(msg)
    return home


def _with_default(text: str, default: Any) -> str:
    return text if default is NOTSET else f"{text}, default={show(default)}"


def _closest(name: str, known: Iterable[Any]) -> str:
    found = closest(name, [text for text in known if isinstance(text, str)])
    return f" (did you mean {found!r}?)" if found else ""
