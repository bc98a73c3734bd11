"""`%rocket next`: when tasks run next."""

from __future__ import annotations

import argparse

from rocket_magic.notebook._home import Notebook
from rocket_magic.notebook._moments import next_run
from rocket_magic.notebook._views import Table
from rocket_magic.notebook.commands._base import Command, Parser, find_task, task_words


def _arguments(parser: Parser) -> None:
    parser.add_argument("task", nargs="?", metavar="TASK", help="only this task")
    parser.add_argument("-n", type=int, default=1, metavar="N", help="so many starts of each")


def _run(notebook: Notebook, given: argparse.Namespace) -> Table:
    session = notebook.session
    tasks = [find_task(notebook, given.task)] if given.task else session.task_list()
    if given.n > 1:
        return _several(notebook, [task.name for task in tasks], given.n)
    snapshots = [found for task in tasks if (found := session.snapshot_task(task.name)) is not None]
    snapshots.sort(key=lambda one: (one.next_at is None, one.next_at or 0.0, one.name))
    rows = tuple((one.name, next_run(session, one), one.schedule) for one in snapshots)
    return Table(("task", "next run", "schedule"), rows, snapshots, empty="no task is registered yet")


def _several(notebook: Notebook, names: list[str], n: int) -> Table:
    found = [notebook.app.next_starts(name, n) for name in names]
    rows = []
    for one in found:
        rows += [(one.task_name, f"{moment:%Y-%m-%d %H:%M:%S}") for moment in one.moments]
        if one.text:
            rows.append((one.task_name, one.text))
    return Table(("task", "next runs"), tuple(rows), found, empty="no task is registered yet")


COMMAND = Command("next", "Show when tasks run next.", _run, _arguments, task_words)
