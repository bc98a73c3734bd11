"""Floor 9, dashboard: the clock of a view: where time stands, what a step does, what the last ones did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rocket_magic.instants import SECOND, Span, from_seconds, to_datetime
from rocket_magic.notebook._text import one_line
from rocket_magic.notebook.dashboard._rows import log_row, zone_of
from rocket_magic.notebook.dashboard._source import StepView

if TYPE_CHECKING:
    from rocket_magic.notebook.dashboard._messages import Show
    from rocket_magic.notebook.dashboard._panels import Changes, World

__all__ = ["ClockPanel"]


class ClockPanel:
    """The clock and the newest steps."""

    pause: Span = SECOND // 5

    def __init__(self) -> None:
        self._last: dict[str, Any] | None = None
        self._steps: tuple[StepView, ...] | None = None
        self._is_busy = False

    def is_touched(self, show: Show, changes: Changes) -> bool:
        """Records and options: a step writes the ones, another clock is the other."""
        return changes.everything or changes.config or changes.records

    def again_after(self) -> Span | None:
        """A step tells nobody how far it is."""
        return SECOND // 4 if self._is_busy else SECOND

    def look(self, show: Show, world: World) -> dict[str, Any] | None:
        """The clock, and the steps when there is a new one."""
        journey, state = world.source.journey(), world.source.state()
        self._is_busy = bool(journey.doing)
        picture = {
            "clock": state.clock,
            "zone": one_line(state.zone, 200),
            "offset": f"{to_datetime(from_seconds(state.now), zone_of(state.zone)):%z}",
            "moment": state.now if state.clock == "virtual" else None,
            "doing": one_line(journey.doing, 200),
            "progress": None if journey.progress is None else round(journey.progress, 3),
            "error": one_line(journey.error, 500),
        }
        has_stepped = journey.steps != self._steps
        if picture == self._last and not has_stepped:
            return None
        self._last, self._steps = picture, journey.steps
        return picture | {"steps": [_step(step) for step in journey.steps]} if has_stepped else picture


def _step(step: StepView) -> dict[str, Any]:
    return {
        "label": one_line(step.label, 200),
        "start": step.start,
        "end": step.end,
        "count": step.count,
        "rows": [log_row(row) for row in step.rows],
    }
