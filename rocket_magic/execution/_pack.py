"""Floor 4: packing a run for another process, and saying what keeps it from travelling."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rocket_magic._lazy import LazyModule
from rocket_magic.args._travel import explain_refusal
from rocket_magic.clock import Clock, SystemClock, VirtualClock
from rocket_magic.exc import TaskSetupError
from rocket_magic.execution._base import RunOrder
from rocket_magic.instants import to_seconds

if TYPE_CHECKING:
    import cloudpickle
else:
    cloudpickle = LazyModule("cloudpickle")

__all__ = ["Home", "pack_call"]


def pack_call(order: RunOrder) -> bytes:
    """The code of a run, its parameters and its clock, as bytes.

    Raises:
        TaskSetupError: Something can't travel; the message names it, the reason and a way out.
    """
    try:
        return cloudpickle.dumps((order.call, _travelling(order.clock)))  # type: ignore[no-any-return]  # untyped
    except TaskSetupError:  # the call has named the culprit itself
        raise
    except Exception as error:
        reason = explain_refusal(order.call, {}, error)
        msg = f"task {order.task_name!r} can't run in a process: {reason}"
        raise TaskSetupError(msg) from error


def _travelling(clock: Clock) -> Clock:
    """The clock itself, or one that stands where a clock that can't travel stands."""
    if isinstance(clock, (SystemClock, VirtualClock)):
        return clock
    try:
        cloudpickle.dumps(clock)
    except Exception:
        return VirtualClock(to_seconds(clock.now()))
    return clock


class Home:
    """Environment and search path that workers begin with; later changes are sent with each run."""

    def __init__(self) -> None:
        self.environment: Mapping[str, str] = dict(os.environ)
        self.path = list(sys.path)
        self._raw = dict(_raw_environment())

    def place(self) -> tuple[str | None, list[str] | None, dict[str, str], list[str]]:
        """Where the scheduler's process stands now: folder, search path, changed and removed variables."""
        try:
            folder = os.getcwd()  # noqa: PTH109  a Path would be turned into text again
        except FileNotFoundError:
            folder = None
        path = None if sys.path == self.path else list(sys.path)
        if _raw_environment() == self._raw:
            return folder, path, {}, []
        now = dict(os.environ)
        changed = {name: value for name, value in now.items() if self.environment.get(name) != value}
        return folder, path, changed, [name for name in self.environment if name not in now]


def _raw_environment() -> Mapping[Any, Any]:
    """Undecoded where that is possible: compared at each run."""
    return getattr(os.environ, "_data", os.environ)
