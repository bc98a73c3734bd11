"""`%rocket restart`: begin again with the configuration as it is now."""

from __future__ import annotations

import argparse

from rocket_magic.notebook._home import Notebook
from rocket_magic.notebook._text import one_line
from rocket_magic.notebook._views import Note
from rocket_magic.notebook._wait import restart_and_wait
from rocket_magic.notebook.commands._base import Command, Parser, WordError, check_cells_have_run, no_words


def _arguments(parser: Parser) -> None:
    parser.add_argument("--force", action="store_true", help="end the runs in flight, wait for none")


def _run(notebook: Notebook, given: argparse.Namespace) -> Note:
    check_cells_have_run(notebook)
    session = notebook.session
    if not session.scheduler.is_alive:
        msg = "the scheduler is stopped: %rocket start begins again"
        raise WordError(msg)
    if restart_and_wait(session, force=given.force):
        stayed = "scheduler restarted; tasks, parameters and return values stayed"
        return Note(f"{stayed}\n{session.last_restart}")
    running = ", ".join(sorted(one_line(task.name) for task in session.task_list() if task.is_running))
    hint = "" if given.force else "; %rocket restart --force ends them"
    return Note(f"scheduler restarts when these runs have ended: {running}{hint}")


COMMAND = Command(
    "restart", "Restart the scheduler when the runs in flight have ended.", _run, _arguments, no_words
)
