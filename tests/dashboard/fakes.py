"""A session made of plain data, for the dashboard's tests: nothing runs, every step is the test's own."""

from __future__ import annotations

import base64
import dataclasses
import struct
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rocket_magic._protocols import Explanation
from rocket_magic.clock import SystemClock
from rocket_magic.instants import NEVER
from rocket_magic.notebook.dashboard._form import read_values
from rocket_magic.notebook.dashboard._source import (
    ForecastView,
    Journey,
    LogCursor,
    LogPage,
    LogRow,
    OptionField,
    ParameterField,
    ParameterForm,
    StepView,
)


@dataclass(frozen=True, slots=True)
class FakeRun:
    run_id: str
    action: str = "success"
    start: float | None = 0.0
    end: float | None = 1.0
    reason: str | None = None
    attempt: int = 0


@dataclass(frozen=True, slots=True)
class FakeTask:
    name: str
    description: str | None = None
    schedule: str = "every 10 seconds"
    execution: str = "thread"
    status: str | None = None
    disabled: bool = False
    priority: int = 0
    next_at: float | None = None
    next_text: str = ""
    running: tuple[FakeRun, ...] = ()
    recent: tuple[FakeRun, ...] = ()
    last_error: str | None = None
    queued: int = 0
    problem: str | None = None
    timeout: float | None = None


@dataclass(frozen=True, slots=True)
class FakeState:
    state: str = "running"
    problem: str | None = None
    now: float = 1000.0
    clock: str = "real"
    zone: str = "UTC"
    started_at: float | None = 0.0
    runs_in_flight: int = 0
    lost_records: int = 0
    silenced_errors: int = 0


@dataclass(frozen=True, slots=True)
class FakeChange:
    kind: str
    task: str | None = None


