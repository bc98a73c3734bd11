"""`%rocket restart`: begin again with the configuration as it is now."""

from __future__ import annotations

import argparse

from rocket_magic.notebook._home import Notebook
from rocket_magic.notebook._views import Note
from rocket_magic.notebook.commands._base import Command, Parser, WordError, no_words


def _arguments(_parser: Parser) -> None:
    pass


def _run(notebook: Notebook, _given: argparse.Namespace) -> Note:
    session = notebook.session
    if not session.scheduler.is_alive:
        msg = "the scheduler is stopped: %rocket start begins again"
        raise WordError(msg)
    in_flight = session.snapshot_state().runs_in_flight
    session.restart()
    waits = f" when {in_flight} runs in flight have ended" if in_flight else ""
    return Note(f"scheduler restarts{waits}; tasks, parameters and return values stay")


COMMAND = Command(
    "restart", "Restart the scheduler when the runs in flight have ended.", _run, _arguments, no_words
)
