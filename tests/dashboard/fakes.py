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
from rocket_magic.instants import NEVER, POLL, SECOND
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


CHART = """<svg xmlns="http://www.w3.org/2000/svg" width="560" height="220"
 font-family="sans-serif" font-size="11">
<rect width="560" height="220" fill="#fff"/><g stroke="#e3e6ea">
<path d="M40 40H540M40 85H540M40 130H540M40 175H540"/></g>
<g fill="none" stroke-width="2.5">
<path d="M40 150 C90 120 120 90 160 110 S240 160 290 120 S370 50 420 75 S500 130 540 60" stroke="#2b7de9"/>
<path d="M40 165 C90 150 130 140 170 150 S260 175 300 160 S380 120 430 130 S500 150 540 128"
 stroke="#2f9e62"/></g>
<text x="40" y="24" fill="#333" font-size="13">Load and memory, last hour</text>
<g fill="#777"><text x="40" y="195">13:10</text><text x="285" y="195">13:40</text>
<text x="515" y="195">14:10</text></g></svg>"""


def showcase() -> FakeSource:
    """A believable session, for looking at."""
    source = FakeSource(is_live=True)
    now = SystemClock()()
    source.current = FakeState(now=now, zone="Europe/Helsinki", silenced_errors=2, runs_in_flight=1)

    def runs(name: str, words: str, every: float, took: float) -> tuple[FakeRun, ...]:
        kinds = {"s": "success", "f": "fail", "t": "terminate", "i": "inaction", "c": "crash"}
        out = []
        for index, letter in enumerate(words):
            start = now - every * (len(words) - index) - 2
            length = took * (0.5 + (index * 7 % 5) / 3)
            out.append(FakeRun(f"{name}-{index + 1}", kinds[letter], start, start + length))
        return tuple(out)

    ingest = runs("ingest", "ssssssssssss", 5, 0.4)
    report = runs("report", "sssfssssssf", 300, 9)
    tasks = [
        FakeTask(
            "ingest",
            "New files into SQLite",
            "every 5 seconds",
            status="success",
            next_at=now + 4,
            recent=ingest,
        ),
        FakeTask(
            "aggregate",
            "Minute averages",
            "after task 'ingest'",
            status="run",
            next_text="after 'ingest' succeeds",
            running=(FakeRun("aggregate-9", "run", now - 3, None),),
            recent=runs("aggregate", "ssssisss", 60, 2),
        ),
        FakeTask(
            "chart",
            "Load and memory of this machine",
            "every 1 minute",
            status="success",
            next_at=now + 42,
            recent=runs("chart", "ssssss", 60, 1.1),
        ),
        FakeTask(
            "report",
            "The morning report by mail",
            "daily between 08:00 and 10:00 | retry 2 times",
            "process",
            "fail",
            next_at=now + 51320,
            recent=report,
            last_error="ConnectionRefusedError: [Errno 111] Connection refused",
            timeout=600,
        ),
        FakeTask(
            "backup",
            "Copy the database away",
            "weekly on Sunday after 03:00",
            "process",
            "terminate",
            next_at=now + 5 * 86400,
            recent=(*runs("backup", "sst", 7 * 86400, 240),),
            timeout=1800,
            priority=-1,
        ),
        FakeTask(
            "cleanup",
            None,
            "monthly starting 1st",
            disabled=True,
            status="success",
            recent=runs("cleanup", "s", 86400 * 20, 3),
        ),
        FakeTask("backfill", "Only by hand, with parameters", "", status=None, next_text="by hand"),
        FakeTask(
            "probe",
            "Asks the sensor",
            "every 30 seconds & is_open()",
            status="crash",
            problem="condition is_open() raised NameError: name 'gate' is not defined",
            recent=runs("probe", "sssscc", 30, 0.1),
        ),
    ]
    for task in tasks:
        source.known[task.name] = task
    trace = (
        "Traceback (most recent call last):\n"
        '  File "<task report>", line 7, in <module>\n    send(mail, host="localhost")\n'
        '  File "<task report>", line 3, in send\n    socket.create_connection((host, 25))\n'
        "ConnectionRefusedError: [Errno 111] Connection refused"
    )
    for task in tasks:
        for run in task.recent:
            source.records.append(LogRow(task.name, "run", run.start, run.run_id))
            source.records.append(
                LogRow(
                    task.name,
                    run.action,
                    run.end,
                    run.run_id,
                    run.start,
                    run.end,
                    exc_text=trace if run.action in {"fail", "crash"} else "",
                    message="ended by its timeout of 30 min" if run.action == "terminate" else "",
                )
            )
    source.records.sort(key=lambda row: row.at)
    for name, every, took in (("ingest", 240, 100), ("chart", 900, 200), ("report", 5400, 900)):
        for n in range(1, 60):
            start = now + every * n
            outcome = "fail" if name == "report" and n == 1 else "success"
            source.future.append(
                LogRow(name, outcome, start, "", start, start + took, message=f"every {every} s")
            )
    source.future.sort(key=lambda row: row.at)
    source.printed["report-11"] = [
        {
            "output_type": "stream",
            "name": "stdout",
            "text": "Collecting \x1b[32m1,204\x1b[0m rows\nWriting report.html\n",
        },
        {"output_type": "stream", "name": "stderr", "text": "WARNING mail: retrying in 5 s\n"},
        {
            "output_type": "error",
            "ename": "ConnectionRefusedError",
            "evalue": "",
            "traceback": trace.split("\n"),
        },
    ]
    source.printed["chart-6"] = [
        {"output_type": "stream", "name": "stdout", "text": "60 readings\n"},
        {
            "output_type": "display_data",
            "data": {"image/svg+xml": CHART, "text/plain": "<Figure>"},
            "metadata": {},
        },
        {
            "output_type": "execute_result",
            "data": {
                "text/plain": "   load  memory\n0  0.42    61.3\n1  0.57    61.9",
                "text/html": "<table border=1><tr><th>load<th>memory<tr><td>0.42<td>61.3</table>",
            },
            "metadata": {},
        },
    ]
    source.printed["aggregate-9"] = [
        {"output_type": "stream", "name": "stdout", "text": "minute 14:03 …\nminute 14:04 …\n"}
    ]
    at = round(now * SECOND)
    source.why = Explanation(
        "daily between 08:00 and 10:00 | retry 2 times",
        False,
        "none of its parts is true",
        at + 51320 * SECOND,
        (),
        (
            Explanation(
                "daily between 08:00 and 10:00",
                False,
                "not between 08:00 and 10:00; it ran today at 08:01",
                at + 51320 * SECOND,
                (),
                (
                    Explanation(
                        "time of day between 08:00 and 10:00", False, "it is 14:04", at + 51320 * SECOND
                    ),
                    Explanation(
                        "has not run today",
                        True,
                        "its window has no outcome yet",
                        NEVER,
                        ("task 'report' finishes",),
                    ),
                ),
            ),
            Explanation(
                "retry 2 times", False, "2 of 2 retries are used up", NEVER, ("task 'report' finishes",)
            ),
            Explanation("is_open()", None, "raised NameError: name 'gate' is not defined", POLL),
        ),
    )
    options = [
        OptionField(
            "execution",
            "choice",
            "thread",
            "process",
            ("main", "async", "thread", "process", "dask"),
            "How runs are carried out unless a task says otherwise.",
            "Runs",
        ),
        OptionField(
            "timeout",
            "text",
            "30 min",
            "30 min",
            (),
            'Longest time a run may take; "never" for no limit.',
            "Runs",
        ),
        OptionField(
            "max_process_count", "number", "2", "2", (), "Most runs in processes at the same time.", "Runs"
        ),
        OptionField(
            "multilaunch", "switch", False, False, (), "Whether a task may run several times at once.", "Runs"
        ),
        OptionField(
            "cycle_sleep",
            "number",
            "0.1",
            "0.1",
            (),
            "Seconds between two looks at conditions that can't say when they change.",
            "Scheduler",
        ),
        OptionField(
            "restarting",
            "choice",
            "recall",
            "replace",
            ("replace", "relaunch", "fresh", "recall"),
            "How a restart is done.",
            "Scheduler",
        ),
        OptionField(
            "timezone",
            "text",
            "Europe/Helsinki",
            "",
            (),
            "Zone of schedules: an IANA name; none for the machine's own.",
            "Scheduler",
        ),
        OptionField(
            "silence_task_prerun",
            "switch",
            True,
            False,
            (),
            "Errors while a run is started don't stop the scheduler.",
            "Errors",
        ),
        OptionField(
            "silence_cond_check",
            "switch",
            True,
            False,
            (),
            "Errors of conditions don't stop the scheduler.",
            "Errors",
        ),
        OptionField(
            "shut_cond",
            "text",
            "",
            "",
            (),
            "Condition after which the scheduler shuts down.",
            "Errors",
            "Can't be changed here.",
        ),
    ]
    source.form = {option.name: option for option in options}
    return source
