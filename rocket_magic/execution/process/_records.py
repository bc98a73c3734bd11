"""Floor 4: log records of process runs, handed to the handlers of the scheduler's process.

A worker has none of the program's handlers. It is told which loggers have some, and their levels; what it
logs there comes through one pipe for all workers. A thread of its own hands the records on, since
handlers may take their time: the workers wait for it, nobody else does.
"""

from __future__ import annotations

import contextlib
import contextvars
import logging
import os
import pickle
import select
import sys
import threading
from collections.abc import Callable

from rocket_magic.execution._base import RunOrder
from rocket_magic.execution._calling import enter_run
from rocket_magic.execution._failure import exception_text
from rocket_magic.execution._pool import start_thread
from rocket_magic.execution.process._wire import LAST_PIECE, PIECE, RUN_OVER

__all__ = ["LogLayout", "Records", "hand_on", "log_layout"]

LogLayout = tuple[int, tuple[tuple[str, int, bool, bool, bool], ...]]
"""The level that is disabled throughout; name, level, whether it has handlers, whether it passes records on
and whether it is disabled, of each logger that is not as it was made."""

_TURN = 65_536


def log_layout() -> LogLayout:
    """What workers must know of this process's loggers."""
    root = logging.getLogger()
    found = [("", *_settings(root))]
    loggers = root.manager.loggerDict.copy()
    found += [(name, *_settings(one)) for name, one in loggers.items() if isinstance(one, logging.Logger)]
    return root.manager.disable, tuple(one for one in found if one[1:] != _AS_MADE)


def _settings(logger: logging.Logger) -> tuple[int, bool, bool, bool]:
    handles = any(
        type(handler) is not logging.NullHandler and handler.level <= logging.CRITICAL  # else it is deaf
        for handler in logger.handlers
    )
    return logger.level, handles, logger.propagate, logger.disabled


_AS_MADE = (logging.NOTSET, False, True, False)


class Records:
    """The pipe and its reader.

    Attributes:
        writing: The end that workers write to.
    """

    def __init__(self) -> None:
        self._reading, self.writing = os.pipe()
        self._lock = threading.Lock()
        self._orders: dict[int, RunOrder] = {}
        self._over: dict[int, Callable[[], None] | None] = {}
        self._pieces: dict[int, bytes] = {}
        self._busy = False
        self._unread = b""
        start_thread(self._listen, "rocket-magic-records")

    # From any thread

    def begin(self, number: int, order: RunOrder) -> None:
        """Know a run by its number."""
        self._orders[number] = order

    def end(self, number: int) -> None:
        """Forget a run."""
        self._orders.pop(number, None)
        with self._lock:
            self._over.pop(number, None)

    def when_over(self, number: int, then: Callable[[], None]) -> None:
        """Call back when all that a run has logged has been handed on; on the reader's thread, or at once."""
        with self._lock:
            if number not in self._over:
                self._over[number] = then
                return
        then()

    def is_settled(self) -> bool:
        """Whether all has been handed on that was written before."""
        watch = select.poll()
        watch.register(self._reading, select.POLLIN)
        return not watch.poll(0) and not self._busy  # in this order: it is busy before it takes what is there

    def close(self) -> None:
        """Let the reader end after the last process that can write."""
        os.close(self.writing)

    # On the reader's thread

    def _listen(self) -> None:
        watch = select.poll()
        watch.register(self._reading, select.POLLIN)
        while True:
            watch.poll()
            self._busy = True
            data = os.read(self._reading, _TURN)
            if not data:
                os.close(self._reading)
                return
            self._take(self._unread + data)
            self._busy = False

    def _take(self, data: bytes) -> None:
        at = 0
        while len(data) - at >= PIECE.size:
            pid, number, kind, size = PIECE.unpack_from(data, at)
            end = at + PIECE.size + size
            if end > len(data):
                break
            if kind == RUN_OVER:
                self._end_of_run(number)
            else:
                whole = self._pieces.pop(pid, b"") + data[at + PIECE.size : end]
                if kind == LAST_PIECE:
                    contextvars.Context().run(self._hand_on, number, whole)
                else:
                    self._pieces[pid] = whole
            at = end
        self._unread = data[at:]

    def _end_of_run(self, number: int) -> None:
        with self._lock:
            then = self._over.pop(number, None)
            if then is None and number in self._orders:
                self._over[number] = None
        if then is not None:
            then()

    def _hand_on(self, number: int, data: bytes) -> None:
        """To the handlers here, or to whoever the order says takes them."""
        order = self._orders.get(number)
        take = hand_on if order is None else order.options.get("take_record", hand_on)
        take(order, data)


def hand_on(order: RunOrder | None, data: bytes) -> None:
    """Have the handlers of this process take a record; they write where the run's own output goes.

    To be called in a context of its own.
    """
    if order is not None:
        enter_run(order)
    try:
        record = logging.makeLogRecord(pickle.loads(data))  # noqa: S301  plain values from our own worker
        record.levelname = logging.getLevelName(record.levelno)
        logging.getLogger(None if record.name == "root" else record.name).handle(record)
    except Exception as error:  # a handler that does not follow the rule to raise nothing
        with contextlib.suppress(Exception):
            sys.stderr.write(exception_text(error))
