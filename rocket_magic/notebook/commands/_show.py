"""`%rocket show`: the dashboard, or its still picture where widgets can't run."""

from __future__ import annotations

import argparse
from typing import Any

from rocket_magic._lazy import load_at_once
from rocket_magic.notebook._home import Notebook
from rocket_magic.notebook.commands import _status
from rocket_magic.notebook.commands._base import Command, Parser, no_words


def _arguments(parser: Parser) -> None:
    parser.add_argument("--text", action="store_true", help="the tasks as a table, without the widget")


def _run(notebook: Notebook, given: argparse.Namespace) -> Any:
    if given.text or getattr(notebook.shell, "kernel", None) is None:
        return _status.table(notebook, times=False)
    # Loaded only now: anywidget and ipywidgets are heavy.
    dashboard = load_at_once("rocket_magic.notebook.dashboard")
    if notebook.dashboard is None or not notebook.dashboard.is_open:
        source = dashboard.SessionSource(notebook.session, _outputs(notebook))
        notebook.dashboard = dashboard.Dashboard(source)
    return notebook.dashboard


def _outputs(notebook: Notebook) -> Any:
    def outputs(task: str, run_id: str) -> list[dict[str, Any]]:
        sink = notebook.outputs.get(task, run_id)
        return [] if sink is None else sink.outputs()

    return outputs


COMMAND = Command("show", "Show the dashboard.", _run, _arguments, no_words)
