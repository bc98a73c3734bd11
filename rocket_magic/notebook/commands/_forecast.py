"""`%rocket forecast`: the runs that would happen; nothing is run."""

from __future__ import annotations

import argparse
from typing import Any

from rocket_magic.forecast import forecast
from rocket_magic.notebook._home import Notebook
from rocket_magic.notebook._views import Table
from rocket_magic.notebook.commands._base import Command, Parser, no_words


def _arguments(parser: Parser) -> None:
    parser.add_argument("span", nargs="+", metavar="SPAN", help="how far: 1 day, 7d, 12 hours")


def _run(notebook: Notebook, given: argparse.Namespace) -> Table:
    found: Any = forecast(notebook.session, " ".join(given.span))
    rows = tuple(
        (f"{run.start:%Y-%m-%d %H:%M:%S}", run.task_name, str(run.outcome), run.reason or "")
        for run in found.runs
    )
    counts = found.runs_per_task
    notes = tuple(f"{name}: {counts[name]} runs" for name in sorted(counts))
    return Table(
        ("time", "task", "outcome", "reason"), rows, found.runs, notes=notes, empty="nothing would run"
    )


COMMAND = Command("forecast", "Show which runs would happen.", _run, _arguments, no_words)
