"""Floor 9, dashboard: the timeline of a view, past runs and forecast on one axis.

The past is read from the task log, the future is worked out on a helper thread, both bounded by fair
shares of the tasks. What is not drawn is told, also how far the forecast reaches: a session with very
many runs gets a shorter one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from rocket_magic._timeline import ticks
from rocket_magic.instants import SECOND, Instant, Span, from_seconds, to_seconds
from rocket_magic.notebook._text import one_line
from rocket_magic.notebook.dashboard._background import Background
from rocket_magic.notebook.dashboard._rows import number, zone_of
from rocket_magic.notebook.dashboard._shares import fair_shares, named
from rocket_magic.notebook.dashboard._source import (
    DashboardSource,
    ForecastView,
    LogRow,
    RunView,
    StateView,
)

if TYPE_CHECKING:
    from rocket_magic.notebook.dashboard._messages import Show
    from rocket_magic.notebook.dashboard._panels import Changes, World

__all__ = ["TimelinePanel"]

_MOST_PAST = 1_000
_MOST_PLANNED = 1_000
_MOST_LANES = 200
_SHORTEST_PAUSE = 3 * SECOND
_SHARE = 10  # at most a tenth of the time goes into forecasts
_NOTES = 6


class _Forecasts:
    """The newest forecast, renewed on a helper thread when something changed or time went on."""

    def __init__(self) -> None:
        self.background = Background("rocket_magic forecast")
        self.view: ForecastView | None = None
        self.error = ""
        self._asked: tuple[float, str] | None = None
        self._is_stale = True
        self._not_before: Instant = 0
        self._uptime = 0

    @property
    def is_pending(self) -> bool:
        """Whether one is being worked out, or will be."""
        return self.background.is_busy or self._is_stale

    def soil(self) -> None:
        """Something changed that may change the future."""
        self._is_stale = True

    def look(self, source: DashboardSource, state: StateView, end: float, now: Instant) -> None:
        """Begin a new one where it is wanted and enough time has passed."""
        if self.background.is_busy:
            return
        key = (end - state.now, state.clock)
        reach = self.view.end - end if self.view is not None else 0.0
        aged = self.view is not None and abs(state.now - self.view.start) > max(key[0] / 20, 5.0)
        if self._asked is None or key[1] != self._asked[1] or abs(key[0] - self._asked[0]) > 1 + key[0] / 50:
            self._is_stale, self._not_before = True, 0
        elif aged and (reach < 0 or state.clock != "real"):
            self._is_stale = True
        if not self._is_stale or now < self._not_before or key[0] <= 0:
            return
        self._asked, self._is_stale = key, False
        self._not_before = now + _SHORTEST_PAUSE

        def work() -> None:
            try:
                self.view, self.error = source.forecast(key[0]), ""
            except Exception as error:
                self.view, self.error = None, one_line(f"{type(error).__name__}: {error}", 300)
            if self.view is not None:
                self._not_before = now + max(_SHORTEST_PAUSE, round(self.view.took * SECOND) * _SHARE)

        self.background.start(work)


class TimelinePanel:
    """Past runs and forecast within the window that the page asks for."""

    pause: Span = 2 * SECOND

    def __init__(self) -> None:
        self.forecasts = _Forecasts()
        self._span = 0.0
        self._last: dict[str, Any] | None = None

    def is_touched(self, show: Show, changes: Changes) -> bool:
        """Records and whatever changes a schedule."""
        touched = changes.everything or changes.config or changes.records or bool(changes.tasks)
        if touched:
            self.forecasts.soil()
        return touched

    def again_after(self) -> Span | None:
        """Soon while a forecast is awaited; else as the window moves by about a pixel."""
        if self.forecasts.is_pending:
            return SECOND // 2
        return round(min(max(self._span / 800, 2), 60) * SECOND)

    def look(self, show: Show, world: World) -> dict[str, Any] | None:
        """The window's runs, its marks, and how far they reach."""
        source = world.source
        state = source.state()
        self._span = float(show.timeline_span)
        start = state.now - self._span / 2 + show.timeline_shift
        end = start + self._span
        if end > state.now:
            self.forecasts.look(source, state, end, world.now)
        picture = self._picture(world, state, start, end)
        if picture == self._last:
            return None
        self._last = picture
        return picture

    def _picture(self, world: World, state: StateView, start: float, end: float) -> dict[str, Any]:
        past, more = world.source.past(start, min(end, state.now), _MOST_PAST)
        planned = self._planned(max(state.now, start), end)
        tasks = world.index.tasks()
        busy = {row.task for row in (*past, *planned)} | {task.name for task in tasks if task.running}
        known = dict.fromkeys((*(task.name for task in tasks), *busy))
        names = sorted(known, key=lambda name: name not in busy)[:_MOST_LANES]
        bars: dict[str, list[list[Any]]] = {name: [] for name in names}
        past, cut_past = fair_shares([row for row in past if row.task in bars], _MOST_PAST)
        planned, cut_planned = fair_shares([run for run in planned if run.task in bars], _MOST_PLANNED)
        for row in reversed(past):
            bars[row.task].append(_past_bar(row))
        for task in tasks:
            if task.name in bars:
                bars[task.name] += [_present_bar(run) for run in task.running if (run.start or end) < end]
        for later in planned:
            note = one_line(later.message, 200)
            bars[later.task].append([later.start, number(later.end), later.action, note, 1])
        zone = zone_of(state.zone)
        marks = ticks(from_seconds(start), from_seconds(end), zone)
        return {
            "start": start,
            "end": end,
            "at": state.now,
            "ticks": [[to_seconds(mark.at), mark.label, mark.is_day] for mark in marks],
            "lanes": [{"name": name, "bars": bars[name]} for name in names],
            "notes": [
                *_cuts(len(known) - len(names), cut_past, cut_planned, more=more),
                *self._forecast_notes(end),
            ],
            "pending": self.forecasts.background.is_busy,
        }

    def _planned(self, start: float, end: float) -> list[LogRow]:
        view = self.forecasts.view
        if view is None:
            return []
        return [run for run in view.runs if run.start is not None and start <= run.start < end]

    def _forecast_notes(self, end: float) -> Sequence[str]:
        view = self.forecasts.view
        notes = []
        if view is not None and view.end < min(end, view.asked_end) - 1:
            notes.append("There are too many runs to forecast the whole window; %rocket forecast tells more.")
        if self.forecasts.error:
            notes.append(f"No forecast: {self.forecasts.error}")
        if view is not None:
            notes += [one_line(note, 200) for note in view.notes[:_NOTES]]
        return notes


def _cuts(lanes: int, past: Counter[str], planned: Counter[str], *, more: bool) -> Iterable[str]:
    """What is not drawn."""
    if lanes > 0:
        yield f"{lanes:,} more tasks are not drawn."
    if past:
        yield f"Only the newest past runs of {named(past)} are drawn: zoom in to see the others."
    elif more:
        yield "Only the newest past runs are drawn: zoom in to see the others."
    if planned:
        total = planned.total()
        yield f"{total:,} later runs of the forecast are not drawn, of {named(planned)}."


def _present_bar(run: RunView) -> list[Any]:
    return [run.start, None, "run", one_line(run.reason or "", 200), 0]


def _past_bar(row: LogRow) -> list[Any]:
    start = row.at if row.start is None else row.start
    return [
        number(start),
        number(row.at if row.end is None else row.end),
        row.action,
        one_line(row.message, 200),
        0,
    ]
