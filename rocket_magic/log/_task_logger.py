"""`task.logger`: the log as one task sees it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Protocol

from rocket_magic.exc import RepositoryError
from rocket_magic.log._result import LogRows, Result

if TYPE_CHECKING:
    from rocket_magic.log._models import TaskRunRecord


class _Log(Protocol):
    """What is needed of the session's log."""

    def logger_of(self, task: str | None) -> str: ...
    def filter_by(self, **filters: Any) -> Result: ...
    def set_repo(self, repo: Any, delete_existing: bool = False) -> None: ...


class TaskLogger:
    """Questions about one task's records, and messages in its name.

    Args:
        log: The session's log.
        task_name: The task; None: all of them.
    """

    def __init__(self, log: _Log, task_name: str | None) -> None:
        self.log = log
        self.task_name = task_name

    def filter_by(self, **filters: Any) -> Result:
        """The task's records whose columns are as given.

        Raises:
            RepositoryError: The filter names another task, or a column that there is not.
        """
        if self.task_name is None:
            return self.log.filter_by(**filters)
        asked = {filters.pop(name) for name in ("task_name", "task") if name in filters}
        if asked - {self.task_name}:
            msg = f"this logger is of task {self.task_name!r}: ask session.get_task_log() for other tasks"
            raise RepositoryError(msg)
        return self.log.filter_by(task_name=self.task_name, **filters)

    def get_records(self, **filters: Any) -> LogRows:
        """The task's records, oldest first."""
        return self.filter_by(**filters).all()

    def get_latest(self, action: str | None = None) -> TaskRunRecord | None:
        """The task's newest record, of one action when given."""
        return self.filter_by(**({} if action is None else {"action": action})).last()

    def set_repo(self, repo: Any, delete_existing: bool = False) -> None:
        """Make a repository the session's task log."""
        self.log.set_repo(repo, delete_existing)

    @property
    def name(self) -> str:
        """The stdlib logger that messages go to."""
        return self.log.logger_of(self.task_name)

    def _say(self, level: int, message: str, args: tuple[Any, ...], **options: Any) -> None:
        extra = {
            **({"task_name": self.task_name} if self.task_name else {}),
            **(options.pop("extra", None) or {}),
        }
        options["stacklevel"] = options.get("stacklevel", 1) + 2
        logging.getLogger(self.name).log(level, message, *args, extra=extra, **options)

    def debug(self, message: str, *args: Any, **options: Any) -> None:
        """Log a message in the task's name to the stdlib logger; it is no record of the task log."""
        self._say(logging.DEBUG, message, args, **options)

    def info(self, message: str, *args: Any, **options: Any) -> None:
        """The same at level INFO."""
        self._say(logging.INFO, message, args, **options)

    def warning(self, message: str, *args: Any, **options: Any) -> None:
        """The same at level WARNING."""
        self._say(logging.WARNING, message, args, **options)

    def error(self, message: str, *args: Any, **options: Any) -> None:
        """The same at level ERROR."""
        self._say(logging.ERROR, message, args, **options)

    def exception(self, message: str, *args: Any, **options: Any) -> None:
        """The same with the traceback of the exception at hand."""
        self._say(logging.ERROR, message, args, exc_info=True, **options)
