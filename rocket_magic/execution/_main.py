"""Floor 4: runs on the scheduler's own thread. Nothing else of the scheduler moves meanwhile."""

from __future__ import annotations

import contextvars
from collections.abc import Callable, Coroutine
from typing import Any

from rocket_magic.execution._base import ExecutionSettings, Outcome, Report, RunOrder
from rocket_magic.execution._calling import ask_all_to_end, ask_to_end, await_run, call_run
from rocket_magic.execution._outcome import deliver, outcome_of_error

__all__ = ["MainExecutor"]


class MainExecutor:
    """Carries out a run inside `start`; the coroutine of a coroutine function goes to `runner`."""

    name = "main"

    def __init__(self, settings: ExecutionSettings) -> None:
        self._settings = settings
        self._orders: dict[str, RunOrder] = {}

    def start(self, order: RunOrder, report: Report) -> None:
        """Run it, and report before returning (a coroutine may be reported later)."""
        self._orders[order.run_id] = order
        contextvars.copy_context().run(self._run, order, report)

    def _run(self, order: RunOrder, report: Report) -> None:
        result = call_run(order)
        if isinstance(result, Outcome):
            self._end(result, report)
            return
        once = _Once(order.run_id, lambda outcome: self._end(outcome, report))
        try:
            self._settings.runner(self._await(result, order, once))
        except BaseException as error:
            result.close()  # the runner may never have begun it
            once(outcome_of_error(order.run_id, error, order.flag))

    async def _await(self, coroutine: Coroutine[Any, Any, Any], order: RunOrder, report: Report) -> None:
        report(await await_run(coroutine, order))

    def _end(self, outcome: Outcome, report: Report) -> None:
        self._orders.pop(outcome.run_id, None)
        deliver(report, outcome)

    def terminate(self, run_id: str, reason: str) -> bool:
        """Set the flag; the scheduler's own thread can't be ended."""
        return ask_to_end(self._orders, run_id, reason)

    def kill(self, run_id: str, reason: str) -> bool:
        """The same as `terminate`."""
        return self.terminate(run_id, reason)

    def close(self) -> None:
        """Ask what is still awaited to end."""
        ask_all_to_end(self._orders, "the scheduler was closed")


class _Once:
    """Lets the first outcome through."""

    def __init__(self, run_id: str, report: Callable[[Outcome], None]) -> None:
        self._run_id = run_id
        self._report = report
        self._done = False

    def __call__(self, outcome: Outcome) -> None:
        if not self._done:
            self._done = True
            self._report(outcome)