@dataclass
class FakeSource:
    """Implements `DashboardSource`; `commands` keeps what was asked of it."""

    current: FakeState = field(default_factory=FakeState)
    known: dict[str, FakeTask] = field(default_factory=dict)
    records: list[LogRow] = field(default_factory=list)
    printed: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    form: dict[str, OptionField] = field(default_factory=dict)
    why: Explanation = field(default_factory=lambda: Explanation("always", True, "it is", NEVER))
    commands: list[tuple[str, ...]] = field(default_factory=list)
    listeners: list[Callable[[FakeChange], None]] = field(default_factory=list)
    reads: int = 0
    is_live: bool = False
    future: list[LogRow] = field(default_factory=list)
    travelled: Journey = field(default_factory=Journey)

    def state(self) -> FakeState:
        """The scheduler's line."""
        if self.is_live:
            return dataclasses.replace(self.current, now=SystemClock()())
        return self.current

    def tasks(self) -> Sequence[FakeTask]:
        """All tasks."""
        self.reads += len(self.known)
        return tuple(self.known.values())

    def task(self, name: str) -> FakeTask | None:
        """One task."""
        self.reads += 1
        return self.known.get(name)

    def subscribe(self, listener: Callable[[FakeChange], None]) -> Callable[[], None]:
        """Keep a listener."""
        self.listeners.append(listener)
        return lambda: self.listeners.remove(listener)

    def tell(self, kind: str, task: str | None = None) -> None:
        """Tell the listeners of a change."""
        for listener in list(self.listeners):
            listener(FakeChange(kind, task))

    def put(self, task: FakeTask) -> None:
        """Add or replace a task."""
        self.known[task.name] = task
        self.tell("task", task.name)

    def change(self, name: str, **fields: Any) -> None:
        """Change fields of a task."""
        self.put(dataclasses.replace(self.known[name], **fields))

    def command_task(self, command: str, name: str) -> None:
        """Note the command and do what it means."""
        self.commands.append((command, name))
        if command in {"enable", "disable"}:
            self.change(name, disabled=command == "disable")
        if command == "run":
            run = FakeRun(f"{name}-by-hand", "run", self.state().now, None)
            self.change(name, running=(run,), status="run")
        if command == "terminate":
            self.change(name, running=(), status="terminate")

    def parameters(self, task: str) -> ParameterForm:
        """Two fields, the same for every task."""
        known = (ParameterField("day", "", required=True), ParameterField("limit", "10", required=False))
        return ParameterForm(known, is_open=False)

    def run_with(self, name: str, texts: Mapping[str, str]) -> None:
        """Note it; values are read as the real source reads them."""
        values = read_values(texts)
        self.commands.append(("run_with", name, repr(values)))
        self.command_task("run", name)

    def command_scheduler(self, command: str) -> None:
        """Note the command and do what it means."""
        self.commands.append((command,))
        word = {"start": "running", "resume": "running", "hold": "held", "stop": "stopped"}[command]
        self.current = dataclasses.replace(self.current, state=word, problem=None)
        self.tell("state")

    def log(self, task: str, action: str, after: LogCursor | None, limit: int) -> LogPage:
        """A page of the records."""
        rows = [
            row for row in reversed(self.records) if task in {"", row.task} and action in {"", row.action}
        ]
        keys = [LogCursor(row.at, row.run_id, row.action, row.task) for row in rows]
        offset = 0 if after is None else keys.index(after) + 1
        return LogPage(tuple(rows[offset : offset + limit]), len(rows) > offset + limit)

    def outputs(self, task: str, run_id: str) -> Sequence[Mapping[str, Any]]:
        """What the run printed."""
        return list(self.printed.get(run_id, ()))

    def explain(self, task: str) -> Explanation:
        """The tree that was set."""
        return self.why

    def options(self) -> Sequence[OptionField]:
        """The form."""
        return tuple(self.form.values())

    def set_option(self, name: str, value: str | bool) -> None:
        """Set an option; only `cycle_sleep` is checked."""
        if name not in self.form:
            msg = f"Config has no option {name!r}."
            raise ValueError(msg)
        if name == "cycle_sleep":
            try:
                number = float(value)
            except ValueError:
                msg = f"cycle_sleep must be a number of seconds, got {value!r}."
                raise ValueError(msg) from None
            if number < 0:
                raise ValueError("cycle_sleep must not be negative.")
        self.form[name] = dataclasses.replace(self.form[name], value=value)
        self.tell("config")

    def past(self, start: float, end: float, limit: int) -> tuple[Sequence[LogRow], bool]:
        """Ended runs of the records."""
        rows = [row for row in reversed(self.records) if row.action != "run" and start <= row.at <= end]
        return rows[:limit], len(rows) > limit

    def forecast(self, span: float) -> ForecastView:
        """The runs that were set."""
        now = self.state().now
        return ForecastView(now, now + span, now + span, tuple(self.future))

    def journey(self) -> Journey:
        """What was set."""
        return self.travelled

    def step(self, how: str, text: str, *, wait: bool = True) -> None:
        """Note the step; the clock moves by an hour."""
        self.commands.append(("step", how, text) if wait else ("step", how, text, "no-wait"))
        if text == "soon":
            raise ValueError("'soon' is not a span: write it like 1 hour")
        now = self.current.now
        step = StepView(text or how, now, now + 3600, tuple(self.records[-4:]), 4)
        self.travelled = dataclasses.replace(self.travelled, steps=(step, *self.travelled.steps))
        self.current = dataclasses.replace(self.current, now=now + 3600)
        self.tell("record")

    def go_virtual(self, start: str, zone: str) -> None:
        """Note it and stand still."""
        self.commands.append(("virtual", start, zone))
        self.current = dataclasses.replace(self.current, clock="virtual", now=1_774_728_000.0)
        self.is_live = False
        self.tell("state")

    def command_clock(self, command: str) -> None:
        """Note it."""
        self.commands.append((command,))
        if command == "real":
            self.current = dataclasses.replace(self.current, clock="real")
            self.is_live = True
            self.tell("state")


def png(
    width: int = 2, height: int = 2, pixel: Callable[[int, int], tuple[int, int, int]] | None = None
) -> str:
    """A picture in base64, made by hand so that no plotting library is needed."""
    colour = pixel or (lambda _x, _y: (47, 158, 98))
    raw = b"".join(b"\0" + bytes(part for x in range(width) for part in colour(x, y)) for y in range(height))

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b"")
    )
    return base64.b64encode(data).decode()
