"""Floor 4: what a worker sends back of a run: its value or exception, or why they can't travel."""

from __future__ import annotations

import contextlib
import pickle
from collections.abc import Sequence
from typing import Any, Final

import cloudpickle

from rocket_magic._protocols import Action
from rocket_magic.execution._base import Outcome
from rocket_magic.execution._failure import exception_message
from rocket_magic.execution.process._wire import RAW, Piece, pack_frame

__all__ = ["pack_answer"]

_LARGEST_ERROR: Final = 1 << 20
_LARGE: Final = 1 << 20


def pack_answer(
    outcome: Outcome,
    task_name: str,
    largest: int,
    modules: Sequence[str],
    *,
    family: bool,
    silent: bool,
    logged: bool,
) -> list[Piece]:
    """The frame of an outcome; what can't travel makes it a failure that says so.

    Args:
        outcome: How the run ended.
        task_name: For messages.
        largest: Bytes that its value may have.
        modules: Names of modules that later workers should have from the beginning, and paths of files
            whose code they should have.
        family: Whether the worker ends now and leaves children behind, which are to be counted.
        silent: Whether all output of the run has been read already.
        logged: Whether it has logged anything.
    """
    body: list[Piece] = []
    layout: tuple[int, ...] = ()
    if outcome.action is Action.SUCCESS and outcome.signal is None:
        try:
            body, layout = _pack_value(outcome.value)
            _check_size(body, task_name, largest)
        except BaseException as error:
            body, layout = [], ()
            outcome = _refused(outcome, task_name, error)
    elif outcome.exc is not None and outcome.action is not Action.TERMINATE:
        with contextlib.suppress(BaseException):
            body = [_pack_error(outcome.exc)]
    head = (
        outcome.run_id, str(outcome.action), outcome.reason, outcome.signal, outcome.exc_text,
        modules, layout, family, silent, logged,
    )  # fmt: skip
    return pack_frame(head, *body)


def _pack_value(value: Any) -> tuple[list[Piece], tuple[int, ...]]:
    """The value's pieces and their layout.

    Large bytes go as they are, the buffers of arrays beside the pickle: neither is copied. The C
    pickler is tried first; functions and classes of a notebook need cloudpickle.
    """
    if type(value) is bytes and len(value) >= _LARGE:
        return [value], RAW
    buffers: list[memoryview] = []

    def keep(buffer: pickle.PickleBuffer) -> bool:
        view = buffer.raw()
        if len(view) < _LARGE:
            return True  # small ones stay in the pickle
        buffers.append(view)
        return False

    try:
        packed = pickle.dumps(value, pickle.HIGHEST_PROTOCOL, buffer_callback=keep)
    except Exception:
        buffers.clear()
        packed = cloudpickle.dumps(value)
    if not buffers:
        return [packed], ()
    return [packed, *buffers], (len(packed), *map(len, buffers))


class _TooLargeError(Exception):
    """A return value over the limit; says all there is to say."""


def _check_size(body: list[Piece], task_name: str, largest: int) -> None:
    size = sum(len(piece) for piece in body)
    if size > largest:
        msg = (
            f"task {task_name!r} returned {size:,} bytes from its process, the limit max_return_size "
            f"is {largest:,}: write the result to a file and return its path"
        )
        raise _TooLargeError(msg)


def _pack_error(error: BaseException) -> bytes:
    error = error.with_traceback(None)
    try:
        body = pickle.dumps(error, pickle.HIGHEST_PROTOCOL)
    except Exception:
        body = cloudpickle.dumps(error)
    pickle.loads(body)  # noqa: S301  our own object: many exceptions can be pickled but not unpickled
    return body if len(body) <= _LARGEST_ERROR else b""


def _refused(outcome: Outcome, task_name: str, error: BaseException) -> Outcome:
    kind = type(outcome.value)
    where = f"{kind.__module__}.{kind.__qualname__}".removeprefix("builtins.")
    if isinstance(error, _TooLargeError):
        text = str(error)
    else:
        text = (
            f"task {task_name!r} returned {where}, which can't travel from its process "
            f"({exception_message(error)}): return plain data or a file's path, or use execution='thread'"
        )
    return Outcome(outcome.run_id, Action.FAIL, exc_text=text + "\n", reason=text)
