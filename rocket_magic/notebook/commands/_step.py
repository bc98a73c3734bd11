"""`%rocket step`: move a virtual clock on; what is due on the way runs."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from typing import Any

from rocket_magic.instants import to_datetime
from rocket_magic.notebook._home import Notebook
from rocket_magic.notebook._views import Table
from rocket_magic.notebook.commands._base import Command, Parser, WordError


def _arguments(parser: Parser) -> None:
    parser.add_argument(
        "how", nargs="+", metavar="SPAN | next | until T", help="1h, next, until 2026-03-29T04:00"
    )
    parser.add_argument(
        "--no-wait", action="store_true", help="move time with runs in flight, so that timeouts strike"
    )


def _run(notebook: Notebook, given: argparse.Namespace) -> Table:
    session = notebook.session
    if session.snapshot_state().clock != "virtual":
        msg = "real time can't be stepped: %rocket clock virtual goes to a clock that can"
        raise WordError(msg)
    word, rest = given.how[0], " ".join(given.how[1:])
    how: dict[str, Any]
    if word == "next" and not rest:
        how = {"to_next": True}
    elif word == "until":
        if not rest:
            msg = "until what? %rocket step until 2026-03-29T04:00"
            raise WordError(msg, word)
        how = {"until": rest}
    else:
        how = {"span": " ".join(given.how)}
    records: list[Any] = []
    forget = session.subscribe(lambda change: records.append(change.record) if change.record else None)
    try:
        now = session.step(**how, wait_for_runs=not given.no_wait)
    finally:
        forget()
    zone = session.zone
    rows = tuple(
        (
            f"{to_datetime(record.at, zone):%Y-%m-%d %H:%M:%S}",
            record.task_name,
            record.action.value,
            record.reason or "",
        )
        for record in records
    )
    return Table(
        ("time", "task", "action", "note"),
        rows,
        records,
        title=f"now {now:%Y-%m-%d %H:%M:%S}",
        empty="nothing was due",
    )


def _words(_notebook: Notebook, before: Sequence[str]) -> Iterable[str]:
    return () if before else ("next", "until", "1h", "1d")


COMMAND = Command("step", "Move a virtual clock on.", _run, _arguments, _words)
