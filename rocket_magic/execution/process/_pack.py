"""Floor 4: packing a run for another process, and saying what keeps it from travelling."""

from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Callable, Mapping
from functools import partial
from types import BuiltinFunctionType, FunctionType
from typing import TYPE_CHECKING, Any, Final

from rocket_magic._lazy import LazyModule
from rocket_magic.args._call import Call
from rocket_magic.args._travel import explain_refusal
from rocket_magic.clock import Clock, SystemClock, VirtualClock
from rocket_magic.exc import TaskSetupError
from rocket_magic.execution._base import RunOrder
from rocket_magic.execution.process._distant_clock import Distant
from rocket_magic.execution.process._records import LogLayout, log_layout
from rocket_magic.instants import MILLISECOND, Span, to_seconds

if TYPE_CHECKING:
    import cloudpickle
else:
    cloudpickle = LazyModule("cloudpickle")

__all__ = ["Home", "Place", "pack_call"]

Place = tuple[str | None, list[str] | None, dict[str, str], list[str]]
"""Folder, search path, changed and removed variables; None: as it is."""


_ATOMS: Final = frozenset({int, float, str, bytes, bool, type(None)})
_MOST_VALUES: Final = 50
_DEEPEST: Final = 3
_MOMENT: Final[Span] = 50 * MILLISECOND
_uptime = SystemClock().uptime


def pack_call(order: RunOrder, where: str = "in a process") -> bytes:
    """The code of a run, its parameters and its clock (None: the system's), as bytes.

    Args:
        order: The run.
        where: Where it is to go, for the message.

    Raises:
        TaskSetupError: Something can't travel; the message names it, the reason and a way out.
    """
    clock = _travelling(order.clock)
    call = None if clock is not None else _as_found_by_name(order.call)
    if call is not None:
        return pickle.dumps((call, None), pickle.HIGHEST_PROTOCOL)
    try:
        packed: bytes = cloudpickle.dumps((order.call, clock))
    except TaskSetupError:  # the call has named the culprit itself
        raise
    except Exception as error:
        reason = explain_refusal(order.call, {}, error)
        msg = f"task {order.task_name!r} can't run {where}: {reason}"
        raise TaskSetupError(msg) from error
    return packed


def _as_found_by_name(call: Callable[[], Any]) -> Callable[[], Any] | None:
    """The same call in a form that the C pickler does right, a tenth of cloudpickle's work; or None.

    Functions of `__main__` travel with the globals they use, which may be others at each run: those are
    packed anew, as is everything but plain parameters.
    """
    if not isinstance(call, Call):
        return call if _is_found_by_name(call) else None
    if call.post or call.args or not _is_found_by_name(call.func):
        return None
    if not _is_plain(call.params) or not _is_plain(call.given):
        return None
    return partial(call.func, **call.params) if call.params else call.func


def _is_found_by_name(func: Any) -> bool:
    if type(func) is not FunctionType and type(func) is not BuiltinFunctionType:
        return False
    name = func.__module__
    found: Any = sys.modules.get(name) if name else None
    if found is None or name == "__main__" or cloudpickle.list_registry_pickle_by_value():
        return False
    for part in func.__qualname__.split("."):
        found = getattr(found, part, None)
    return found is func


def _is_plain(value: Any, depth: int = 0) -> bool:
    """Whether a value is of builtin types throughout, and small enough to look."""
    kind = type(value)
    if kind in _ATOMS:
        return True
    if depth == _DEEPEST or not isinstance(value, (dict, list, tuple)) or len(value) > _MOST_VALUES:
        return False
    if isinstance(value, dict):
        return kind is dict and all(
            type(key) in _ATOMS and _is_plain(part, depth + 1) for key, part in value.items()
        )
    return kind in (list, tuple) and all(_is_plain(part, depth + 1) for part in value)


def _travelling(clock: Clock) -> Clock | Distant | None:
    """The clock itself, or one that stands where a clock that can't travel stands; None: the system's."""
    if type(clock) is SystemClock:
        return None
    if isinstance(clock, VirtualClock):
        return Distant(clock)
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
        self._seen = dict(_raw_environment())
        self._difference: tuple[dict[str, str], list[str]] = {}, []
        self._layout: LogLayout = 0, ()
        self._layout_until: Span = 0

    def place(self) -> Place:
        """Where the scheduler's process stands now: folder, search path, changed and removed variables."""
        try:
            folder = os.getcwd()  # noqa: PTH109  a Path would be turned into text again
        except FileNotFoundError:
            folder = None
        path = None if sys.path == self.path else list(sys.path)
        raw = _raw_environment()
        if raw != self._seen:
            now = dict(os.environ)
            self._seen = dict(raw)
            self._difference = (
                {name: value for name, value in now.items() if self.environment.get(name) != value},
                [name for name in self.environment if name not in now],
            )
        return folder, path, *self._difference

    def log_layout(self) -> LogLayout:
        """How the process's loggers are set up, as they were a moment ago at the earliest."""
        now = _uptime()
        if now >= self._layout_until:  # going through hundreds of loggers would be felt at each run
            self._layout, self._layout_until = log_layout(), now + _MOMENT
        return self._layout


def _raw_environment() -> Mapping[Any, Any]:
    """Undecoded where that is possible: compared at each run."""
    return getattr(os.environ, "_data", os.environ)
