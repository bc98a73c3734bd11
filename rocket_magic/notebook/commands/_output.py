"""`%rocket output`: what a run has put out, or what was written outside of runs."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence

from rocket_magic.notebook._home import Notebook
from rocket_magic.notebook._text import one_line
from rocket_magic.notebook._views import OutputView
from rocket_magic.notebook.commands._base import Command, Parser, WordError, find_task, task_words


def _arguments(parser: Parser) -> None:
    parser.add_argument(
        "task", nargs="?", metavar="TASK", help="a task; none: conditions, hooks and the scheduler itself"
    )
    parser.add_argument(
        "run", nargs="?", metavar="RUN", help="a run's id, or -1, -2 … counted from the newest"
    )


def _run(notebook: Notebook, given: argparse.Namespace) -> OutputView:
    if given.task is None:
        return OutputView(
            "output of conditions, hooks and the scheduler", tuple(notebook.background.outputs())
        )
    runs = notebook.outputs.runs(given.task)
    if not runs:
        find_task(notebook, given.task)
        msg = f"no output of task {one_line(given.task)!r} is kept: it hasn't run in this process"
        raise WordError(msg, given.task)
    run_id = _chosen(runs, given.run)
    sink = notebook.outputs.get(given.task, run_id)
    outputs = () if sink is None else tuple(sink.outputs())
    state = "" if sink is None or sink.closed else ", still running"
    return OutputView(
        f"{one_line(given.task)}: run {len(runs) - runs[::-1].index(run_id)} of {len(runs)} kept{state}",
        outputs,
    )


def _chosen(runs: list[str], asked: str | None) -> str:
    if asked is None:
        return runs[-1]
    if asked in runs:
        return asked
    if asked.lstrip("-").isdigit() and asked.startswith("-") and 0 < int(asked[1:]) <= len(runs):
        return runs[int(asked)]
    msg = f"no output of run {one_line(asked)!r} is kept; the newest is {runs[-1]!r}, {len(runs)} are kept"
    raise WordError(msg, asked)


def _words(notebook: Notebook, before: Sequence[str]) -> Iterable[str]:
    if len(before) == 1:
        return notebook.outputs.runs(before[0])
    return task_words(notebook, before)


COMMAND = Command(
    "output",
    "Show the output of a task's newest run, of another, or of the scheduler.",
    _run,
    _arguments,
    _words,
)
