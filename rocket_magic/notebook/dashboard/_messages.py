"""Floor 9, dashboard: what a page may say, checked before anything is done.

Every message is one of the models below: exact types, bounded sizes, no unknown keys. Whatever else
arrives is refused with a sentence for the page; nothing a page sends is evaluated or raises.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

__all__ = [
    "Bye",
    "ClockCommand",
    "GoVirtual",
    "Message",
    "Ping",
    "Refused",
    "RunWith",
    "SchedulerCommand",
    "SetOption",
    "Show",
    "Step",
    "TaskCommand",
    "read",
]

_Name = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
_Key = Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9-]+$")]
_Text = Annotated[str, StringConstraints(max_length=200)]
_Value = Annotated[str, StringConstraints(max_length=10_000)]
_Count = Annotated[int, Field(ge=0, le=100_000_000)]


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    view: _Key
    id: _Count = 0


class Cursor(BaseModel):
    """The record behind which a page of the log begins."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    at: Annotated[float, Field(allow_inf_nan=False)]
    run: Annotated[str, StringConstraints(max_length=1000)]
    action: _Text
    task: Annotated[str, StringConstraints(max_length=1000)]


class Show(_Message):
    """What a view shows now, whole; the publisher works out what the page lacks.

    Attributes:
        tab: "tasks", "log", "config", …; a tab's own fields carry its name.
        fresh: The page lost a message, or starts: send everything.
    """

    type: Literal["show"]
    tab: _Text = "tasks"
    fresh: bool = False
    query: _Text = ""
    standing: Literal["all", "running", "failing", "disabled"] = "all"
    sort: Literal["defined", "name", "schedule", "next", "last"] = "defined"
    descending: bool = False
    offset: _Count = 0
    limit: Annotated[int, Field(ge=1, le=200)] = 60
    task: _Name | None = None
    run: _Name | None = None
    panel: Literal["output", "why"] = "output"
    form: bool = False
    log_task: Annotated[str, StringConstraints(max_length=1000)] = ""
    log_action: Literal["", "run", "success", "fail", "terminate", "inaction", "crash"] = ""
    log_after: Cursor | None = None
    timeline_span: Annotated[int, Field(ge=60, le=366 * 86_400)] = 21_600
    timeline_shift: Annotated[int, Field(ge=-1_000_000_000, le=1_000_000_000)] = 0


class Ping(_Message):
    """The view is still there."""

    type: Literal["ping"]


class Bye(_Message):
    """The view is gone."""

    type: Literal["bye"]


class TaskCommand(_Message):
    """A button of a task."""

    type: Literal["run", "enable", "disable", "terminate"]
    task: _Name


class RunWith(_Message):
    """Run a task once with values as they were typed, by parameter."""

    type: Literal["run_with"]
    task: _Name
    values: Annotated[dict[_Name, _Value], Field(max_length=100)]


class SchedulerCommand(_Message):
    """A button of the scheduler's line."""

    type: Literal["start", "hold", "resume", "stop"]


class SetOption(_Message):
    """A field of the configuration form; the value as it was typed, "" to mean the default's absence."""

    type: Literal["set"]
    option: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    value: Annotated[str, StringConstraints(max_length=2000)] | bool


class Step(_Message):
    """Move a virtual clock on: by a span, to the next event, or until a moment."""

    type: Literal["step"]
    how: Literal["span", "next", "until"]
    text: _Text = ""
    wait: bool = True


class GoVirtual(_Message):
    """Put a virtual clock in place; "" for the present second and for the session's zone."""

    type: Literal["virtual"]
    start: _Text = ""
    zone: _Text = ""


class ClockCommand(_Message):
    """Go back to real time, or stop the step under way."""

    type: Literal["real", "halt"]


Message = (
    Show | Ping | Bye | TaskCommand | RunWith | SchedulerCommand | SetOption | Step | GoVirtual | ClockCommand
)

_READER: TypeAdapter[Message] = TypeAdapter(Annotated[Message, Field(discriminator="type")])
_MOST_KEYS = 40


class Refused(Exception):  # noqa: N818  not an error of ours: the page said something it may not say
    """A message that is refused; the text is for the page."""


def read(content: Any) -> Message:
    """Check one message.

    Args:
        content: Whatever arrived.

    Raises:
        Refused: It is none of the messages above; says which field is wrong, never repeats its value.
    """
    if not isinstance(content, dict) or len(content) > _MOST_KEYS:
        raise Refused("The dashboard refused a message that is not one of its own.")
    try:
        return _READER.validate_python(content)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        if first["type"].startswith("union_tag"):
            raise Refused("The dashboard refused a command that it does not know.") from None
        field = ".".join(str(part) for part in first["loc"][1:])[:80]
        msg = f"The dashboard refused the field {field!r}: {first['msg']}."
        raise Refused(msg) from None
    except (RecursionError, UnicodeError):
        raise Refused("The dashboard refused a message that can't be read.") from None
