"""Floor 4: the scheduler's side of one worker process: orders, answers, its output, its pid.

Each is a pipe: whoever reads from a socket wakes the process that waits at its other end for nothing.
`send` may be called from any thread, the rest belongs to the hub's thread.
"""

from __future__ import annotations

import codecs
import contextlib
import mmap
import os
import pickle
import sys
import threading
from dataclasses import dataclass
from typing import Any, Final

from rocket_magic._protocols import Sink
from rocket_magic.execution.process._wire import FRAME, SMALL, Piece, unpack_frame

__all__ = ["Answer", "Buffer", "Ends", "Link", "open_link"]

_CHUNK: Final = 65_536
_OUTPUT_TURN: Final = 4
"""Chunks of output that are taken before other workers have their turn."""
_OUTPUT_REST: Final = 64
"""Chunks that are taken after the end; a child left behind may write for ever."""
_CHANNEL_TURN: Final = 8 << 20
_LARGE: Final = 1 << 20

Buffer = bytes | bytearray | mmap.mmap


@dataclass(slots=True)
class Answer:
    """What a worker sent at the end of a run."""

    head: tuple[Any, ...]
    body: Buffer


class Link:
    """One worker process, as its parent sees it.

    Attributes:
        number: The worker's.
        orders: Descriptor that orders are written to; -1 when there will be none.
        answers: Descriptor that answers are read from.
        outputs: Descriptors that its standard streams are read from.
        pid: Its process, once that is known.
        stuck: Whether somebody waits until more orders can be written.
        closed: Whether it has been collected.
    """

    __slots__ = (
        "_body_size", "_decoders", "_filled", "_head", "_lock", "_outgoing", "_target",
        "answers", "closed", "number", "orders", "outputs", "pid", "stuck",
    )  # fmt: skip

    def __init__(self, number: int, orders: int, answers: int, outputs: dict[str, int]) -> None:
        self.number = number
        self.orders = orders
        self.answers = answers
        self.outputs = outputs
        self.pid: int | None = None
        self.stuck = False
        self.closed = False
        self._lock = threading.Lock()
        self._outgoing: list[memoryview] = []
        self._decoders = {name: codecs.getincrementaldecoder("utf-8")("replace") for name in outputs}
        self._begin()

    def _begin(self) -> None:
        self._target: bytearray | mmap.mmap = bytearray(FRAME.size)
        self._filled = 0
        self._head: tuple[Any, ...] | None = None
        self._body_size = -1

    # To the worker

    def send(self, pieces: list[Piece]) -> bool:
        """Send without waiting; False when something is left for `flush`."""
        with self._lock:
            self._outgoing.extend(memoryview(piece) for piece in pieces)
            return self._push()

    def flush(self) -> bool:
        """Send what is left; whether all is sent."""
        with self._lock:
            return self._push()

    def _push(self) -> bool:
        while self._outgoing:
            try:
                sent = os.write(self.orders, self._outgoing[0])
            except BlockingIOError:
                return False
            except OSError:  # the worker is gone: its end is noticed elsewhere
                self._outgoing.clear()
                return True
            if sent == len(self._outgoing[0]):
                del self._outgoing[0]
            else:
                self._outgoing[0] = self._outgoing[0][sent:]
        return True

    def retire(self) -> None:
        """Let the worker end after what it does."""
        with self._lock:  # nobody may write to what has the descriptor's number next
            orders, self.orders = self.orders, -1
        if orders >= 0:
            os.close(orders)

    # From the worker

    def receive(self, budget: int = _CHANNEL_TURN) -> Answer | None:
        """Take what is there of an answer, at most about `budget` bytes; the answer when it is complete.

        Raises:
            EOFError: The worker has closed the pipe.
        """
        if not self._filled and self._body_size < 0:
            data = self._take(SMALL)
            if data is None:
                return None
            whole = unpack_frame(data)
            if whole is not None:
                return Answer(*whole)
            self._feed(data)
            budget -= len(data)
        while budget > 0:
            view = memoryview(self._target)[self._filled :]
            try:
                count = self._take_into(view)
            finally:
                view.release()
            if count is None:
                return None
            self._filled += count
            budget -= count
            if self._filled == len(self._target) and (answer := self._advance()) is not None:
                return answer
        return None

    def _take(self, size: int) -> bytes | None:
        try:
            data = os.read(self.answers, size)
        except BlockingIOError:
            return None
        except OSError:
            raise EOFError from None
        if not data:
            raise EOFError
        return data

    def _take_into(self, view: memoryview) -> int | None:
        try:
            count = os.readv(self.answers, [view])
        except BlockingIOError:
            return None
        except OSError:
            raise EOFError from None
        if not count:
            raise EOFError
        return count

    def _feed(self, data: bytes) -> None:
        """Take in the beginning of an answer that is too large to come at once."""
        rest = memoryview(data)
        while rest:
            count = min(len(rest), len(self._target) - self._filled)
            self._target[self._filled : self._filled + count] = rest[:count]
            self._filled += count
            rest = rest[count:]
            if self._filled == len(self._target):
                self._advance()

    def _advance(self) -> Answer | None:
        """The current part is complete: go on to the next."""
        part = self._target
        self._filled = 0
        if self._body_size < 0:
            head_size, self._body_size = FRAME.unpack(part)
            self._target = bytearray(head_size)
            return None
        if self._head is None:
            self._head = pickle.loads(part)  # noqa: S301  plain values from our own worker
            size = self._body_size
            # Zeroing hundreds of megabytes would hold up every thread; fresh pages are zero by themselves.
            self._target = mmap.mmap(-1, size) if size >= _LARGE else bytearray(size)
            if size:
                return None
            part = self._target
        answer = Answer(self._head, part)
        self._begin()
        return answer

    # Output

    def pass_output(self, name: str, sink: Sink | None) -> bool:
        """Pass on what was written to a stream, up to a turn's worth; False at its end."""
        return self._pass_on(name, sink, _OUTPUT_TURN)

    def pass_rest(self, sink: Sink | None) -> None:
        """Pass on all that was written so far."""
        for name in list(self.outputs):
            self._pass_on(name, sink, _OUTPUT_REST)
        self.end_output(sink)

    def end_output(self, sink: Sink | None) -> None:
        """Pass on what is left of a character that was never completed: all else has been passed on."""
        for name, decoder in self._decoders.items():
            self._write(name, sink, decoder.decode(b"", final=True))

    def _pass_on(self, name: str, sink: Sink | None, chunks: int) -> bool:
        descriptor = self.outputs.get(name)
        if descriptor is None:
            return False
        for _ in range(chunks):
            try:
                data = os.read(descriptor, _CHUNK)
            except BlockingIOError:
                return True
            if not data:
                return False
            self._write(name, sink, self._decoders[name].decode(data))
            if len(data) < _CHUNK // 16:
                return True
        return True

    @staticmethod
    def _write(name: str, sink: Sink | None, text: str) -> None:
        if not text:
            return
        # A sink never raises by contract, the user's own sys.stdout may.
        with contextlib.suppress(Exception):
            if sink is not None:
                sink.write(name, text)
            else:
                (sys.stdout if name == "stdout" else sys.stderr).write(text)

    def close(self) -> None:
        """Give the descriptors back; the worker has been collected."""
        self.closed = True
        self.hang_up()

    def hang_up(self) -> None:
        """Give the descriptors back, and let the worker end after what it does."""
        self.retire()
        for descriptor in (self.answers, *self.outputs.values()):
            if descriptor >= 0:
                os.close(descriptor)
        self.answers = -1
        self.outputs = {}


@dataclass(slots=True)
class Ends:
    """The worker's ends of a link; closed by us as soon as the worker has its copies."""

    orders: int
    answers: int
    stdout: int
    stderr: int

    @property
    def all(self) -> tuple[int, int, int, int]:
        """In the order in which workers take them over."""
        return self.orders, self.answers, self.stdout, self.stderr

    def close(self) -> None:
        """Close our copies."""
        for descriptor in self.all:
            os.close(descriptor)


def open_link(number: int) -> tuple[Link, Ends]:
    """Both ends of the connection to a worker that is to be launched.

    Raises:
        OSError: No descriptors are left; none is kept then.
    """
    made: list[int] = []
    try:
        for _ in range(4):
            made += os.pipe()
    except OSError:
        for descriptor in made:
            os.close(descriptor)
        raise
    order_read, order_write, answer_read, answer_write, out_read, out_write, err_read, err_write = made
    for descriptor in (order_write, answer_read, out_read, err_read):
        os.set_blocking(descriptor, False)
    link = Link(number, order_write, answer_read, {"stdout": out_read, "stderr": err_read})
    return link, Ends(order_read, answer_write, out_write, err_write)
