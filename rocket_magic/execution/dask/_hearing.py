"""Floor 4: what a run on a cluster writes, logs and sleeps, done here in its stead.

What it writes and sleeps is done at once, on the connection's loop. What it logs is handed on by a thread,
since log handlers may take their time: the outcome of a run waits for its own, nothing else does.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import sys
from collections.abc import Callable
from typing import Any, Final

from rocket_magic.execution._pool import Pool
from rocket_magic.execution.dask._letters import OUTPUT, RECORD, SLEEP
from rocket_magic.execution.dask._voyage import Voyage
from rocket_magic.execution.process._records import hand_on

__all__ = ["Hearing"]

_ROOM: Final = 16 << 20
"""Bytes of log records that wait for handlers at most."""
_PATIENCE: Final = 5.0
"""Seconds that handlers may take for what a run has logged, before its outcome is told without them."""


class Hearing:
    """Takes letters of runs; belongs to the connection's loop."""

    def __init__(self) -> None:
        self._pool = Pool("rocket-magic-dask-records", lambda: 1)
        self._size = 0

    def close(self) -> None:
        """Hand on no more."""
        self._pool.close()

    def take(self, voyage: Voyage, kind: str, said: Any, wake: Callable[[int], None]) -> None:
        """Take a letter of a run.

        Args:
            voyage: The run.
            kind: What kind of letter.
            said: What it says.
            wake: Wakes the run, given the number of its sleep.
        """
        if kind == OUTPUT:
            stream, text = said
            _write(voyage, stream, text)
        elif kind == RECORD:
            self._keep(voyage, said)
        elif kind == SLEEP:
            number, span = said
            _fall_asleep(voyage, number, span, wake)

    def _keep(self, voyage: Voyage, record: bytes) -> None:
        if self._size + len(record) > _ROOM:
            voyage.unheard += 1
            return
        self._size += len(record)
        voyage.waiting += 1
        loop = asyncio.get_running_loop()

        def hand() -> None:
            contextvars.Context().run(hand_on, voyage.order, record)
            with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile
                loop.call_soon_threadsafe(self._done, voyage, len(record))

        self._pool.submit(hand)

    def _done(self, voyage: Voyage, size: int) -> None:
        self._size -= size
        voyage.waiting -= 1
        if not voyage.waiting and voyage.then is not None:
            self._go_on(voyage)

    def when_heard(self, voyage: Voyage, then: Callable[[], None]) -> None:
        """Go on when handlers have taken all that a run has logged, or take too long."""
        if voyage.unheard:
            note = f"\n[… {voyage.unheard:,} log records were dropped: the log handlers did not keep up …]\n"
            _write(voyage, "stderr", note)
        voyage.then = then
        if voyage.waiting:
            asyncio.get_running_loop().call_later(_PATIENCE, self._go_on, voyage)
        else:
            self._go_on(voyage)

    @staticmethod
    def _go_on(voyage: Voyage) -> None:
        then, voyage.then = voyage.then, None
        if then is not None:
            then()


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
    if voyage.order.flag.is_set():  # it was asked to end while it told us: it sleeps no more
        withdraw()
        awake()
