"""`%rocket hold`: start nothing until `%rocket start`."""

from __future__ import annotations

import argparse

from rocket_magic.notebook._home import Notebook
from rocket_magic.notebook._views import Note
from rocket_magic.notebook._wait import until_state_is
from rocket_magic.notebook.commands._base import Command, Parser, WordError, check_cells_have_run, no_words


def _arguments(_parser: Parser) -> None:
    pass


def _run(notebook: Notebook, _given: argparse.Namespace) -> Note:
    check_cells_have_run(notebook)
    if not notebook.session.scheduler.is_alive:
        msg = "the scheduler is stopped, there is nothing to hold"
        raise WordError(msg)
    notebook.session.scheduler.on_hold = True
    until_state_is(notebook.session, "held", "stopping", "stopped")
    return Note("scheduler held: nothing starts until %rocket start; runs in flight go on")


COMMAND = Command("hold", "Start no runs until %rocket start.", _run, _arguments, no_words)
