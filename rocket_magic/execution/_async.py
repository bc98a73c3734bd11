"""Floor 4: runs as asyncio tasks on the loop that the scheduler turns.

Plain functions run there too and hold the loop meanwhile. State is touched on the loop's thread only;
`terminate` from another thread is passed on.
"""

from __future__ import annotations

import contextvars
import importlib
import sys
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from rocket_magic._lazy import LazyModule
from rocket_magic.execution._base import ExecutionSettings, Outcome, Report, RunOrder
from rocket_magic.execution._calling import await_run, call_run
from rocket_magic.execution._outcome import deliver, outcome_of_error
from rocket_magic.execution._pool import start_thread
from rocket_magic.execution._watched import Watched
from rocket_magic.instants import SECOND, Span

if TYPE_CHECKING:
    import asyncio
    from asyncio import Task
else:
    asyncio = LazyModule("asyncio")

__all__ = ["AsyncExecutor"]


@dataclass(slots=True)
class _AsyncRun:
    order: RunOrder
    report: Report
    task: Task[Outcome]  # by its full name dataclasses would look it up (Python 3.15), and load asyncio


class AsyncExecutor:
    """Carries out runs on an event loop."""

    name = "async"
    reports_on_loop = True  # always, so that nobody has to wake the loop for it

    def __init__(self, settings: ExecutionSettings) -> None:
        self._settings = settings
        self._runs: dict[asyncio.Task[Outcome], _AsyncRun] = {}
        self._by_id: dict[str, _AsyncRun] = {}

    def prepare(self) -> None:
        """Have asyncio loaded in the background: it takes as long as a thousand runs."""
        if "asyncio" not in sys.modules:
            start_thread(_load, "rocket-magic-load")

    def start(self, order: RunOrder, report: Report) -> None:
        """Make an asyncio task; it takes its first step when the loop turns next."""
        task = self._settings.loop().create_task(
            Watched(_carry_out(order), partial(self._tell_slow, order.task_name)),
            context=contextvars.copy_context(),
        )
        run = _AsyncRun(order, report, task)
        self._runs[task] = self._by_id[order.run_id] = run
        # A task that is cancelled before its first step never runs its code, so the end is heard here.
        task.add_done_callback(self._end)

    def _tell_slow(self, task_name: str, took: Span) -> None:
        self._settings.warn(
            f"Async task {task_name!r} held the event loop for {took / SECOND:.1f} s: all other tasks "
            "waited. Await in it, or use execution='thread'"
        )

    def _end(self, task: asyncio.Task[Outcome]) -> None:
        run = self._runs.pop(task)
        self._by_id.pop(run.order.run_id, None)
        if task.cancelled():
            outcome = outcome_of_error(run.order.run_id, asyncio.CancelledError(), run.order.flag)
        else:
            outcome = task.result()
        deliver(run.report, outcome)

    def terminate(self, run_id: str, reason: str) -> bool:
        """Cancel it. A coroutine may refuse, and a plain function does not hear: never by force."""
        run = self._by_id.get(run_id)
        if run is None:
            return False
        run.order.flag.set(reason)
        loop = run.task.get_loop()
        if _is_running_here(loop) or not loop.is_running():
            run.task.cancel(reason)
        else:
            loop.call_soon_threadsafe(run.task.cancel, reason)
        return False

    def kill(self, run_id: str, reason: str) -> bool:
        """The same as `terminate`."""
        return self.terminate(run_id, reason)

    def close(self) -> None:
        """Cancel what is left; it ends when the loop turns."""
        for run_id in list(self._by_id):
            self.terminate(run_id, "the scheduler was closed")


def _load() -> None:
    importlib.import_module("asyncio")


async def _carry_out(order: RunOrder) -> Outcome:
    result: Any = call_run(order)
    if isinstance(result, Outcome):
        return result
    return await await_run(result, order)


def _is_running_here(loop: asyncio.AbstractEventLoop) -> bool:
    return asyncio._get_running_loop() is loop  # noqa: SLF001  the documented one raises without a loop
