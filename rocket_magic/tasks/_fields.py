"""Floor 5: the fields of a task: what each means, in which forms it is given, and how it is read.

A field is a property over a slot. Setting it converts the value, stores it, and tells the session, so
that a change takes effect at the scheduler's next wake-up.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Protocol

from rocket_magic.instants import NEVER, Span, to_timedelta
from rocket_magic.tasks import _checks as checks

if TYPE_CHECKING:
    from rocket_magic.tasks._base import Task


class Field(Protocol):
    """What `field` makes: something that is read and set like an attribute."""

    def __get__(self, task: Any, owner: Any = None) -> Any: ...
    def __set__(self, task: Any, value: Any) -> None: ...


def field(name: str, convert: checks.Convert, doc: str, show: Callable[[Any], Any] | None = None) -> Field:
    """One checked field of a task, over the slot of its name with an underscore before.

    A property with a getter in C: the scheduler reads a dozen fields for each run.

    Args:
        name: The field's name.
        convert: Turns what is set into what is stored, or raises.
        doc: What the field means, with units and accepted forms.
        show: Turns what is stored into what is read; the stored value itself when None.
    """
    slot = "_" + name
    stored = attrgetter(slot)

    def read(task: Task) -> Any:
        value = stored(task)
        return value if show is None else show(value)

    def write(task: Task, value: Any) -> None:
        setattr(task, slot, convert(task, value))
        task.session.task_changed(task, name)

    return property(stored if show is None else read, write, doc=doc)


def _show_span(span: Span | None) -> timedelta | str | None:
    """A stored span as a timedelta, "never" or None."""
    if span is None:
        return None
    return "never" if span == NEVER else to_timedelta(span)


start_cond = field(
    "start_cond",
    checks.as_start_condition,
    "When the task starts: a condition, phrase text, a bool or None (by hand).",
)
end_cond = field(
    "end_cond",
    checks.as_start_condition,
    "When a run is ended: a condition, phrase text, a bool or None (never).",
)
description = field("description", checks.as_given, "What the task does, for people.")
execution = field(
    "execution",
    checks.as_execution,
    'How runs are carried out: "main", "async", "thread", "process", "dask"; None: the session\'s.',
)
priority = field("priority", checks.as_priority, "Of tasks due at one instant, higher starts first.")
disabled = field("disabled", checks.as_bool("disabled"), "A disabled task starts only by hand.")
timeout = field(
    "timeout",
    checks.as_timeout,
    'Longest run: seconds, "10 minutes", a timedelta or "never"; None: the session\'s.',
    _show_span,
)
daemon = field(
    "daemon",
    checks.as_given,
    "Accepted for Rocketry programs and without effect: a run may start processes of its own, and ends "
    "with the scheduler's process in any case; None: the session's `tasks_as_daemon`.",
)
permanent = field(
    "permanent", checks.as_bool("permanent"), "Runs for ever: no timeout, and is ended first at shutdown."
)
multilaunch = field(
    "multilaunch",
    checks.as_multilaunch,
    "Parallel runs: True, False, or their largest number; None: the session's.",
)
on_startup = field(
    "on_startup", checks.as_bool("on_startup"), "Runs when the scheduler starts, and only then."
)
on_shutdown = field(
    "on_shutdown", checks.as_bool("on_shutdown"), "Runs when the scheduler stops, and only then."
)
on_overlap = field(
    "on_overlap",
    checks.as_overlap,
    'When due while running: "skip", "queue" or "replace"; None: the session\'s.',
)
misfire_grace_time = field(
    "misfire_grace_time",
    checks.as_grace,
    "How late a start may be before it is skipped and recorded as missed; None: the session's.",
    _show_span,
)
rerun_interrupted = field(
    "rerun_interrupted",
    checks.as_given,
    "Whether a run that the scheduler's death cut off is started again; None: the session's.",
)
func_run_id = field(
    "func_run_id", checks.as_given, "Makes the id of a run from (task, parameters); None: the session's."
)
logger_name = field(
    "logger_name",
    checks.as_logger_name,
    "The stdlib logger of the task's records, at or below the session's `task_logger_basename`; None: that "
    "one. The session's repository gets them in any case.",
)
fmt_log_message = field(
    "fmt_log_message",
    checks.as_message_format,
    'The text of its records, like "{task}: {action}"; None: the usual one, with the reason.',
)
