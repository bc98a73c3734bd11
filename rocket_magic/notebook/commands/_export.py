"""`%rocket export`: the tasks as a plain Python program."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from rocket_magic._lazy import LazyModule
from rocket_magic.notebook._home import Notebook
from rocket_magic.notebook._text import one_line
from rocket_magic.notebook._views import Note
from rocket_magic.notebook.commands._base import Command, Parser, WordError, no_words

if TYPE_CHECKING:
    from rocket_magic.notebook import _export as exporting
else:
    exporting = LazyModule("rocket_magic.notebook._export")


def _arguments(parser: Parser) -> None:
    parser.add_argument("file", metavar="FILE", help="the program to write, e.g. schedule.py")
    parser.add_argument(
        "--force", action="store_true", help="overwrite a file that %%rocket export has not written"
    )


def _run(notebook: Notebook, given: argparse.Namespace) -> Note:
    path = Path(given.file).expanduser()
    tasks = notebook.session.task_list()
    if not tasks:
        msg = "there is nothing to export: no task is registered yet"
        raise WordError(msg)
    try:
        text = exporting.program(notebook)
    except exporting.ExportError as error:
        msg = "can't export:\n" + "\n".join(f"  {one_line(problem, 300)}" for problem in error.problems)
        raise WordError(msg) from error
    try:
        _write(path, text, force=given.force)
    except (OSError, UnicodeError) as error:
        msg = f"can't write {one_line(given.file)}: {one_line(str(error))}"
        raise WordError(msg, given.file) from error
    count = f"{len(tasks)} task" + ("" if len(tasks) == 1 else "s")
    return Note(f"{one_line(given.file)}: {count} written; python {one_line(given.file)} runs them")


def _write(path: Path, text: str, *, force: bool) -> None:
    """Write all or nothing."""
    if not force and path.exists() and not path.read_text(encoding="utf-8").startswith(exporting.MARK):
        msg = "it exists and was not written by %rocket export; --force overwrites it"
        raise FileExistsError(msg)
    draft = path.with_name(f".{path.name}.draft")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)


COMMAND = Command("export", "Write the tasks as a Python program.", _run, _arguments, no_words)
