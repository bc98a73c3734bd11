"""Floor 8: made-up records, for tests that start from a history."""

from __future__ import annotations

from datetime import datetime, tzinfo
from typing import Any, Protocol

from rocket_magic._protocols import Action
from rocket_magic.clock import read_moment
from rocket_magic.exc import TaskLoggingError
from rocket_magic.instants import SECOND
from rocket_magic.log import Record, TaskLog, TaskRunRecord
from rocket_magic.log._record import record_of
from rocket_magic.time import as_zone

__all__ = ["add_task_record", "create_task_record"]

Moment = datetime | str | float


class LoggedSession(Protocol):
    """A session, as far as its log is concerned."""

    @property
    def log(self) -> TaskLog: ...
    @property
    def zone(self) -> tzinfo: ...


def create_task_record(
    task_name: str,
    action: str,
    created: Moment,
    *,
    start: Moment | None = None,
    end: Moment | None = None,
    zone: tzinfo | str | None = None,
    **columns: Any,
) -> TaskRunRecord:
    """Make a record as a repository holds it; nothing is written.

    Of an outcome, `end` is `created` unless given, and `runtime` is worked out where the start is known; of a
    `run` record, `start` is `created`.

    Source: `rocketry.testing.log` (BEHAVIOUR 1.11).

    Args:
        task_name: The task; it need not exist.
        action: "run", "success", "fail", "terminate", "inaction" or "crash".
        created: When: a datetime, ISO text ("2026-01-01 10:00"), or seconds since the epoch.
        start: When the run started, in the same forms.
        end: When it ended, in the same forms.
        zone: Zone of naive times, by its IANA name too; None: the system's.
        **columns: Further columns of a record: `run_id`, `reason`, `message`, `exc_text`, `params`, …

    Raises:
        TaskLoggingError: There is no such action or column.
        ClockError: A time can't be read.
    """
    if action not in set(Action):
        msg = f"a record of task {task_name!r} has an action of {', '.join(Action)}; got {action!r}"
        raise TaskLoggingError(msg)
    unknown = sorted(set(columns) - set(TaskRunRecord.model_fields))
    if unknown:
        known = ", ".join(sorted(TaskRunRecord.model_fields))
        msg = f"a record has no column {unknown[0]!r}; there are {known}"
        raise TaskLoggingError(msg)
    place = as_zone(zone)
    times = {"created": created, "start": start, "end": end}
    if action == Action.RUN:
        times["start"] = created if start is None else start
    else:
        times["end"] = created if end is None else end
    instants = {name: None if value is None else read_moment(value, place) for name, value in times.items()}
    first, last = instants["start"], instants["end"]
    if first is not None and last is not None:
        columns.setdefault("runtime", (last - first) / SECOND)
    columns |= {name: value / SECOND for name, value in instants.items() if value is not None}
    return TaskRunRecord(task_name=task_name, action=str(action), **columns)


def add_task_record(
    session: LoggedSession, task_name: str, action: str, created: Moment, **columns: Any
) -> TaskRunRecord:
    """Make a record and write it to a session's log, as if it had happened: conditions know it at once.

    Records are added in the order in which they are to have happened. A run that shall have ended needs two,
    "run" and its outcome, with the same `run_id` where one is given.

    Args:
        session: The session; naive times are in its zone.
        task_name: The task.
        action: As for `create_task_record`, like all that follows.
        created: When.
        **columns: `start`, `end`, `run_id`, `reason`, …

    Returns:
        The record.

    Raises:
        TaskLoggingError: There is no such action or column, or the repository refused the record.
    """
    made = create_task_record(task_name, action, created, **{"zone": session.zone, **columns})
    record: Record = record_of(made)
    errors: list[BaseException | None] = []
    session.log.write((record,), errors.append)
    if not errors:
        session.log.flush()
    if errors and errors[0] is not None:
        raise errors[0]
    return made
