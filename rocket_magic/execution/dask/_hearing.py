"""Floor 4: what a run on a cluster writes, logs and sleeps, done here in its stead."""

from __future__ import annotations

import contextlib
import contextvars
import sys
from collections.abc import Callable
from typing import Any

from rocket_magic.execution.dask._letters import OUTPUT, RECORD, SLEEP
from rocket_magic.execution.dask._voyage import Voyage
from rocket_magic.execution.process._records import hand_on

__all__ = ["hear"]


def hear(voyage: Voyage, kind: str, said: Any, wake: Callable[[int], None]) -> None:
    """Take a letter of a run.

    Args:
        voyage: The run.
        kind: What kind of letter.
        said: What it says.
        wake: Wakes the run, given the number of its sleep.
    """
    if kind == OUTPUT:
        _write(voyage, *said)
    elif kind == RECORD:
        contextvars.Context().run(hand_on, voyage.order, said)
    elif kind == SLEEP:
        number, span = said
        _fall_asleep(voyage, number, span, wake)


def _write(voyage: Voyage, stream: str, text: str) -> None:
    sink = voyage.order.sink
    with contextlib.suppress(Exception):  # a sink never raises by contract, the user's own sys.stdout may
        if sink is not None:
            sink.write(stream, text)
        else:
            (sys.stdout if stream == "stdout" else sys.stderr).write(text)


def _fall_asleep(voyage: Voyage, number: int, span: int, wake: Callable[[int], None]) -> None:
    clock: Any = voyage.order.clock

    def awake() -> None:
        voyage.naps.pop(number, None)
        wake(number)

    voyage.naps[number] = lambda: None
    withdraw = clock.call_at(clock.now() + span, awake)
    if number in voyage.naps:
        voyage.naps[number] = withdraw
