"""A believable session, for looking at."""

from __future__ import annotations

from functools import partial
from typing import Any

from rocket_magic._protocols import Explanation
from rocket_magic.clock import SystemClock
from rocket_magic.instants import NEVER, POLL, SECOND, Instant
from rocket_magic.notebook.dashboard._source import LogRow, OptionField
from tests.dashboard.fakes import FakeRun, FakeSource, FakeState, FakeTask

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

TRACE = (
    "Traceback (most recent call last):\n"
    '  File "<task report>", line 7, in <module>\n    send(mail, host="localhost")\n'
    '  File "<task report>", line 3, in send\n    socket.create_connection((host, 25))\n'
    "ConnectionRefusedError: [Errno 111] Connection refused"
)

OPTIONS = [
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

PRINTED: dict[str, list[dict[str, Any]]] = {
    "report-11": [
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
            "traceback": TRACE.split("\n"),
        },
    ],
    "chart-6": [
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
    ],
    "aggregate-9": [{"output_type": "stream", "name": "stdout", "text": "minute 14:03 …\nminute 14:04 …\n"}],
}


def showcase() -> FakeSource:
    """A session on a quiet afternoon, in which not everything went well."""
    source = FakeSource(is_live=True)
    now = SystemClock()()
    source.current = FakeState(now=now, zone="Europe/Helsinki", silenced_errors=2, runs_in_flight=1)
    tasks = _tasks(now)
    source.known |= {task.name: task for task in tasks}
    source.records += _records(tasks)
    source.future += _future(now)
    source.printed |= PRINTED
    source.why = _why(round(now * SECOND))
    source.form = {option.name: option for option in OPTIONS}
    return source


def _tasks(now: float) -> list[FakeTask]:
    runs = partial(_runs, now)
    ingest = runs("ingest", "ssssssssssss", 5, 0.4)
    report = runs("report", "sssfssssssf", 300, 9)
    return [
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


def _runs(now: float, name: str, words: str, every: float, took: float) -> tuple[FakeRun, ...]:
    kinds = {"s": "success", "f": "fail", "t": "terminate", "i": "inaction", "c": "crash"}
    out = []
    for index, letter in enumerate(words):
        start = now - every * (len(words) - index) - 2
        length = took * (0.5 + (index * 7 % 5) / 3)
        out.append(FakeRun(f"{name}-{index + 1}", kinds[letter], start, start + length))
    return tuple(out)


def _records(tasks: list[FakeTask]) -> list[LogRow]:
    rows = []
    for task in tasks:
        for run in task.recent:
            rows.append(LogRow(task.name, "run", run.start, run.run_id))
            rows.append(
                LogRow(
                    task.name,
                    run.action,
                    run.end,
                    run.run_id,
                    run.start,
                    run.end,
                    exc_text=TRACE if run.action in {"fail", "crash"} else "",
                    message="ended by its timeout of 30 min" if run.action == "terminate" else "",
                )
            )
    return sorted(rows, key=lambda row: row.at)


def _future(now: float) -> list[LogRow]:
    rows = []
    for name, every, took in (("ingest", 240, 100), ("chart", 900, 200), ("report", 5400, 900)):
        for n in range(1, 60):
            start = now + every * n
            outcome = "fail" if name == "report" and n == 1 else "success"
            rows.append(LogRow(name, outcome, start, "", start, start + took, message=f"every {every} s"))
    return sorted(rows, key=lambda row: row.at)


def _why(at: Instant) -> Explanation:
    return Explanation(
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
