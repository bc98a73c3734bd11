"""Rocketry's record models, on pydantic 2, for every repository.

All are flat: times are seconds since the epoch, `runtime` is in seconds. Only task, action and time are
required, so that rows of any table fit.

=================  ==========================================================
MinimalRecord      created, task_name, action
LogRecord          … and the fields of a stdlib log record, exc_text
TaskLogRecord      … start, end, runtime, reason, attempt, params, exc_text, …
MinimalRunRecord   MinimalRecord and run_id
RunRecord          LogRecord and run_id
TaskRunRecord      TaskLogRecord and run_id: everything that the log knows
=================  ==========================================================
"""

from __future__ import annotations

import logging
from typing import Any

from pydantic import BaseModel, ConfigDict

from rocket_magic.log._record import Record, row_of

__all__ = [
    "LogRecord",
    "MinimalRecord",
    "MinimalRunRecord",
    "RunRecord",
    "TaskLogRecord",
    "TaskRunRecord",
]


class MinimalRecord(BaseModel):
    """The least that conditions need."""

    model_config = ConfigDict(
        coerce_numbers_to_str=True, from_attributes=True, protected_namespaces=(), defer_build=True
    )

    created: float
    task_name: str
    action: str


class LogRecord(MinimalRecord):
    """A record with the fields of the stdlib's log records."""

    name: str | None = None
    msg: str | None = None
    levelname: str | None = None
    levelno: int | None = None
    pathname: str | None = None
    filename: str | None = None
    module: str | None = None
    exc_text: str | None = None
    lineno: int | None = None
    funcName: str | None = None  # noqa: N815  logging's name
    msecs: float | None = None
    relativeCreated: float | None = None  # noqa: N815  logging's name
    thread: int | None = None
    threadName: str | None = None  # noqa: N815  logging's name
    processName: str | None = None  # noqa: N815  logging's name
    process: int | None = None
    message: str | None = None
    formatted_message: str | None = None


class TaskLogRecord(MinimalRecord):
    """A record with what the log knows of the run."""

    start: float | None = None
    end: float | None = None
    runtime: float | None = None
    due: float | None = None
    merged: int | None = None
    attempt: int | None = None
    reason: str | None = None
    params: str | None = None
    message: str | None = None
    exc_text: str | None = None


class MinimalRunRecord(MinimalRecord):
    """The least that conditions and recovery need."""

    run_id: str | None = None


class RunRecord(LogRecord):
    """A `LogRecord` that knows its run."""

    run_id: str | None = None


class TaskRunRecord(TaskLogRecord):
    """Everything that the log knows; what our own repositories return.

    It can also be read like a `LogRecord`, which is what Rocketry's default repository returns.
    """

    run_id: str | None = None

    @property
    def levelno(self) -> int:
        """The stdlib's level: ERROR for what went wrong, else INFO."""
        return logging.ERROR if self.action in ("fail", "crash") else logging.INFO

    @property
    def levelname(self) -> str:
        """The level's name."""
        return logging.getLevelName(self.levelno)

    @property
    def msg(self) -> str | None:
        """The message; `formatted_message` too."""
        return self.message

    formatted_message = msg

    @property
    def name(self) -> str:
        """The logger's name, unless `task_logger_basename` says otherwise."""
        return "rocketry.task"


def model_of(record: Record) -> TaskRunRecord:
    """The record as our repositories hand it out; its values are right already, so none is checked."""
    row: dict[str, Any] = row_of(record)
    row["message"] = record.text
    return TaskRunRecord.model_construct(**row)
