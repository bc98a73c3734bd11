"""Floor 9, dashboard: the parts of a view. A panel reads the source and says what the page lacks.

A later tab is one more panel, one line in `PANELS`, and its tab in the page.
Each view owns its panels; they live while their tab is open and run on the publisher's thread only,
so what they remember of earlier messages needs no lock.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

from rocket_magic.instants import NEVER, SECOND, Instant, Span
from rocket_magic.notebook._text import one_line
from rocket_magic.notebook.dashboard._clock_panel import ClockPanel
from rocket_magic.notebook.dashboard._index import Choice, TaskIndex
from rocket_magic.notebook.dashboard._messages import Show
from rocket_magic.notebook.dashboard._outputs import output_items
from rocket_magic.notebook.dashboard._rows import explanation_tree, log_row, option_row, task_row
from rocket_magic.notebook.dashboard._source import DashboardSource, LogCursor, TaskRow
from rocket_magic.notebook.dashboard._timeline_panel import TimelinePanel

__all__ = ["PANELS", "Changes", "Panel", "World", "panels_of"]

_LOG_PAGE = 50


@dataclass(slots=True)
class Changes:
    """What changed since the last look.

    Attributes:
        tasks: Names of changed tasks.
        everything: Any task may have changed.
        records: The log grew.
        config: An option changed.
    """

    tasks: set[str] = field(default_factory=set)
    everything: bool = False
    records: bool = False
    config: bool = False

    def touch(self, name: str | None) -> bool:
        """Whether the task may have changed."""
        return self.everything or name in self.tasks


@dataclass(frozen=True, slots=True)
class World:
    """What panels read."""

    source: DashboardSource
    index: TaskIndex
    now: Instant


class Panel(Protocol):
    """One part of a view.

    Attributes:
        pause: Shortest time between two looks.
    """

    pause: Span

    def is_touched(self, show: Show, changes: Changes) -> bool:
        """Whether a change concerns it."""
        ...

    def again_after(self) -> Span | None:
        """When it must look again although nothing changed, or None."""
        ...

    def look(self, show: Show, world: World) -> dict[str, Any] | None:
        """What the page lacks; None: nothing."""
        ...


class TasksPanel:
    """The table: the window of names that the view shows, and the rows that changed."""

    pause: Span = 0

    def __init__(self) -> None:
        self._rows: dict[str, dict[str, Any]] = {}
        self._frame: tuple[Any, ...] | None = None
        self._choice = Choice()

    def is_touched(self, show: Show, changes: Changes) -> bool:
        """Any task concerns it: it may enter or leave the window."""
        return changes.everything or bool(changes.tasks)

    def again_after(self) -> Span | None:
        """A passing order may be made anew."""
        return None if self._choice.is_steady else 2 * SECOND

    def look(self, show: Show, world: World) -> dict[str, Any] | None:
        """The window."""
        self._choice = Choice(show.query, show.standing, show.sort, show.descending)
        names = world.index.select(self._choice, world.now)
        offset = min(show.offset, max(len(names) - 1, 0))
        window = names[offset : offset + show.limit]
        tasks = {name: world.index.get(name) for name in window}
        rows = {name: task_row(task) for name, task in tasks.items() if task is not None}
        changed = [row for name, row in rows.items() if self._rows.get(name) != row]
        frame = (offset, len(names), tuple(rows), world.index.counts())
        part: dict[str, Any] = {}
        if frame != self._frame:
            part = {"offset": offset, "matched": len(names), "names": list(rows), "counts": frame[3]}
        if changed:
            part["rows"] = changed
        self._rows, self._frame = rows, frame
        return part or None


class _Whole:
    """Remembers the last picture, and gives one only when it differs."""

    def __init__(self) -> None:
        self._last: Mapping[str, Any] | None = None

    def differs(self, picture: dict[str, Any]) -> dict[str, Any] | None:
        if picture == self._last:
            return None
        self._last = picture
        return picture


class TaskPanel:
    """One thing about the chosen task, told anew when that task changes.

    Args:
        picture: What is told.
        pause: Shortest time between two looks.
    """

    def __init__(self, picture: Callable[[Show, World], dict[str, Any]], pause: Span) -> None:
        self.pause = pause
        self._picture = picture
        self._whole = _Whole()

    def is_touched(self, show: Show, changes: Changes) -> bool:
        """Its task, which may be another one now."""
        return changes.touch(show.task)

    def again_after(self) -> Span | None:
        """Never."""
        return None

    def look(self, show: Show, world: World) -> dict[str, Any] | None:
        """The picture, when it differs from the last one."""
        return self._whole.differs(self._picture(show, world))


def _detail(show: Show, world: World) -> dict[str, Any]:
    """The task's row; the page learns of a task that is gone by `row: None`."""
    task = world.index.get(show.task or "")
    return {"task": show.task, "row": None if task is None else task_row(task)}


