"""Floor 4: telling the outcome of a process run once what it has logged has reached the handlers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from rocket_magic.clock import SystemClock
from rocket_magic.execution._base import Outcome
from rocket_magic.execution.process._hub import Hub
from rocket_magic.execution.process._link import Answer
from rocket_magic.execution.process._records import Records
from rocket_magic.execution.process._staff import Run
from rocket_magic.instants import SECOND, Span, to_seconds

__all__ = ["Teller"]

_PATIENCE: Final[Span] = 5 * SECOND
"""So long handlers may take for what a run has logged, before its outcome is told without them."""
_AGAIN: Final = 0.02
_uptime = SystemClock().uptime


class Teller:
    """Tells outcomes; belongs to the hub's thread.

    Args:
        hub: Waits.
        records: What runs log.
        report: Told each run's outcome, or its answer that is still to be opened.
    """

    def __init__(self, hub: Hub, records: Records, report: Callable[[Run, Outcome | Answer], None]) -> None:
        self._hub = hub
        self._records = records
        self._report = report
        self._unheard: dict[int, tuple[Run, Outcome | Answer]] = {}

    def tell(self, run: Run, said: Outcome | Answer) -> None:
        """Tell it now."""
        self._records.end(run.number)
        self._report(run, said)

    def tell_after_records(self, run: Run, said: Outcome | Answer) -> None:
        """Tell it when the handlers are done with what the run has logged, or take too long."""
        number = run.number
        self._unheard[number] = run, said
        self._records.when_over(number, lambda: self._heard(number))
        self._hub.call_later(to_seconds(_PATIENCE), lambda: self._heard(number))

    def _heard(self, number: int) -> None:
        waited = self._unheard.pop(number, None)
        if waited is not None:
            self.tell(*waited)

    def tell_when_settled(self, run: Run, said: Outcome | Answer) -> None:
        """Tell how a run ended whose worker could not say that it logs no more."""
        self._look(run, said, _uptime() + _PATIENCE)

    def _look(self, run: Run, said: Outcome | Answer, limit: Span) -> None:
        if self._records.is_settled() or _uptime() > limit:
            self.tell(run, said)
        else:
            self._hub.call_later(_AGAIN, lambda: self._look(run, said, limit))
