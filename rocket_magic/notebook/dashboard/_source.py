"""Floor 9, dashboard: what it needs of a session, as protocols.

`SessionSource` (`_session_source.py`) is the real one; tests bring their own. Every method may be
called from any thread; reading ones are called on the publisher's thread only, commands on the
thread that received the page's message: they post to the session and return.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from rocket_magic._protocols import Explanation

__all__ = [
    "ChangeView",
    "DashboardSource",
    "ForecastView",
    "Journey",
    "LogCursor",
    "LogPage",
    "LogRow",
    "OptionField",
    "ParameterField",
    "ParameterForm",
    "RunView",
    "StateView",
    "StepView",
    "TaskRow",
]


class RunView(Protocol):
    """One run: in flight (`action` is "run") or over. Times are seconds since the epoch."""

    @property
    def run_id(self) -> str: ...
    @property
    def action(self) -> str: ...
    @property
    def start(self) -> float | None: ...
    @property
    def end(self) -> float | None: ...
    @property
    def reason(self) -> str | None: ...
    @property
    def attempt(self) -> int: ...


class TaskRow(Protocol):
    """One task as the dashboard shows it (the session's `TaskSnapshot`)."""

    @property
    def name(self) -> str: ...
    @property
    def description(self) -> str | None: ...
    @property
    def schedule(self) -> str: ...
    @property
    def execution(self) -> str: ...
    @property
    def status(self) -> str | None: ...
    @property
    def disabled(self) -> bool: ...
    @property
    def priority(self) -> int: ...
    @property
    def next_at(self) -> float | None: ...
    @property
    def next_text(self) -> str: ...
    @property
    def running(self) -> Sequence[RunView]: ...
    @property
    def recent(self) -> Sequence[RunView]: ...
    @property
    def last_error(self) -> str | None: ...
    @property
    def queued(self) -> int: ...
    @property
    def problem(self) -> str | None: ...
    @property
    def timeout(self) -> float | None: ...


class StateView(Protocol):
    """The scheduler's line (the session's `SessionSnapshot`; its tasks are not read)."""

    @property
    def state(self) -> str: ...
    @property
    def problem(self) -> str | None: ...
    @property
    def now(self) -> float: ...
    @property
    def clock(self) -> str: ...
    @property
    def zone(self) -> str: ...
    @property
    def started_at(self) -> float | None: ...
    @property
    def runs_in_flight(self) -> int: ...
    @property
    def lost_records(self) -> int: ...
    @property
    def silenced_errors(self) -> int: ...


class ChangeView(Protocol):
    """What a session tells its listeners: `kind` is "task", "run", "record", "state" or "config"."""

    @property
    def kind(self) -> str: ...
    @property
    def task(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class LogRow:
    """One record of the task log. Times are seconds since the epoch."""

    task: str
    action: str
    at: float
    run_id: str = ""
    start: float | None = None
    end: float | None = None
    message: str = ""
    exc_text: str = ""


@dataclass(frozen=True, slots=True)
class LogCursor:
    """The record behind which a page begins: its place stays while new records come in.

    Attributes:
        at: When it was written.
        run_id: Its run.
        action: Its action.
        task: Its task.
    """

    at: float
    run_id: str
    action: str
    task: str


@dataclass(frozen=True, slots=True)
class LogPage:
    """Records, newest first.

    Attributes:
        rows: At most as many as were asked for.
        more: Whether older ones follow.
    """

    rows: tuple[LogRow, ...]
    more: bool


@dataclass(frozen=True, slots=True)
class OptionField:
    """One option of the configuration form.

    Attributes:
        name: The option.
        kind: "switch", "choice", "number" or "text".
        value: What it is now, as the form shows it (bool for a switch).
        default: The same for its default.
        choices: What a "choice" may be.
        help: What it does.
        group: Heading it stands under.
        fixed: Why it can't be changed here, or "".
    """

    name: str
    kind: str
    value: str | bool
    default: str | bool
    choices: tuple[str, ...] = ()
    help: str = ""
    group: str = ""
    fixed: str = ""


@dataclass(frozen=True, slots=True)
class ParameterField:
    """A parameter that a run by hand may be given.

    Attributes:
        name: The parameter.
        value: What it is when nothing is given, as text; "" where nobody knows before the run.
        required: Whether a run without it fails.
    """

    name: str
    value: str
    required: bool


@dataclass(frozen=True, slots=True)
class ParameterForm:
    """What a run by hand may be given.

    Attributes:
        fields: The parameters.
        is_open: Whether others are taken as well.
    """

    fields: tuple[ParameterField, ...]
    is_open: bool


@dataclass(frozen=True, slots=True)
class ForecastView:
    """Runs that would happen. Times are seconds since the epoch.

    Attributes:
        start: Where it begins.
        end: How far it reaches; before `asked_end` where there are too many runs.
        asked_end: How far it should reach.
        runs: Their outcomes as `action`, earliest start first.
        notes: What was assumed.
        took: Seconds of real time that working it out took.
    """

    start: float
    end: float
    asked_end: float
    runs: tuple[LogRow, ...]
    notes: tuple[str, ...] = ()
    took: float = 0.0


@dataclass(frozen=True, slots=True)
class StepView:
    """A step of a virtual clock, and what it ran. Times are seconds since the epoch.

    Attributes:
        label: What was asked for.
        start: Where the clock stood.
        end: Where it stood afterwards.
        rows: The first records of it.
        count: How many there were.
    """

    label: str
    start: float
    end: float
    rows: tuple[LogRow, ...]
    count: int


@dataclass(frozen=True, slots=True)
class Journey:
    """What is done with the clock.

    Attributes:
        doing: What is under way, or "".
        progress: How much of it is done, 0 to 1, where that is known.
        error: Why the last one failed, or "".
        steps: The newest steps, newest first.
    """

    doing: str = ""
    progress: float | None = None
    error: str = ""
    steps: tuple[StepView, ...] = ()


class DashboardSource(Protocol):
    """All that the dashboard knows of a session."""

    def state(self) -> StateView:
        """The scheduler's line; cheap, asked up to ten times a second."""
        ...

    def tasks(self) -> Sequence[TaskRow]:
        """All tasks, in the order of their definition."""
        ...

    def task(self, name: str) -> TaskRow | None:
        """One task, or None when there is none of that name; cheap."""
        ...

    def subscribe(self, listener: Callable[[ChangeView], None]) -> Callable[[], None]:
        """Call `listener` after each change; returns what ends that."""
        ...

    def command_task(self, command: str, name: str) -> None:
        """Post "run", "enable", "disable" or "terminate"; an error is raised with its message."""
        ...

    def parameters(self, task: str) -> ParameterForm:
        """What a run of the task may be given."""
        ...

    def run_with(self, name: str, texts: Mapping[str, str]) -> None:
        """Post one run with typed values; a refusal is raised with its message."""
        ...

    def command_scheduler(self, command: str) -> None:
        """Post "start", "hold", "resume" or "stop"; an error is raised with its message."""
        ...

    def log(self, task: str, action: str, after: LogCursor | None, limit: int) -> LogPage:
        """The newest records, or those behind one; filtered where `task` and `action` aren't ""."""
        ...

    def outputs(self, task: str, run_id: str) -> Sequence[Mapping[str, Any]]:
        """What a run has put out so far: nbformat outputs."""
        ...

    def explain(self, task: str) -> Explanation:
        """Why the task runs or doesn't."""
        ...

    def options(self) -> Sequence[OptionField]:
        """The configuration form."""
        ...

    def set_option(self, name: str, value: str | bool) -> None:
        """Validate and set an option; a refusal is raised with its message."""
        ...

    def past(self, start: float, end: float, limit: int) -> tuple[Sequence[LogRow], bool]:
        """The newest ended runs that overlap a span of time, newest first; whether there are more.

        Where there are more than `limit`, some of the newest of each task are among them; there may then be
        up to twice as many.
        """
        ...

    def forecast(self, span: float) -> ForecastView:
        """The runs of the next `span` seconds; bounded, may take seconds: asked on a helper thread."""
        ...

    def journey(self) -> Journey:
        """What is done with the clock; cheap."""
        ...

    def step(self, how: str, text: str, *, wait: bool = True) -> None:
        """Begin a step: "span", "next" or "until"; a refusal is raised with its message.

        Time waits for runs in flight, or goes on over them.
        """
        ...

    def go_virtual(self, start: str, zone: str) -> None:
        """Begin to put a virtual clock in place; a refusal is raised with its message."""
        ...

    def command_clock(self, command: str) -> None:
        """Begin "real", or "halt" the step under way; a refusal is raised with its message."""
        ...