def _form(show: Show, world: World) -> dict[str, Any]:
    """What a run of the task may be given."""
    form = world.source.parameters(show.task or "")
    fields = [
        {"name": one.name, "value": one_line(one.value, 200), "required": one.required} for one in form.fields
    ]
    return {"task": show.task, "fields": fields, "open": form.is_open}


class OutputsPanel:
    """The output of the chosen run, or of the newest; followed while the run is in flight."""

    pause: Span = SECOND // 2

    def __init__(self) -> None:
        self._key: tuple[str, str] | None = None
        self._items: list[dict[str, Any]] = []
        self._is_running = False
        self._sent = False

    def is_touched(self, show: Show, changes: Changes) -> bool:
        """Its task."""
        return changes.touch(show.task)

    def again_after(self) -> Span | None:
        """Output tells nobody that it grew."""
        return SECOND // 2 if self._is_running else None

    def look(self, show: Show, world: World) -> dict[str, Any] | None:
        """The items from the first that differs on."""
        task = world.index.get(show.task or "")
        run_id = show.run or (_newest_run(task) if task else None)
        key = (show.task or "", run_id or "")
        self._is_running = task is not None and any(run.run_id == run_id for run in task.running)
        items = output_items(world.source.outputs(*key)) if run_id else []
        if key != self._key:
            self._key, self._items, self._sent = key, [], False
        same = _common(self._items, items)
        if self._sent and same == len(items) == len(self._items):
            return None
        self._items, self._sent = items, True
        return {"task": key[0], "run": key[1], "from": same, "items": items[same:]}


class WhyPanel:
    """Why the chosen task runs or doesn't."""

    pause: Span = SECOND

    def __init__(self) -> None:
        self._whole = _Whole()
        self._again: Span | None = None

    def is_touched(self, show: Show, changes: Changes) -> bool:
        """Any change may be a reason: a pipeline's, an option's, a limit's."""
        return changes.everything or changes.config or bool(changes.tasks)

    def again_after(self) -> Span | None:
        """Reasons age ("3 min ago")."""
        return self._again

    def look(self, show: Show, world: World) -> dict[str, Any] | None:
        """The tree, or the error that asking raised."""
        try:
            explanation = world.source.explain(show.task or "")
        except Exception as error:
            self._again = None
            return self._whole.differs({"task": show.task, "error": f"{type(error).__name__}: {error}"[:500]})
        self._again = 5 * SECOND if explanation.changes_at < NEVER else None
        return self._whole.differs({"task": show.task, "tree": explanation_tree(explanation)})


class LogPanel:
    """A page of the log."""

    pause: Span = SECOND

    def __init__(self) -> None:
        self._whole = _Whole()

    def is_touched(self, show: Show, changes: Changes) -> bool:
        """New records, on the first page only: an older page must not move under the reader."""
        return changes.records and show.log_after is None

    def again_after(self) -> Span | None:
        """Never."""
        return None

    def look(self, show: Show, world: World) -> dict[str, Any] | None:
        """The page, newest first."""
        after = show.log_after
        cursor = None if after is None else LogCursor(after.at, after.run, after.action, after.task)
        page = world.source.log(show.log_task, show.log_action, cursor, _LOG_PAGE)
        return self._whole.differs(
            {
                "task": show.log_task,
                "action": show.log_action,
                "after": None if after is None else after.model_dump(),
                "more": page.more,
                "rows": [log_row(row) for row in page.rows],
            }
        )


class ConfigPanel:
    """The configuration form."""

    pause: Span = SECOND // 5

    def __init__(self) -> None:
        self._whole = _Whole()

    def is_touched(self, show: Show, changes: Changes) -> bool:
        """Options."""
        return changes.config

    def again_after(self) -> Span | None:
        """Never."""
        return None

    def look(self, show: Show, world: World) -> dict[str, Any] | None:
        """The whole form: it is small and changes seldom."""
        return self._whole.differs({"options": [option_row(option) for option in world.source.options()]})


PANELS: Mapping[str, Callable[[], Panel]] = {
    "tasks": TasksPanel,
    "detail": partial(TaskPanel, _detail, 0),
    "output": OutputsPanel,
    "why": WhyPanel,
    "form": partial(TaskPanel, _form, SECOND),
    "log": LogPanel,
    "config": ConfigPanel,
    "timeline": TimelinePanel,
    "clock": ClockPanel,
}


def panels_of(show: Show) -> tuple[str, ...]:
    """Names of the panels that a view of this kind shows."""
    if show.tab == "tasks" and show.task is not None:
        return ("detail", show.panel, *(("form",) if show.form else ()))
    return (show.tab,) if show.tab in PANELS else ()


def _newest_run(task: TaskRow) -> str | None:
    runs = task.running or task.recent
    return runs[-1].run_id if runs else None


def _common(old: list[dict[str, Any]], new: list[dict[str, Any]]) -> int:
    count = 0
    for before, after in zip(old, new, strict=False):
        if before != after:
            break
        count += 1
    return count
