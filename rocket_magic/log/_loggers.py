"""The stdlib loggers that task records go to: which there are, what they tell, and setting them back."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Protocol

from rocket_magic.log._task_logger import TaskLogger
from rocket_magic.log._window import RepoWindow

if TYPE_CHECKING:
    from rocket_magic.log._result import Result

__all__ = ["loggers_below", "readers_below", "set_back"]


class _Log(Protocol):
    """What is needed of the session's log."""

    @property
    def logger_name(self) -> str: ...
    def logger_of(self, task: str | None) -> str: ...
    def filter_by(self, **filters: Any) -> Result: ...
    def set_repo(self, repo: Any, delete_existing: bool = False) -> None: ...


def loggers_below(base: str, also: Iterable[str] = ()) -> dict[str, logging.Logger]:
    """The logger of a name and those below it that exist, by name.

    Args:
        base: The name, made when it does not exist.
        also: Names below it that are made, too.
    """
    known = logging.root.manager.loggerDict
    below = {name for name, made in list(known.items()) if isinstance(made, logging.Logger)}
    names = {name for name in below if name.startswith(f"{base}.")} | {base, *also}
    return {name: logging.getLogger(name) for name in sorted(names)}


def readers_below(log: _Log, tasks: Iterable[str], also: Iterable[str] = ()) -> dict[str, TaskLogger]:
    """The same loggers as readers of the log: each shows the records that go to its logger, or through it.

    Args:
        log: The session's log.
        tasks: The session's tasks.
        also: As for `loggers_below`.
    """
    homes = {task: log.logger_of(task) for task in tasks}
    readers: dict[str, TaskLogger] = {}
    for name in loggers_below(log.logger_name, also):
        inside = [task for task, home in homes.items() if home == name or home.startswith(f"{name}.")]
        part = log if name == log.logger_name else _Part(log, name, tuple(inside))
        readers[name] = TaskLogger(part, None)
    return readers


class _Part:
    """The log as one of its loggers shows it: with the records of some tasks only."""

    def __init__(self, log: _Log, logger_name: str, tasks: tuple[str, ...]) -> None:
        self._log = log
        self._tasks = tasks
        self.logger_name = logger_name

    def logger_of(self, task: str | None) -> str:
        """The logger of a task; without one, this one."""
        return self.logger_name if task is None else self._log.logger_of(task)

    def filter_by(self, **filters: Any) -> Result:
        """Records of the tasks that log here."""
        return self._log.filter_by(**{"task_name": list(self._tasks), **filters})

    def set_repo(self, repo: Any, delete_existing: bool = False) -> None:
        """Make a repository the session's task log: there is one for all loggers."""
        self._log.set_repo(repo, delete_existing)


def set_back(logger: logging.Logger) -> None:
    """Take everything away that was set on a logger, but the window to the session's repository.

    The logger itself stays: whoever holds it would otherwise log into the void.
    """
    for handler in list(logger.handlers):
        if not isinstance(handler, RepoWindow):
            logger.removeHandler(handler)
    for one in list(logger.filters):
        logger.removeFilter(one)
    logger.setLevel(logging.NOTSET)
    logger.propagate, logger.disabled = True, False
