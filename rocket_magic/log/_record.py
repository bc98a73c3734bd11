"""Floor 6: one line of the task log, and how it becomes a row and back.

Inside, a record is a small slotted object with integer instants. Rows, which every repository sees,
are flat: text, numbers and None, times as seconds since the epoch, runtime in seconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from rocket_magic._protocols import Action
from rocket_magic.exc import TaskLoggingError
from rocket_magic.instants import SECOND, Instant, Span, from_seconds

SCHEDULER_DIED: Final = "scheduler died"
"""Reason of a `crash` record that recovery wrote: the run is to be started again (RELIABILITY.md D1)."""

LONGEST_TEXT: Final = 65_536
"""Longer texts are cut: Python's csv module can't read fields beyond 131,072 characters back."""

COLUMNS: Final = (
    "created",
    "task_name",
    "action",
    "run_id",
    "start",
    "end",
    "runtime",
    "due",
    "merged",
    "attempt",
    "reason",
    "params",
    "message",
    "exc_text",
)
"""Columns of a row in the order of files and tables; new ones are only ever appended."""

NEEDED: Final = ("created", "task_name", "action")
"""Without these columns a file or table is no task log."""


@dataclass(slots=True)
class Record:
    """One line of the task log.

    Attributes:
        task_name: The task.
        action: What happened.
        at: When (for `run` the start, else the end).
        run_id: The run it belongs to.
        seq: Place in the order of this session's records; the log gives it.
        start: When the run started.
        end: When it ended; None while it runs.
        due: The occurrence it was started for; None for a run by hand with parameters of its own.
        merged: How many occurrences were merged into this run, beside its own.
        attempt: 0 for a scheduled start, 1 for its first retry, …
        reason: Why it ended so, in words.
        message: Text for people; None for the usual one.
        exc_text: Traceback.
        params: The parameters, as text.
        elapsed: The clock's `elapsed()` at `at`; None for records of an earlier process.
    """

    task_name: str
    action: Action
    at: Instant
    run_id: str = ""
    seq: int = 0
    start: Instant | None = None
    end: Instant | None = None
    due: Instant | None = None
    merged: int = 0
    attempt: int = 0
    reason: str | None = None
    message: str | None = None
    exc_text: str | None = None
    params: str | None = None
    elapsed: Span | None = None

    @property
    def runtime(self) -> float | None:
        """Seconds between start and end, when both are known."""
        if self.start is None or self.end is None:
            return None
        return (self.end - self.start) / SECOND

    @property
    def text(self) -> str:
        """The message, or the usual one."""
        if self.message is not None:
            return self.message
        why = f" ({self.reason})" if self.reason else ""
        return f"Task {self.task_name!r} status: {self.action.value!r}{why}"


Packed = tuple[Any, ...]
"""A record as an exact tuple of text and numbers, task first; the garbage collector leaves those alone."""

_ACTIONS: Final = {action.value: action for action in Action}


def pack(record: Record) -> Packed:
    """The record as a tuple in the order of its fields."""
    return (
        record.task_name, record.action._value_, record.at, record.run_id, record.seq, record.start,
        record.end, record.due, record.merged, record.attempt, record.reason, record.message,
        record.exc_text, record.params, record.elapsed,
    )  # fmt: skip


def unpack(packed: Packed) -> Record:
    """The record behind such a tuple."""
    return Record(packed[0], _ACTIONS[packed[1]], *packed[2:])


def is_recovery_crash(record: Record) -> bool:
    """Whether recovery wrote it; a crash of unknown reason counts as such: its run is started again."""
    return record.action is Action.CRASH and record.reason in (None, SCHEDULER_DIED)


def clean(text: str | None, longest: int = LONGEST_TEXT) -> str | None:
    """Text that every repository stores: no NUL, no lone surrogates, not too long."""
    if text is None or (text.isascii() and "\0" not in text and len(text) <= longest):
        return text
    if len(text) > longest:
        text = f"{text[: longest // 2]}\n… {len(text) - longest} characters cut …\n{text[-longest // 2 :]}"
    text = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return text.replace("\0", "\\x00")


def values_of(record: Record) -> tuple[Any, ...]:
    """The record as a flat row: its values in the order of `COLUMNS`."""
    start, end, due = record.start, record.end, record.due
    reason, params, message, exc_text = record.reason, record.params, record.message, record.exc_text
    return (
        record.at / SECOND,
        clean(record.task_name),
        record.action._value_,
        clean(record.run_id) or None,
        None if start is None else start / SECOND,
        None if end is None else end / SECOND,
        None if start is None or end is None else (end - start) / SECOND,
        None if due is None else due / SECOND,
        record.merged,
        record.attempt,
        reason if reason is None else clean(reason),
        params if params is None else clean(params),
        message if message is None else clean(message),
        exc_text if exc_text is None else clean(exc_text),
    )


def row_of(record: Record) -> dict[str, Any]:
    """The record as a flat row by column."""
    return dict(zip(COLUMNS, values_of(record), strict=True))


def _instant(value: Any) -> Instant | None:
    if value is None or value == "":
        return None
    return from_seconds(_number(value))


def _number(value: Any) -> float:
    """Seconds since the epoch, whatever a column holds them as."""
    return value.timestamp() if isinstance(value, datetime) else float(value)


def _count(value: Any) -> int:
    return 0 if value in (None, "") else int(float(value))


def _text(value: Any) -> str | None:
    return None if value is None or value == "" else str(value)


def record_of_row(row: Mapping[str, Any]) -> Record:
    """The record behind a row of any repository; unknown columns are passed over.

    Raises:
        TaskLoggingError: Task, action or time are missing or can't be read.
    """
    get = row.get
    try:
        return Record(
            task_name=str(row["task_name"]),
            action=Action(row["action"]),
            at=from_seconds(_number(row["created"])),
            run_id=_text(get("run_id")) or "",
            start=_instant(get("start")),
            end=_instant(get("end")),
            due=_instant(get("due")),
            merged=_count(get("merged")),
            attempt=_count(get("attempt")),
            reason=_text(get("reason")),
            message=_text(get("message")),
            exc_text=_text(get("exc_text")),
            params=_text(get("params")),
        )
    except (KeyError, ValueError, TypeError, OverflowError) as error:
        msg = (
            f"this is no record of the task log ({type(error).__name__}: {error}): {_shown(row)}; "
            "a record has at least task_name, action and created"
        )
        raise TaskLoggingError(msg) from error


def record_of(item: Any) -> Record:
    """The record behind whatever a repository's `add` takes: a Record, a model, a mapping, an object.

    Raises:
        TaskLoggingError: It lacks what a record must have.
    """
    if isinstance(item, Record):
        return item
    if isinstance(item, Mapping):
        return record_of_row(item)
    return record_of_row({name: getattr(item, name, None) for name in COLUMNS if hasattr(item, name)})


def _shown(row: Mapping[str, Any]) -> str:
    known: Iterable[str] = ("created", "task_name", "action", "run_id")
    return repr({name: row[name] for name in known if name in row})[:200]


def seconds_of(value: Any) -> Any:
    """Times and spans as the numbers that rows hold; anything else unchanged."""
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, timedelta):
        return value.total_seconds()
    return value
