"""`%rocket run`: one run by hand, with parameters of its own."""

from __future__ import annotations

import argparse
from typing import Any

from rocket_magic.notebook._home import Notebook
from rocket_magic.notebook._line import assignment
from rocket_magic.notebook._python import evaluate
from rocket_magic.notebook._text import one_line
from rocket_magic.notebook._views import Note, OutputView
from rocket_magic.notebook._wait import run_and_wait
from rocket_magic.notebook.commands._base import (
    Command,
    Parser,
    WordError,
    add_task,
    check_cells_have_run,
    find_task,
    task_words,
)


def _arguments(parser: Parser) -> None:
    add_task(parser)
    parser.add_argument("params", nargs="*", metavar="K=EXPR", help="parameters of this run; EXPR is Python")
    parser.add_argument("--wait", action="store_true", help="wait for the run and show its output")


def _run(notebook: Notebook, given: argparse.Namespace) -> Note | OutputView:
    task = find_task(notebook, given.task)
    values = read_params(notebook, given.params)
    name = one_line(task.name)
    if not given.wait:
        task.run(values)
        state = notebook.session.snapshot_state().state
        waits = "" if state == "running" else f"; it starts when the scheduler runs (now: {state})"
        return Note(f"{name}: one run queued{waits}")
    check_cells_have_run(notebook)
    run_id, action = run_and_wait(notebook.session, task, values)
    sink = notebook.outputs.get(task.name, run_id)
    return OutputView(f"{name}: {action}", tuple(sink.outputs() if sink is not None else ()))


def read_params(notebook: Notebook, texts: list[str]) -> dict[str, Any]:
    """Evaluate `k=EXPR` words in the user's namespace.

    Raises:
        WordError: A word is no assignment.
    """
    values = {}
    for text in texts:
        pair = assignment(text)
        if pair is None or not pair[1]:
            msg = f"parameters are written name=expression, got {one_line(text)!r}"
            raise WordError(msg, text)
        values[pair[0]] = evaluate(pair[1], notebook.shell.user_ns, f"parameter {pair[0]}")
    return values


COMMAND = Command("run", "Run a task once, now.", _run, _arguments, task_words)
