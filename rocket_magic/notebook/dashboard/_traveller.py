"""Floor 9, dashboard: moves a session between real and virtual time, and a virtual clock on.

What may take long happens on a helper thread; the page reads how far it is, and for which runs it waits.
A long step is made of short ones (the same runs happen), so that it can be watched; it can be stopped
between two of them and while it waits for a run.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from datetime import UTC
from functools import partial
from typing import TYPE_CHECKING, Any

from rocket_magic.clock import VirtualClock
from rocket_magic.exc import ClockError
from rocket_magic.instants import SECOND, Instant, from_seconds, to_datetime, to_seconds
from rocket_magic.notebook._wait import until_clock_is
from rocket_magic.notebook.dashboard._background import Background
from rocket_magic.notebook.dashboard._source import Journey, LogRow, StepView
from rocket_magic.time import as_zone, parse_duration

if TYPE_CHECKING:
    from rocket_magic.session import Session

__all__ = ["Traveller"]

_PIECES = 40
_STEPS_KEPT = 10
_MOST_NAMES = 3
_ROWS_KEPT = 60
_ERROR = 1_000


class Traveller:
    """The clock of one session, as the dashboard moves it.

    Args:
        session: The session.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._work = Background("rocket_magic clock")
        self._halted = threading.Event()
        self._doing = ""
        self._progress: float | None = None
        self._error = ""
        self._is_patient = True
        self._steps: deque[StepView] = deque(maxlen=_STEPS_KEPT)

    def join(self, timeout: float) -> None:
        """Wait for what is under way; for tests."""
        self._work.join(timeout)

    def journey(self) -> Journey:
        """What is under way, and the newest steps, newest first."""
        busy = self._work.is_busy
        return Journey(
            f"{self._doing}{self._waiting()}" if busy else "",
            self._progress if busy else None,
            self._error,
            tuple(reversed(self._steps)),
        )

    def _waiting(self) -> str:
        """For which runs time stands still, in words."""
        if self._halted.is_set():
            return ", stopping"
        if not self._is_patient:
            return ""
        names = [task.name for task in self._session.task_list() if task.is_running]
        if not names:
            return ""
        more = f" and {len(names) - _MOST_NAMES:,} more" if len(names) > _MOST_NAMES else ""
        return f", waiting for {', '.join(map(repr, names[:_MOST_NAMES]))}{more} to end"

    def go_virtual(self, start: str, zone: str) -> None:
        """Put a virtual clock in place.

        Args:
            start: Where it stands; "" for the present second.
            zone: Its zone; "" for the session's.

        Raises:
            ClockError: The start can't be read, or another step is under way.
            ScheduleError: There is no such zone.
        """
        session = self._session
        tz = as_zone(zone.strip()) if zone.strip() else session.zone
        now = from_seconds(session.clock()) // SECOND
        clock = VirtualClock(start.strip() or float(now), tz=tz)
        self._begin("Going to virtual time", lambda: until_clock_is(session, clock))

    def go_real(self) -> None:
        """Go back to real time.

        Raises:
            ClockError: Another step is under way.
        """
        self._begin("Going back to real time", lambda: until_clock_is(self._session, None))

    def step(self, how: str, text: str, *, wait: bool = True) -> None:
        """Move the virtual clock on.

        Args:
            how: "span", "next" or "until".
            text: The span, or the moment; not read for "next".
            wait: Whether time waits for runs in flight; else it goes on over them, so that timeouts strike.

        Raises:
            ClockError: The clock is not virtual, the moment is past or can't be read, or another step is
                under way.
            ScheduleError: The span can't be read.
        """
        clock = self._session.clock
        if not isinstance(clock, VirtualClock):
            msg = "real time can't be stepped: go to virtual time first"
            raise ClockError(msg)
        if how == "next":
            leap = partial(self._session.step, to_next=True, wait_for_runs=wait)
            self._begin("Going to the next event", lambda: self._recorded("next event", leap), patient=wait)
            return
        target = clock.instant(text) if how == "until" else clock.now() + parse_duration(text, "step")
        if target < clock.now():
            msg = (
                f"can't step back: the clock stands at {to_datetime(clock.now(), clock.tz):%Y-%m-%d %H:%M:%S}"
            )
            raise ClockError(msg)
        label = f"until {text.strip()}" if how == "until" else text.strip()
        walk = partial(self._walk, clock, target, wait=wait)
        self._begin(f"Stepping {label}", lambda: self._recorded(label, walk), patient=wait)

    def halt(self) -> None:
        """Stop the step under way, also while it waits for a run; time that has passed stays passed."""
        if self._work.is_busy and not self._halted.is_set():
            self._halted.set()
            self._session.halt_step()

    def _begin(self, doing: str, action: Callable[[], None], *, patient: bool = True) -> None:
        def work() -> None:
            try:
                action()
            except Exception as error:
                self._error = str(error) or type(error).__name__
            finally:
                self._progress = None

        if self._work.is_busy:
            msg = f"the clock is being moved: {self._doing}; wait for its end or stop it"
            raise ClockError(msg)
        self._halted.clear()
        self._is_patient = patient
        self._doing, self._progress, self._error = doing, None, ""
        self._work.start(work)

    def _walk(self, clock: VirtualClock, target: Instant, *, wait: bool) -> None:
        first = clock.now()
        # Where time doesn't wait for runs, each pause between two pieces would be a chance for them to end.
        piece = max((target - first) // _PIECES, SECOND) if wait else target - first
        while not self._halted.is_set():
            goal = min(clock.now() + piece, target)
            self._session.step(until=to_datetime(goal, UTC), wait_for_runs=wait)
            now = clock.now()
            self._progress = (now - first) / (target - first) if target > first else 1.0
            if now >= target or self._session.clock is not clock:
                return

    def _recorded(self, label: str, move: Callable[[], object]) -> None:
        """Move, and keep what ran meanwhile."""
        session = self._session
        rows: list[LogRow] = []
        count = 0

        def note(change: Any) -> None:
            nonlocal count
            if change.record is not None:
                count += 1
                if len(rows) < _ROWS_KEPT:
                    rows.append(_row(change.record))

        before = session.clock()
        forget = session.subscribe(note)
        try:
            move()
        finally:
            forget()
            label = f"{label}, stopped" if self._halted.is_set() else label
            self._steps.append(StepView(label, before, session.clock(), tuple(rows), count))


def _row(record: Any) -> LogRow:
    error = (record.exc_text or "")[-_ERROR:].strip().splitlines()
    return LogRow(
        record.task_name,
        record.action.value,
        to_seconds(record.at),
        record.run_id,
        None if record.start is None else to_seconds(record.start),
        None if record.end is None else to_seconds(record.end),
        record.reason or (error[-1] if error else ""),
    )
