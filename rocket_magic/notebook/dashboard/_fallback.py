"""Floor 9, dashboard: the still picture for places where widgets can't run.

A saved notebook without kernel, nbconvert, GitHub, a terminal. The HTML holds our own tags and inline
styles only, every text escaped; no times of day but the next run's, no countdown: a picture stays true.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from html import escape

from rocket_magic.instants import from_seconds, to_datetime
from rocket_magic.notebook._standing import status_note, status_word
from rocket_magic.notebook._text import one_line
from rocket_magic.notebook.dashboard._source import StateView, TaskRow

__all__ = ["as_html", "as_text"]

_MOST_ROWS = 100
_HEADERS = ("Task", "Status", "Schedule", "Next run", "Last error")
_DOTS = {
    "running": "#1976d2",
    "succeeded": "#2e7d32",
    "failed": "#c62828",
    "crashed": "#c62828",
    "terminated": "#b26a00",
}


def as_html(state: StateView, tasks: Sequence[TaskRow], zone: tzinfo) -> str:
    """A table with inline styles.

    Args:
        state: The scheduler's line.
        tasks: All tasks, in order.
        zone: The zone that times are told in.
    """
    cell = "padding:4px 14px 4px 0;text-align:left;vertical-align:top"
    line = "border-bottom:1px solid rgba(128,128,128,.3)"
    head = "".join(
        f'<th style="{cell};{line};font-weight:600;opacity:.75">{header}</th>' for header in _HEADERS
    )
    rows = []
    for task in tasks[:_MOST_ROWS]:
        name, status, *rest = (escape(text) for text in _cells(task, zone))
        dot = (
            f'<span style="display:inline-block;width:8px;height:8px;border-radius:50%;margin-right:6px;'
            f'background:{_DOTS.get(status_word(task), "#8a8a8a")}"></span>'
        )
        cells = f'<td style="{cell};{line};font-weight:600">{name}</td>'
        cells += f'<td style="{cell};{line};white-space:nowrap">{dot}{status}</td>'
        cells += "".join(f'<td style="{cell};{line}">{text}</td>' for text in rest)
        rows.append(f"<tr>{cells}</tr>")
    return (
        '<div style="font-size:13px;line-height:1.4">'
        f'<div style="padding:4px 0 8px"><b>rocket_magic</b> · {escape(_summary(state, tasks))}</div>'
        f'<table style="border-collapse:collapse;font-size:13px"><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table>{_rest(tasks)}</div>"
    )


def as_text(state: StateView, tasks: Sequence[TaskRow], zone: tzinfo) -> str:
    """The same as aligned text."""
    lines = [_HEADERS, *(_cells(task, zone) for task in tasks[:_MOST_ROWS])]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEADERS))]
    table = [
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]
    rest = _rest(tasks)
    return "\n".join([f"rocket_magic · {_summary(state, tasks)}", *table, *([rest] if rest else [])])


def _cells(task: TaskRow, zone: tzinfo) -> tuple[str, ...]:
    when = one_line(task.next_text or "", 60)
    if task.disabled:
        when = ""
    elif task.next_at is not None:
        when = f"{to_datetime(from_seconds(task.next_at), zone):%Y-%m-%d %H:%M:%S}"
    return (
        one_line(task.name, 60),
        status_word(task),
        one_line(task.schedule, 60),
        when,
        one_line(status_note(task), 80),
    )


def _summary(state: StateView, tasks: Sequence[TaskRow]) -> str:
    count = f"{len(tasks)} task" + ("" if len(tasks) == 1 else "s")
    text = f"scheduler {state.state} · {count}"
    return f"{text} · {one_line(state.problem, 200)}" if state.problem else text


def _rest(tasks: Sequence[TaskRow]) -> str:
    left = len(tasks) - _MOST_ROWS
    return f"… and {left} more" if left > 0 else ""
