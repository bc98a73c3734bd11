"""Floor 4: runs on warm daemon threads of a pool.

A thread can't be ended by force: `terminate` sets the run's flag and says so. The outcome of a run
that its scheduler has abandoned meanwhile is reported all the same, once.
"""

from __future__ import annotations

import contextvars
from types import FrameType
from typing import TYPE_CHECKING, Any

from rocket_magic._lazy import LazyModule
from rocket_magic.execution._base import ExecutionSettings, Outcome, Report, RunOrder
from rocket_magic.execution._calling import ask_all_to_end, ask_to_end, await_run, call_run
from rocket_magic.execution._outcome import deliver, outcome_of_error
from rocket_magic.execution._pool import Pool

if TYPE_CHECKING:
    import asyncio
else:
    asyncio = LazyModule("asyncio")

__all__ = ["ThreadExecutor", "run_on_stack"]


class ThreadExecutor:
    """Carries out runs on threads; a coroutine gets an event loop of its own there."""

    name = "thread"

    def __init__(self, settings: ExecutionSettings) -> None:
        self._orders: dict[str, RunOrder] = {}
        self._pool = Pool("rocket-magic-run", lambda: settings.max_thread_count)

    def start(self, order: RunOrder, report: Report) -> None:
        """Hand the run to a thread."""
        self._orders[order.run_id] = order
        self._pool.submit(self._carry_out, order, report)

    def _carry_out(self, order: RunOrder, report: Report) -> None:
        try:
            outcome = contextvars.Context().run(_run, order)
        except BaseException as error:  # e.g. no memory left for the run's own bookkeeping
            outcome = outcome_of_error(order.run_id, error, order.flag)
        self._orders.pop(order.run_id, None)
        deliver(report, outcome)

    @property
    def size(self) -> int:
        """How many threads there are."""
        return self._pool.size

    def terminate(self, run_id: str, reason: str) -> bool:
        """Set the flag; the task's code must look at it."""
        return ask_to_end(self._orders, run_id, reason)

    def kill(self, run_id: str, reason: str) -> bool:
        """The same as `terminate`: there is no way to end a thread."""
        return self.terminate(run_id, reason)

    def close(self) -> None:
        """Set the flags of what still runs and let the threads end."""
        ask_all_to_end(self._orders, "the scheduler was closed")
        self._pool.close()


def _run(order: RunOrder) -> Outcome:
    result: Any = call_run(order)
    if isinstance(result, Outcome):
        return result
    try:
        return asyncio.run(await_run(result, order))
    except BaseException as error:  # the loop itself failed, e.g. for want of descriptors
        return outcome_of_error(order.run_id, error, order.flag)


def run_on_stack(frame: FrameType | None) -> RunOrder | None:
    """The run that a thread carries out, found on its stack (`sys._current_frames()`); None in none."""
    while frame is not None:
        if frame.f_code is ThreadExecutor._carry_out.__code__:  # noqa: SLF001  this module's
            order: RunOrder = frame.f_locals["order"]
            return order
        frame = frame.f_back
    return None
