"""`%rocket log`: records of the task log."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from datetime import tzinfo
from typing import Any

from rocket_magic._protocols import Action
from rocket_magic.clock import VirtualClock
from rocket_magic.notebook._hints import did_you_mean
from rocket_magic.notebook._home import Notebook
from rocket_magic.notebook._moments import moment_text, span_text
from rocket_magic.notebook._text import one_line
from rocket_magic.notebook._views import Note, Table
from rocket_magic.notebook._wait import until_clock_is
from rocket_magic.notebook.commands._base import Command, Parser, WordError, task_words

_ACTIONS = tuple(action.value for action in Action)


def _arguments(parser: Parser) -> None:
    parser.add_argument("task", nargs="?", metavar="TASK", help="only this task")
    parser.add_argument("--action", metavar="A", help="only this action: " + ", ".join(_ACTIONS))
    parser.add_argument("-n", type=int, default=20, metavar="N", help="the newest N records (20)")
    parser.add_argument("--no-times", action="store_true", help="leave times and durations out")
    parser.add_argument("--save", metavar="URL", help="copy the whole log there: csv:PATH, sqlite:///PATH, …")
    parser.add_argument("--clear", action="store_true", help="forget the history of virtual time")


def _run(notebook: Notebook, given: argparse.Namespace) -> Table | Note:
    if given.save is not None:
        count = notebook.session.save_log(given.save)
        return Note(f"{count:,} records saved in {given.save}")
    if given.clear:
        return _clear(notebook)
    return _show(notebook, given)


def _clear(notebook: Notebook) -> Note:
    """Begin the virtual history anew where the clock stands; the real log is nobody's to clear in passing."""
    session = notebook.session
    clock = session.clock
    if not isinstance(clock, VirtualClock):
        msg = f"--clear is for the history of virtual time; the real log in {session.log.url} stays"
        raise WordError(msg, "--clear")
    count = session.log.filter_by().count()
    until_clock_is(session, VirtualClock(clock(), tz=clock.tz))
    return Note(f"{count:,} records of virtual time forgotten; the clock stands where it stood")


def _show(notebook: Notebook, given: argparse.Namespace) -> Table:
    if given.action is not None and given.action not in _ACTIONS:
        msg = f"--action must be one of {', '.join(_ACTIONS)}{did_you_mean(given.action, _ACTIONS)}"
        raise WordError(msg, given.action)
    if given.n < 1:
        msg = f"-n takes a number from 1, got {given.n}"
        raise WordError(msg, str(given.n))
    records = notebook.session.log.tail(given.n, task=given.task, action=given.action)
    if given.task is not None and not records and given.task not in notebook.session:
        names = [task.name for task in notebook.session.task_list()]
        hint = did_you_mean(given.task, names)
        msg = f"there is neither a task nor a record of {one_line(given.task)!r}{hint}"
        raise WordError(msg, given.task)
    zone = notebook.session.zone
    if given.no_times:
        columns: tuple[str, ...] = ("task", "action", "note")
        rows = [(record.task_name, str(record.action), _lasting_note(record)) for record in records]
        return Table(columns, tuple(rows), records, empty="no records")
    columns = ("time", "task", "action", "took", "note")
    return Table(columns, tuple(_row(record, zone) for record in records), records, empty="no records")


def _row(record: Any, zone: tzinfo) -> tuple[str, ...]:
    took = ""
    if record.end is not None and record.start is not None:
        took = span_text(record.end - record.start)
    return (moment_text(record.created, zone), record.task_name, str(record.action), took, _note(record))


def _note(record: Any) -> str:
    if record.reason:
        return str(record.reason)
    lines = (record.exc_text or "").strip().splitlines()
    return lines[-1] if lines else ""


def _lasting_note(record: Any) -> str:
    """The note without how late a start was, which is a time."""
    return "" if record.action == Action.RUN else _note(record)


def _words(notebook: Notebook, before: Sequence[str]) -> Iterable[str]:
    if before and before[-1] == "--action":
        return _ACTIONS
    return task_words(notebook, [word for word in before if not word.startswith("-")])


COMMAND = Command("log", "Show the newest records of the task log.", _run, _arguments, _words)
