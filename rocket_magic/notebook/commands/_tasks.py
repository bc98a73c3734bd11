"""`%rocket enable`, `disable`, `terminate`, `remove`: one task, one act."""

from __future__ import annotations

import argparse

from rocket_magic.notebook._home import Notebook
from rocket_magic.notebook._text import one_line
from rocket_magic.notebook._views import Note
from rocket_magic.notebook.commands._base import Command, add_task, find_task, task_words


def _enable(notebook: Notebook, given: argparse.Namespace) -> Note:
    task = find_task(notebook, given.task)
    task.disabled = False
    return Note(f"{one_line(task.name)}: enabled")


def _disable(notebook: Notebook, given: argparse.Namespace) -> Note:
    task = find_task(notebook, given.task)
    task.disabled = True
    return Note(f"{one_line(task.name)}: disabled; it starts by %rocket run only")


def _terminate(notebook: Notebook, given: argparse.Namespace) -> Note:
    task = find_task(notebook, given.task)
    runs = len(task.runs)
    if not runs:
        return Note(f"{one_line(task.name)}: no run is in flight")
    task.terminate("asked for by %rocket terminate")
    return Note(f"{one_line(task.name)}: {runs} {'run was' if runs == 1 else 'runs were'} asked to end")


def _remove(notebook: Notebook, given: argparse.Namespace) -> Note:
    task = find_task(notebook, given.task)
    notebook.session.remove_task(task)
    notebook.cells.forget(task.name)
    notebook.outputs.forget(task.name)
    return Note(f"{one_line(task.name)}: removed; its records stay in the log")


ENABLE = Command("enable", "Let a disabled task start again.", _enable, add_task, task_words)
DISABLE = Command("disable", "Keep a task from starting by its schedule.", _disable, add_task, task_words)
TERMINATE = Command("terminate", "Ask the runs of a task to end.", _terminate, add_task, task_words)
REMOVE = Command("remove", "Take a task out.", _remove, add_task, task_words)
