"""`%rocket why`: a task's schedule as a tree of reasons."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import tzinfo

from rocket_magic._protocols import Explanation
from rocket_magic.exc import ClockError
from rocket_magic.instants import NEVER
from rocket_magic.notebook._home import Notebook
from rocket_magic.notebook._moments import change_text
from rocket_magic.notebook._text import as_html, one_line
from rocket_magic.notebook.commands._base import Command, Parser, WordError, add_task, find_task, task_words

_STATES = {True: "true", False: "false", None: "error"}


@dataclass(frozen=True, repr=False)
class Reasons:
    """An explanation that can be shown.

    Attributes:
        title: The task.
        explanation: The tree.
        zone: The zone that times are told in.
    """

    title: str
    explanation: Explanation
    zone: tzinfo

    def __repr__(self) -> str:
        return "\n".join([one_line(self.title), *self._lines(self.explanation, "", "")])

    def _lines(self, node: Explanation, lead: str, below: str) -> Iterator[str]:
        yield f"{lead}{self._words(node)}"
        for position, child in enumerate(node.children, 1):
            last = position == len(node.children)
            yield from self._lines(
                child, below + ("└─ " if last else "├─ "), below + ("   " if last else "│  ")
            )

    def _words(self, node: Explanation) -> str:
        parts = [f"[{_STATES[node.state]}] {node.text}"]
        if node.reason:
            parts.append(node.reason)
        if not node.children:
            parts += self._changes(node)
        return one_line(": ".join(parts[:2]) + "".join(f"; {part}" for part in parts[2:]), 400)

    def _changes(self, node: Explanation) -> Iterator[str]:
        """The instant and the events after which the answer may differ, as far as each is known."""
        if node.changes_at != NEVER or not node.depends_on:
            yield change_text(node.changes_at, self.zone)
        if node.depends_on:
            yield "changes when " + " or ".join(node.depends_on)

    def _repr_html_(self) -> str:
        return f"<div><p><b>{as_html(self.title)}</b></p><ul>{self._item(self.explanation)}</ul></div>"

    def _item(self, node: Explanation) -> str:
        inner = "".join(map(self._item, node.children))
        return f"<li>{as_html(self._words(node))}{f'<ul>{inner}</ul>' if inner else ''}</li>"


def _arguments(parser: Parser) -> None:
    add_task(parser)
    parser.add_argument("--at", metavar="T", nargs="+", help="at a past moment, as far as the log tells")


def _run(notebook: Notebook, given: argparse.Namespace) -> Reasons:
    task = find_task(notebook, given.task)
    session = notebook.session
    if not given.at:
        return Reasons(f"why {task.name}", session.explain(task), session.zone)
    at = " ".join(given.at)
    try:
        explanation = session.explain(task, at=at)
    except ClockError as error:
        raise WordError(str(error), given.at[0]) from error
    return Reasons(f"why {task.name} at {at}", explanation, session.zone)


COMMAND = Command("why", "Say why a task runs or doesn't.", _run, _arguments, task_words)
