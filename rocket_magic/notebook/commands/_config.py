"""`%rocket config`: see options, set one."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence

from rocket_magic.config import Config, describe, set_from_text
from rocket_magic.notebook._hints import did_you_mean
from rocket_magic.notebook._home import Notebook
from rocket_magic.notebook._line import unquoted
from rocket_magic.notebook._text import one_line
from rocket_magic.notebook._views import Note, Table
from rocket_magic.notebook.commands._base import Command, Parser, WordError


def _arguments(parser: Parser) -> None:
    parser.add_argument("option", nargs="*", metavar="KEY[=VALUE]", help="an option to show, or to set")


def _run(notebook: Notebook, given: argparse.Namespace) -> Note | Table:
    config = notebook.session.config
    key, sign, value = _parts(" ".join(given.option))
    if not key:
        return _table(config)
    rows = {row.name: row for row in describe(config)}
    if key not in rows:
        msg = f"there is no option {one_line(key)!r}{did_you_mean(key, rows)}"
        raise WordError(msg, given.option[0])
    if not sign:
        row = rows[key]
        return Note(f"{row.name} = {row.value} (engine's default: {row.default})\n{row.description}")
    set_from_text(config, key, unquoted(value))
    now = next(row.value for row in describe(config) if row.name == key)
    return Note(f"{key} = {now} (was {rows[key].value})")


def _parts(text: str) -> tuple[str, str, str]:
    """Split `KEY=VALUE`, or `KEY VALUE`."""
    key, sign, value = text.partition("=")
    if not sign:
        key, sign, value = text.partition(" ")
    return key.strip(), sign, value.strip()


def _table(config: Config) -> Table:
    options = sorted(describe(config))
    rows = tuple(
        (row.name, row.value, "*" if row.differs else "", row.default, row.description) for row in options
    )
    notes = ("* differs from the engine's default", "%rocket config KEY=VALUE sets an option")
    return Table(("option", "value", "", "default", "meaning"), rows, options, notes=notes)


def _words(_notebook: Notebook, before: Sequence[str]) -> Iterable[str]:
    return () if before else sorted(f"{name}=" for name in Config.model_fields)


COMMAND = Command("config", "Show the options, or set one.", _run, _arguments, _words)
