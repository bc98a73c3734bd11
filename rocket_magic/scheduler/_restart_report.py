"""Floor 7: what a restart by `recall` has waited for and applied."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rocket_magic.clock import stopwatch
from rocket_magic.config import Config, describe
from rocket_magic.instants import SECOND, Span

__all__ = ["RestartReport", "RestartReporter"]


@dataclass(frozen=True, slots=True)
class RestartReport:
    """One restart.

    Attributes:
        waited_for: Names of the tasks whose runs were in flight when the shutdown began.
        forced: Whether these runs were ended instead of waited for.
        seconds: How long the shutdown took.
        applied: Options that were set since the scheduler started before, with their values as text.
    """

    waited_for: tuple[str, ...]
    forced: bool
    seconds: float
    applied: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        """One sentence a line."""
        names = ", ".join(map(repr, self.waited_for))
        took = f"{self.seconds:.1f} s"
        did = f"ended, in {took}, the" if self.forced else f"waited {took} for the"
        applied = ", ".join(f"{name} = {value}" for name, value in self.applied)
        return "\n".join(
            [
                f"{did} runs of {names}" if names else "waited for nothing: no run was in flight",
                f"applied: {applied}" if applied else "applied: no option was set since the last start",
            ]
        )


class RestartReporter:
    """Collects what there is to tell of the next restart."""

    def __init__(self) -> None:
        self.last: RestartReport | None = None
        self._changed: set[str] = set()
        self._waited_for: tuple[str, ...] = ()
        self._since: Span = 0

    def option_set(self, name: str) -> None:
        """An option got another value."""
        self._changed.add(name)

    def shutdown_begun(self, in_flight: Iterable[str]) -> None:
        """The scheduler waits for runs from now on."""
        self._waited_for = tuple(sorted(set(in_flight)))
        self._since = stopwatch()

    def started(self, config: Config, *, restarted: bool, forced: bool) -> None:
        """The scheduler starts with the configuration as it is now."""
        changed, self._changed = self._changed, set()
        if not restarted:
            return
        applied = tuple((row.name, row.value) for row in describe(config) if row.name in changed)
        self.last = RestartReport(self._waited_for, forced, (stopwatch() - self._since) / SECOND, applied)
