"""Running at an interval: `every("10 min")`, on some days, in some hours. Floor 2."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Final, Self

from rocket_magic._protocols import OUTCOMES, Action, Context, Watch
from rocket_magic.conditions._base import BaseCondition
from rocket_magic.conditions._durations import positive_span
from rocket_magic.conditions._gates import NO_GATES, Gates, are_days
from rocket_magic.conditions._tasks import own_runs, target
from rocket_magic.conditions._units import Windowed
from rocket_magic.conditions._words import moment, when
from rocket_magic.exc import ScheduleError
from rocket_magic.instants import NEVER, Instant, Span
from rocket_magic.time._duration import format_duration

__all__ = ["BASED", "Every", "every"]

BASED: Final[dict[str, frozenset[Action]]] = {
    "run": frozenset({Action.RUN}),
    "success": frozenset({Action.SUCCESS}),
    "fail": frozenset({Action.FAIL, Action.CRASH}),
    "finish": OUTCOMES,
}


@dataclass(frozen=True, slots=True, repr=False)
class Every(Windowed, BaseCondition):
    """True when an interval has passed since the last start (or success, failure, end).

    Measured in real elapsed time wherever the clock can tell, so that no change of clocks stretches it.
    "Every 10 minutes, on weekdays, between 9 and 17" is
    `every("10 min").on("weekdays").between("09:00", "17:00")`.

    Args:
        delta: Microseconds.
        based: "run", "success", "fail" or "finish".
        gates: Days and hours in which it may start.
    """

    delta: Span
    based: str = "run"
    gates: Gates = NO_GATES

    def __post_init__(self) -> None:
        if self.based not in BASED:
            msg = f"every(..., based={self.based!r}): based is one of {', '.join(map(repr, BASED))}"
            raise ScheduleError(msg)

    def _narrow(self, method: str, values: tuple[Any, ...]) -> Self:
        if method in ("on", "at"):
            if method == "at" and not all(map(are_days, values)):
                msg = (
                    f"every(...).{method}({', '.join(map(repr, values))}): an interval has no fixed time; "
                    'name days like on("weekdays"), or use daily.at("10:00")'
                )
                raise ScheduleError(msg)
            return dataclasses.replace(self, gates=self.gates.on(values))
        if method == "starting":
            msg = "every(...) starts as soon as it may: use after('06:00') for a part of the day"
            raise ScheduleError(msg)
        return dataclasses.replace(self, gates=self.gates.within(method, values))

    def _remaining(self, ctx: Context) -> Span | None:
        """Microseconds until the interval has passed; None without a record to count from."""
        name = target(None, ctx)
        mark = ctx.session.history.last(name, BASED[self.based]) if name is not None else None
        if mark is None:
            return None
        passed = ctx.now - mark.at if mark.elapsed is None else ctx.elapsed - mark.elapsed
        # A record far in the future was written by a wrong clock: waiting for it could take years.
        return self.delta - passed if mark.elapsed is not None or passed >= -self.delta else 0

    def _runs(self, ctx: Context) -> bool:
        return self.based == "finish" and ctx.task is not None and bool(ctx.task.running_since)

    def holds(self, ctx: Context) -> bool:
        """Tell whether the interval has passed while the gates are open."""
        if self.gates is not NO_GATES and not self.gates.open(ctx.now, ctx.session.zone):
            return False
        return not self._runs(ctx) and (self._remaining(ctx) or 0) <= 0

    def next_change(self, ctx: Context) -> Instant:
        """Give the end of the interval; once due, when the gates open or close."""
        return self.look(ctx)[1]

    def look(self, ctx: Context) -> tuple[bool, Instant]:
        """Give both answers; gates and history are asked once."""
        through, gates = (
            self.gates.look(ctx.now, ctx.session.zone) if self.gates is not NO_GATES else (True, NEVER)
        )
        remaining = self._remaining(ctx) or 0
        if remaining <= 0 and not self._runs(ctx):
            return through, gates
        due = ctx.now + remaining if remaining > 0 else NEVER
        return False, due if through else max(due, gates)

    def watches(self) -> frozenset[Watch]:
        """Look again when the task starts or ends."""
        return own_runs(None)

    def reason(self, ctx: Context, state: bool) -> str:
        """Say since when, or when the interval will have passed."""
        zone, now = ctx.session.zone, ctx.now
        name = target(None, ctx)
        mark = ctx.session.history.last(name, BASED[self.based]) if name is not None else None
        what = {"run": "start", "finish": "end", "fail": "failure"}.get(self.based, self.based)
        last = f"last {what} {moment(mark.at, now, zone)}" if mark else f"no {what} yet"
        if state:
            return last
        return f"{last}; due {when(self.next_change(ctx), now, zone)}"

    def __str__(self) -> str:
        based = "" if self.based == "run" else f" based on {self.based}"
        return f"every {format_duration(self.delta)}{based}{self.gates.phrase()}"

    def __repr__(self) -> str:
        based = "" if self.based == "run" else f", based={self.based!r}"
        return f"every({format_duration(self.delta)!r}{based}){self.gates.python()}"


def every(delta: Any, based: str = "run") -> Every:
    """Run at an interval: `every("10 min")`, `every(30)` (seconds), `every(timedelta(hours=1))`.

    Args:
        delta: Text like "1 hour 20 min", seconds, or a timedelta; more than zero.
        based: What it is counted from: the last "run" (start), "success", "fail" or "finish".

    Raises:
        ScheduleError: The interval can't be read or is not above zero.
    """
    return Every(positive_span(delta, "every"), based)
