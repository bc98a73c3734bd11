"""`%rocket stop`: shut the scheduler down."""

from __future__ import annotations

import argparse

from rocket_magic.notebook._home import Notebook
from rocket_magic.notebook._text import one_line
from rocket_magic.notebook._views import Note
from rocket_magic.notebook.commands._base import Command, Parser, no_words

_PATIENCE = 2.0


def _arguments(parser: Parser) -> None:
    parser.add_argument(
        "--force", action="store_true", help="end the runs in flight instead of waiting for them"
    )


def _run(notebook: Notebook, given: argparse.Namespace) -> Note:
    session = notebook.session
    if session.snapshot_state().state == "stopped":
        return Note("the scheduler was stopped already")
    if session.stop(force=given.force, wait=_PATIENCE):
        return Note("scheduler stopped")
    running = sorted(task.name for task in session.task_list() if task.is_running)
    names = ", ".join(one_line(name) for name in running)
    return Note(f"scheduler stopping: no run starts any more, these end first: {names}")


COMMAND = Command("stop", "Shut the scheduler down; runs in flight end first.", _run, _arguments, no_words)
