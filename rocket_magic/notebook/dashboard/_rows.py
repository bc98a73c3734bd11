"""Floor 9, dashboard: tasks, records and explanations as the small dictionaries that travel to a page.

Pure functions; every text is bounded, every number finite, and `name` alone travels as it is, since
the page sends it back.
"""

from __future__ import annotations

import math
from datetime import UTC, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from rocket_magic._protocols import Explanation
from rocket_magic.instants import NEVER, POLL, to_seconds
from rocket_magic.notebook._text import clip, one_line, printable, terminal_text
from rocket_magic.notebook.dashboard._index import standing
from rocket_magic.notebook.dashboard._source import LogRow, OptionField, RunView, StateView, TaskRow

__all__ = [
    "explanation_tree",
    "log_row",
    "number",
    "option_row",
    "run_row",
    "state_row",
    "task_row",
    "zone_of",
]

_SHORT = 200
_LONG = 2000
_TRACEBACK = 20_000
_NODES = 400
_RUNS = 12


def number(value: float | None) -> float | None:
    """`value`, or None where it is no finite number (JSON has no infinity)."""
    return value if value is not None and math.isfinite(value) else None


def zone_of(name: str) -> tzinfo:
    """The zone of that name; UTC where this machine knows none."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return UTC


def run_row(run: RunView) -> dict[str, Any]:
    """One run as a bar."""
    row: dict[str, Any] = {
        "id": run.run_id,
        "action": run.action,
        "start": number(run.start),
        "end": number(run.end),
    }
    if run.reason:
        row["reason"] = one_line(run.reason, _SHORT)
    if run.attempt:
        row["attempt"] = run.attempt
    return row


def task_row(task: TaskRow) -> dict[str, Any]:
    """One line of the table."""
    row: dict[str, Any] = {
        "name": task.name,
        "schedule": one_line(task.schedule, _SHORT),
        "execution": task.execution,
        "standing": standing(task),
        "status": task.status,
        "next_at": number(task.next_at),
        "next_text": one_line(task.next_text or "", _SHORT),
        "running": [run_row(run) for run in task.running[-_RUNS:]],
        "recent": [run_row(run) for run in task.recent[-_RUNS:]],
    }
    for key, text in (
        ("description", task.description),
        ("error", task.last_error),
        ("problem", task.problem),
    ):
        if text:
            row[key] = one_line(text, _SHORT * 2)
    facts = {
        "disabled": task.disabled,
        "priority": task.priority,
        "queued": task.queued,
        "timeout": number(task.timeout),
    }
    return row | {key: value for key, value in facts.items() if value}


def state_row(state: StateView) -> dict[str, Any]:
    """The scheduler's line. Without `now`: that travels with every message."""
    return {
        "state": state.state,
        "problem": clip(terminal_text(state.problem or ""), _LONG),
        "clock": state.clock,
        "zone": clip(state.zone, _SHORT),
        "started_at": number(state.started_at),
        "in_flight": state.runs_in_flight,
        "lost": state.lost_records,
        "silenced": state.silenced_errors,
    }


def log_row(row: LogRow) -> dict[str, Any]:
    """One line of the log."""
    wire: dict[str, Any] = {"task": row.task, "action": row.action, "at": number(row.at), "id": row.run_id}
    if row.start is not None and row.end is not None:
        wire["took"] = number(row.end - row.start)
    if row.message:
        wire["message"] = one_line(terminal_text(row.message), _SHORT * 2)
    if row.exc_text:
        wire["error"] = _last_line(row.exc_text)
        wire["traceback"] = clip(terminal_text(row.exc_text), _TRACEBACK)
    return wire


def option_row(option: OptionField) -> dict[str, Any]:
    """One field of the form."""
    return {
        "name": option.name,
        "kind": option.kind,
        "value": _form_value(option.value),
        "default": _form_value(option.default),
        "choices": [clip(choice, _SHORT) for choice in option.choices],
        "help": clip(printable(option.help), _LONG),
        "group": clip(option.group, _SHORT),
        "fixed": clip(option.fixed, _SHORT),
        "changed": option.value != option.default,
    }


def explanation_tree(explanation: Explanation) -> dict[str, Any]:
    """A why-tree, at most `_NODES` nodes."""
    return _node(explanation, [_NODES])


def _node(explanation: Explanation, left: list[int]) -> dict[str, Any]:
    left[0] -= 1
    changes_at = explanation.changes_at
    node: dict[str, Any] = {
        "text": one_line(explanation.text, _SHORT * 2),
        "state": explanation.state,
        "reason": one_line(explanation.reason, _SHORT * 2),
        "changes_at": None if changes_at in {NEVER, POLL} else to_seconds(changes_at),
        "polled": changes_at == POLL,
        "depends_on": [one_line(word, _SHORT) for word in explanation.depends_on[:8]],
        "children": [],
    }
    for child in explanation.children:
        if left[0] <= 0:
            node["cut"] = True
            break
        node["children"].append(_node(child, left))
    return node


def _form_value(value: str | bool) -> str | bool:
    return value if isinstance(value, bool) else clip(value, _LONG)


def _last_line(text: str) -> str:
    lines = terminal_text(text[-_LONG:]).strip().splitlines()
    return one_line(lines[-1], _SHORT * 2) if lines else ""
