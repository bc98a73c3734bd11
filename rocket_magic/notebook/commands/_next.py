"""`%rocket next`: when tasks run next."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from rocket_magic.instants import to_instant
from rocket_magic.notebook._home import Notebook
from rocket_magic.notebook._moments import coming_text
from rocket_magic.notebook._views import Table
from rocket_magic.notebook.commands._base import Command, Parser, WordError, find_task, task_words

if TYPE_CHECKING:
    from rocket_magic.forecast import NextStarts


def _arguments(parser: Parser) -> None:
    parser.add_argument("task", nargs="?", metavar="TASK", help="only this task")
    parser.add_argument("-n", type=int, default=1, metavar="N", help="so many starts of each")


def _run(notebook: Notebook, given: argparse.Namespace) -> Table:
    if given.n < 1:
        msg = f"-n takes a number from 1, got {given.n}"
        raise WordError(msg, str(given.n))
    session = notebook.session
    tasks = [find_task(notebook, given.task)] if given.task else session.task_list()
    found = [notebook.app.next_starts(task, given.n) for task in tasks]
    found.sort(key=lambda one: (not one.moments, *(one.moments[:1]), one.task_name))
    schedules = {task.name: session.snapshot_task(task.name) for task in tasks}
    rows = []
    for one in found:
        snapshot = schedules[one.task_name]
        schedule = "" if snapshot is None else snapshot.schedule
        rows += [(one.task_name, text, schedule) for text in _texts(notebook, one)]
    state = session.snapshot_state().state
    notes = () if state == "running" else (f"the scheduler is {state}: nothing starts until %rocket start",)
    columns = ("task", "next run", "schedule")
    return Table(columns, tuple(rows), found, notes=notes, empty="no task is registered yet")


def _texts(notebook: Notebook, starts: NextStarts) -> list[str]:
    session = notebook.session
    moments = [coming_text(session, to_instant(moment, session.zone)) for moment in starts.moments]
    return [*moments, *([starts.text] if starts.text else [])]


COMMAND = Command("next", "Show when tasks run next.", _run, _arguments, task_words)
