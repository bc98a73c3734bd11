"""Floor 4: from what a worker process sent, or how it died, to an outcome.

Values are opened here. A value of builtin types is opened on the hub's thread; one whose classes' code
runs, or that is large, on a thread of its own, so that neither an import nor a long copy holds up
other runs.
"""

from __future__ import annotations

import io
import pickle
import signal
from dataclasses import replace
from typing import Any, Final

import cloudpickle

from rocket_magic._protocols import Action
from rocket_magic.execution._base import Outcome, RunOrder
from rocket_magic.execution._failure import exception_message, exception_text
from rocket_magic.execution._outcome import terminated
from rocket_magic.execution.process._link import Answer, Buffer
from rocket_magic.execution.process._wire import RAW

__all__ = ["as_it_came", "crashed", "not_started", "open_slowly", "outcome_at_once", "with_left_behind"]

_LARGE: Final = 1 << 20


def outcome_at_once(order: RunOrder, answer: Answer) -> Outcome | None:
    """The outcome a worker sent; None when its value is to be opened by `open_slowly`."""
    run_id, action, reason, said, exc_text, _modules, layout, _family, _silent, _logged = answer.head
    if action == Action.TERMINATE and order.flag.reason is not None:
        reason = order.flag.reason
    if action != Action.SUCCESS or said:
        exc = _open_error(answer.body)
        return Outcome(run_id, Action(action), exc=exc, exc_text=exc_text, reason=reason, signal=said)
    if layout or len(answer.body) >= _LARGE:
        return None
    try:
        value = _PlainUnpickler(io.BytesIO(answer.body)).load()
    except _NotPlainError:
        return None
    return Outcome(run_id, Action.SUCCESS, value)


def as_it_came(order: RunOrder, answer: Answer) -> Outcome:
    """An outcome that holds the answer as its value, to be opened by somebody else."""
    return Outcome(order.run_id, Action.SUCCESS, answer)


def open_slowly(order: RunOrder, answer: Answer) -> Outcome:
    """The outcome with a value that takes time, or runs its classes' code, to be opened."""
    try:
        value = _open_value(answer.body, answer.head[6])
        return Outcome(order.run_id, Action.SUCCESS, value)
    except BaseException as error:
        reason = (
            f"what task {order.task_name!r} returned can't be opened outside its process "
            f"({exception_message(error)}): return plain data, or use execution='thread'"
        )
        return Outcome(order.run_id, Action.FAIL, exc=error, exc_text=exception_text(error), reason=reason)


def crashed(order: RunOrder, code: int | None) -> Outcome:
    """The outcome of a run whose worker died; terminated when that was wanted.

    Args:
        order: The run.
        code: Exit code; negative: the signal that killed it; None: unknown.
    """
    if order.flag.is_set():
        return terminated(order.run_id, order.flag)
    if code is None:
        how = "its end is unknown, since the fork server was gone"
    elif code < 0:
        how = f"killed by {_signal_name(-code)}"
    else:
        how = f"exit code {code}"
    return Outcome(order.run_id, Action.CRASH, reason=f"the process of the run died: {how}")


def with_left_behind(outcome: Outcome, count: int) -> Outcome:
    """The outcome, saying how many processes of the run were ended after it (F11)."""
    if not count:
        return outcome
    these = "a process that it had" if count == 1 else f"{count} processes that it had"
    said = f"{these} left behind {'was' if count == 1 else 'were'} ended"
    return replace(outcome, reason=f"{outcome.reason}; {said}" if outcome.reason else said)


def not_started(order: RunOrder, error: OSError) -> Outcome:
    """The outcome of a run for which no process could be made."""
    reason = f"no process could be started for it: {exception_message(error)}"
    return Outcome(order.run_id, Action.FAIL, exc=error, exc_text=exception_text(error), reason=reason)


class _NotPlainError(pickle.UnpicklingError):
    """The pickle holds more than builtin values."""


class _PlainUnpickler(pickle.Unpickler):
    """Opens pickles of builtin values only: those run nobody's code, so any thread may open them."""

    def find_class(self, module: str, name: str) -> Any:
        """Refuse everything that has a class."""
        msg = f"{module}.{name}"
        raise _NotPlainError(msg)


def _open_value(body: Buffer, layout: tuple[int, ...]) -> Any:
    view = memoryview(body)
    if layout == RAW:
        # Joining large pieces lets other threads run meanwhile, one large copy would not.
        return b"".join([bytes(view[start : start + _LARGE]) for start in range(0, len(view), _LARGE)])
    parts: list[memoryview] = []
    start = 0
    for size in layout or (len(view),):
        parts.append(view[start : start + size])
        start += size
    # Arrays keep lying where they were received; nothing is copied.
    return cloudpickle.loads(parts[0], buffers=parts[1:])


def _open_error(body: Buffer) -> BaseException | None:
    """The exception object where it can be had; its text came anyway."""
    if not body:
        return None
    try:
        error = pickle.loads(body)  # noqa: S301  from our own worker
    except BaseException:
        return None
    return error if isinstance(error, BaseException) else None


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
