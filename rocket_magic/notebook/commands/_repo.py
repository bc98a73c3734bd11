"""`%rocket repo`: where the task log is kept."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence

from rocket_magic.notebook._home import Notebook
from rocket_magic.notebook._views import Note
from rocket_magic.notebook.commands._base import Command, Parser

_FORMS = ("memory:", "csv:", "sqlite:///", "postgresql://")


def _arguments(parser: Parser) -> None:
    parser.add_argument(
        "url", nargs="?", metavar="URL", help="memory:  csv:PATH  sqlite:///PATH  postgresql://…"
    )


def _run(notebook: Notebook, given: argparse.Namespace) -> Note:
    session = notebook.session
    if given.url is not None:
        session.set_repo(given.url)
    return Note(f"the task log is kept in {session.log.url}")


def _words(_notebook: Notebook, before: Sequence[str]) -> Iterable[str]:
    return () if before else _FORMS


COMMAND = Command("repo", "Show where the task log is kept, or keep it elsewhere.", _run, _arguments, _words)
