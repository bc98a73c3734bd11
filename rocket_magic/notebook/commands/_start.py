"""`%rocket start`: let the scheduler run, after a stop or a hold."""

from __future__ import annotations

import argparse

from rocket_magic.notebook._home import Notebook
from rocket_magic.notebook._views import Note
from rocket_magic.notebook._wait import until_state_is
from rocket_magic.notebook.commands._base import Command, Parser, no_words


def _arguments(_parser: Parser) -> None:
    pass


def _run(notebook: Notebook, _given: argparse.Namespace) -> Note:
    if notebook.waits_for_cells:
        return Note("the scheduler starts when all cells have run")
    session = notebook.session
    state = session.snapshot_state().state
    if state == "stopping":
        return Note(
            "the scheduler waits for runs in flight; start it when they have ended, or %rocket stop --force"
        )
    session.scheduler.on_hold = False
    session.start_thread()
    until_state_is(session, "running")
    return Note("scheduler running" if state != "running" else "the scheduler was running already")


COMMAND = Command("start", "Start the scheduler, or let it go on after a hold.", _run, _arguments, no_words)
