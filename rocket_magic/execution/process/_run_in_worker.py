"""Floor 4: one run, as a worker sees it: its flag, its clock, and how it is ended."""

from __future__ import annotations

import _thread
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from rocket_magic._lazy import LazyModule
from rocket_magic.clock import Clock, SystemClock, VirtualClock
from rocket_magic.execution._base import Flag
from rocket_magic.execution._forked import end_if_forked

if TYPE_CHECKING:
    import asyncio
else:
    asyncio = LazyModule("asyncio")

__all__ = ["EndRunError", "RunInWorker", "StandingClock", "await_cancellable", "on_unraisable"]

_DROPPED: Final = 0.001
"""Seconds until an end is asked for again that came where Python drops exceptions."""


class EndRunError(BaseException):
    """Raised in the task's code by SIGTERM; not an Exception, so that `except Exception` lets it through."""


def on_unraisable(dropped: Any) -> None:
    """An end that is lost in a `__del__` or in the callback of a weak reference comes again."""
    if dropped.exc_type is EndRunError:
        _thread.start_new_thread(_ask_again, ())
    else:
        sys.__unraisablehook__(dropped)


def _ask_again() -> None:
    SystemClock().sleep(_DROPPED)  # the callback is left by then, or the end falls into it again
    os.kill(os.getpid(), signal.SIGTERM)


class RunInWorker:
    """The current run in a worker; notes whether the task's code has taken the flag.

    Attributes:
        cancel: Cancels the run's coroutine, once it runs.
    """

    sink = None
    cancel: Callable[[], object] = staticmethod(lambda: None)

    def __init__(self, run_id: str, task_name: str, clock: Clock) -> None:
        self.run_id = run_id
        self.task_name = task_name
        self.clock = clock
        self.asked = Flag()
        self.flag_taken = False

    @property
    def flag(self) -> Flag:
        """The run's flag; whoever takes it is expected to look at it."""
        self.flag_taken = True
        return self.asked


async def await_cancellable(run: RunInWorker, work: Coroutine[Any, Any, Any]) -> Any:
    """Await a run's coroutine. An end that is raised in another of its tasks would be that task's alone.

    A forked child ends here: its copy of the loop is not to be left through, and goes on without end.
    """
    owner = os.getpid()
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    if task is not None:
        run.cancel = lambda: loop.call_soon_threadsafe(task.cancel)
    try:
        value = await work
    except BaseException as error:
        end_if_forked(owner, error)
        raise
    end_if_forked(owner)
    return value


class StandingClock:
    """A copy of a virtual clock: only this run moves it, by sleeping."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock

    def __call__(self) -> float:
        return self._clock()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._clock, name)

    def sleep(self, seconds: float) -> None:
        """Move on without waiting."""
        self._clock.jump(timedelta(seconds=max(seconds, 0)))
