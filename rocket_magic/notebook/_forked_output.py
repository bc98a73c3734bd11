"""Floor 9: output of processes that a run has forked (`multiprocessing`, `os.fork`).

Such a child has a copy of its run's sink, which nobody else sees. What it writes goes through a pipe to the
notebook's process, which puts it where the run's own output is.
"""

from __future__ import annotations

import contextlib
import os
import select
import struct
import threading
import weakref
from collections.abc import Callable
from typing import Final, Protocol

__all__ = ["ForkedOutput"]

_FRAME: Final = struct.Struct(">IBH")
_STREAMS: Final = ("stdout", "stderr")
_PIECE: Final = 1_000
"""Characters to a frame: with up to four bytes each it is written as one, whoever else writes (pipe(7))."""
_TURN: Final = 65_536


class _Sink(Protocol):
    def take(self, stream: str, text: str) -> None: ...


class ForkedOutput:
    """The pipe, its reader and the sinks it knows.

    The pipe is made with the first sink, and its reader, a daemon thread, sleeps while nothing is written.
    """

    def __init__(self) -> None:
        self._sinks: weakref.WeakValueDictionary[int, _Sink] = weakref.WeakValueDictionary()
        self._lock = threading.Lock()
        self._reading = self._writing = -1
        self._owner = os.getpid()
        self._buffer = b""
        self._latest = 0
        self._has_forked = False

    def enlist(self, sink: _Sink) -> int:
        """Take on a sink: the number by which its copies are known."""
        with self._lock:
            if self._reading < 0 and hasattr(os, "fork"):
                self._reading, self._writing = os.pipe()
                os.set_blocking(self._reading, False)
                _call_after_forks(weakref.WeakMethod(self._note_fork))
                name = "rocket_magic forked output"
                threading.Thread(target=self._listen, name=name, daemon=True).start()
            self._latest += 1
            self._sinks[self._latest] = sink
            return self._latest

    def is_here(self) -> bool:
        """Whether this is the notebook's process, not a child."""
        return os.getpid() == self._owner

    # In a child

    def send(self, number: int, stream: str, text: str) -> None:
        """Pass text on to the notebook's process; waits while that does not keep up."""
        reading, self._reading = self._reading, -1
        if reading >= 0:  # so that writing fails when the notebook is gone
            os.close(reading)
        for start in range(0, len(text), _PIECE):
            data = text[start : start + _PIECE].encode(errors="replace")
            with contextlib.suppress(BrokenPipeError):
                os.write(self._writing, _FRAME.pack(number, _STREAMS.index(stream), len(data)) + data)

    # In the notebook's process

    def settle(self) -> None:
        """Take what children have written up to now; costs nothing before the first of them."""
        if not self._has_forked:
            return
        with self._lock:
            while self._take():
                pass

    def _note_fork(self) -> None:
        self._has_forked = True

    def _listen(self) -> None:
        watch = select.poll()
        watch.register(self._reading, select.POLLIN)
        while True:
            watch.poll()
            with self._lock:
                self._take()

    def _take(self) -> bool:
        """Hand on a turn's worth; whether there was anything."""
        try:
            data = os.read(self._reading, _TURN)
        except BlockingIOError:
            return False
        data = self._buffer + data
        at = 0
        while len(data) - at >= _FRAME.size:
            number, stream, size = _FRAME.unpack_from(data, at)
            end = at + _FRAME.size + size
            if end > len(data):
                break
            sink = self._sinks.get(number)
            if sink is not None:
                sink.take(_STREAMS[stream], data[at + _FRAME.size : end].decode(errors="replace"))
            at = end
        self._buffer = data[at:]
        return True


def _call_after_forks(method: weakref.WeakMethod[Callable[[], None]]) -> None:
    """Call it in this process after each fork, as long as its object lives."""

    def call() -> None:
        found = method()
        if found is not None:
            found()

    os.register_at_fork(after_in_parent=call)
