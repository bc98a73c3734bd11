"""`%rocket status`: the scheduler and its tasks."""

from __future__ import annotations

import argparse

from rocket_magic.notebook._home import Notebook
from rocket_magic.notebook._moments import moment_text, planned_run
from rocket_magic.notebook._standing import status_note, status_word
from rocket_magic.notebook._views import Table
from rocket_magic.notebook.commands._base import Command, Parser, no_words
from rocket_magic.scheduler import SessionSnapshot, TaskSnapshot


def _arguments(parser: Parser) -> None:
    parser.add_argument("--times", action="store_true", help="also the last and the next run")


def _run(notebook: Notebook, given: argparse.Namespace) -> Table:
    return table(notebook, times=given.times)


def table(notebook: Notebook, *, times: bool) -> Table:
    """Scheduler and tasks, sorted by name; without times the text is the same at every execution."""
    snapshot = notebook.session.snapshot()
    tasks = sorted(snapshot.tasks, key=lambda task: task.name)
    columns: tuple[str, ...] = ("task", "status", "schedule", "execution", "note")
    rows: list[tuple[str, ...]] = [
        (task.name, status_word(task), task.schedule, task.execution, status_note(task)) for task in tasks
    ]
    if times:
        columns = (*columns[:3], "last run", "next run", *columns[3:])
        rows = [
            (*row[:3], _last(notebook, task), planned_run(notebook.session, task), *row[3:])
            for row, task in zip(rows, tasks, strict=True)
        ]
    return Table(
        columns,
        tuple(rows),
        tasks,
        title=_title(snapshot),
        notes=_notes(snapshot),
        empty="no task is registered yet: put %%task every 10 s on top of a cell",
    )


def _title(snapshot: SessionSnapshot) -> str:
    clock = "" if snapshot.clock == "real" else f", {snapshot.clock} clock"
    problem = f": {snapshot.problem}" if snapshot.problem else ""
    return f"scheduler {snapshot.state}{clock}{problem}"


def _notes(snapshot: SessionSnapshot) -> tuple[str, ...]:
    notes = []
    if snapshot.silenced_errors:
        notes.append(f"{snapshot.silenced_errors} errors were silenced: %rocket output shows them")
    if snapshot.lost_records:
        notes.append(f"{snapshot.lost_records} records are not in the task log's repository")
    return tuple(notes)


def _last(notebook: Notebook, task: TaskSnapshot) -> str:
    start = task.recent[-1].start if task.recent else None
    return "" if start is None else moment_text(start, notebook.session.zone)


COMMAND = Command("status", "Show the scheduler and its tasks.", _run, _arguments, no_words)
