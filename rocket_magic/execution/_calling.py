"""Floor 4: calling a task's code with its run as the current one."""

from __future__ import annotations

import os
from collections.abc import Callable, Coroutine, Mapping
from types import FrameType
from typing import Any

from rocket_magic._protocols import Action
from rocket_magic.args import RunEnv, current_run
from rocket_magic.execution._base import Outcome, RunOrder
from rocket_magic.execution._forked import end_if_forked
from rocket_magic.execution._outcome import outcome_of_error, terminated

__all__ = ["ask_all_to_end", "ask_to_end", "await_run", "call_run", "enter_run", "in_run_code"]


def enter_run(order: RunOrder) -> None:
    """Make a run the current one of the calling context."""
    current_run.set(RunEnv(order.run_id, order.task_name, order.flag, order.clock, order.sink))


def call_run(order: RunOrder) -> Outcome | Coroutine[Any, Any, Any]:
    """Call the task's code in a context of its own: its outcome, or the coroutine it made."""
    enter_run(order)
    flag = order.flag
    if flag.is_set():
        return terminated(order.run_id, flag)
    owner = os.getpid()
    try:
        value = _enter_code(order.call)
    except BaseException as error:
        end_if_forked(owner, error)
        return outcome_of_error(order.run_id, error, flag)
    end_if_forked(owner)
    if isinstance(value, Coroutine):
        return value
    return Outcome(order.run_id, Action.SUCCESS, value)


async def await_run(coroutine: Coroutine[Any, Any, Any], order: RunOrder) -> Outcome:
    """Await the coroutine of a run: its outcome, whatever it raises."""
    owner = os.getpid()
    try:
        value = await coroutine
    except BaseException as error:
        end_if_forked(owner, error)
        return outcome_of_error(order.run_id, error, order.flag)
    end_if_forked(owner)
    return Outcome(order.run_id, Action.SUCCESS, value)


def ask_to_end(orders: Mapping[str, RunOrder], run_id: str, reason: str) -> bool:
    """Set the flag of a run that can't be ended by force; so the answer is always False."""
    order = orders.get(run_id)
    if order is not None:
        order.flag.set(reason)
    return False


def ask_all_to_end(orders: Mapping[str, RunOrder], reason: str) -> None:
    """Set the flags of all such runs."""
    for order in list(orders.values()):
        order.flag.set(reason)


def _enter_code(call: Callable[[], Any]) -> Any:
    """Mark on the stack where the code of a run begins."""
    return call()


def in_run_code(frame: FrameType | None) -> bool:
    """Whether a frame belongs to the code of a run, so that an exception raised in it ends that run.

    Asked by a signal handler, so that runs pay nothing for the answer.
    """
    inner = None
    while frame is not None:
        if frame.f_code is _enter_code.__code__:
            return True
        if frame.f_code is await_run.__code__:
            return inner is not None and inner.f_code not in _AFTER_RUN
        frame, inner = frame.f_back, frame
    return False


_AFTER_RUN = frozenset((outcome_of_error.__code__, end_if_forked.__code__, Outcome.__init__.__code__))
