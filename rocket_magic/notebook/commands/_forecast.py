"""`%rocket forecast`: the runs that would happen; nothing is run."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from rocket_magic.notebook._home import Notebook
from rocket_magic.notebook.commands._base import Command, Parser, no_words

if TYPE_CHECKING:
    from rocket_magic.forecast import Forecast


def _arguments(parser: Parser) -> None:
    parser.add_argument("span", nargs="+", metavar="SPAN", help="how far: 1 day, 7d, 12 hours")


def _run(notebook: Notebook, given: argparse.Namespace) -> Forecast:
    return notebook.app.forecast(" ".join(given.span))


COMMAND = Command("forecast", "Show which runs would happen.", _run, _arguments, no_words)
