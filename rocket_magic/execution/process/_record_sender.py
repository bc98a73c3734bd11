"""Floor 4: the worker's side of logging: loggers set up like the program's, records sent to its handlers."""

from __future__ import annotations

import contextlib
import logging
import os
import pickle
from typing import Any, Final

from rocket_magic.execution.process._records import LogLayout
from rocket_magic.execution.process._wire import LAST_PIECE, MORE_PIECES, PIECE, PIECE_BODY, RUN_OVER

__all__ = ["RecordSender"]

_ATOMS: Final = (str, int, float, bool, type(None))
_SENT: Final = "_rocket_magic_sent"
_AS_MADE: Final = (logging.NOTSET, False, True, False)
_ROOT_AS_MADE: Final = (logging.WARNING, False, True, False)


class RecordSender(logging.Handler):
    """Stands on each logger that has handlers in the program, and sends each record once.

    Args:
        descriptor: The pipe that records are written to.

    Attributes:
        layout: How the loggers are set up at present.
    """

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor = descriptor
        self.layout: LogLayout = (0, (("", *_ROOT_AS_MADE),))
        self._number = 0
        self._spoke = False

    def begin(self, number: int, layout: LogLayout) -> None:
        """Set the loggers up for a run."""
        self._number, self._spoke = number, False
        if layout != self.layout:
            self._arrange(layout)

    def end(self) -> bool:
        """The run is over: whether it has logged anything, so that its end was sent too."""
        if self._spoke:
            self._write(RUN_OVER, b"")
        return self._spoke

    def emit(self, record: logging.LogRecord) -> None:
        """Send a record, unless one of its loggers has sent it."""
        if getattr(record, _SENT, False):
            return
        try:
            data = pickle.dumps(self._plain(record), pickle.HIGHEST_PROTOCOL)
        except Exception:
            self.handleError(record)
            return
        setattr(record, _SENT, True)
        self._spoke = True
        with contextlib.suppress(BrokenPipeError):  # the scheduler is closing
            for start in range(0, len(data), PIECE_BODY):
                is_last = start + PIECE_BODY >= len(data)
                self._write(LAST_PIECE if is_last else MORE_PIECES, data[start : start + PIECE_BODY])

    def _plain(self, record: logging.LogRecord) -> dict[str, Any]:
        """The record in builtin values: its text made, its traceback written, the rest told by `repr`."""
        formatter = self.formatter or logging.Formatter()
        if record.exc_info and not record.exc_text:
            record.exc_text = formatter.formatException(record.exc_info)
        plain = {
            name: value if type(value) in _ATOMS else repr(value) for name, value in vars(record).items()
        }
        plain.update(msg=record.getMessage(), args=None, exc_info=None)
        return plain

    def _write(self, kind: int, body: bytes) -> None:
        """Write a piece; it is not torn apart by what other processes write (pipe(7))."""
        os.write(self._descriptor, PIECE.pack(os.getpid(), self._number, kind, len(body)) + body)

    def _arrange(self, layout: LogLayout) -> None:
        before = {name: _ROOT_AS_MADE if not name else _AS_MADE for name, *_ in self.layout[1]}
        self.layout = layout
        logging.disable(layout[0])
        for name, level, handles, propagate, disabled in (
            *((name, *settings) for name, settings in before.items()),
            *layout[1],
        ):
            logger = logging.getLogger(name or None)
            if logger.level != level:
                logger.setLevel(level)
            logger.propagate, logger.disabled = propagate, disabled
            if handles:
                logger.addHandler(self)
            else:
                logger.removeHandler(self)
