"""Floor 4: the worker's ends of its pipes: orders come in, answers go out."""

from __future__ import annotations

import os
import select
from typing import Any

from rocket_magic.execution.process._wire import FRAME, SMALL, Piece, unpack_frame

__all__ = ["OrderPipe"]


class OrderPipe:
    """Takes orders and sends answers.

    Args:
        orders: Descriptor that orders come from.
        answers: Descriptor that answers go to.
    """

    def __init__(self, orders: int, answers: int) -> None:
        self._orders = orders
        self._answers = answers

    def has_order(self) -> bool:
        """Whether an order is there already."""
        poll = select.poll()
        poll.register(self._orders, select.POLLIN)
        return bool(poll.poll(0))

    def receive(self) -> tuple[tuple[Any, ...], bytes] | None:
        """The next order; None when there will be none."""
        data = os.read(self._orders, SMALL)
        if not data:
            return None
        return unpack_frame(data) or self._receive_rest(data)

    def _receive_rest(self, data: bytes) -> tuple[tuple[Any, ...], bytes] | None:
        start = self._read(data, FRAME.size)
        if start is None:
            return None
        head_size, body_size = FRAME.unpack_from(start)
        frame = self._read(start, FRAME.size + head_size + body_size)
        return None if frame is None else unpack_frame(frame)

    def _read(self, begun: bytes, size: int) -> bytes | None:
        """`begun` and what follows, at least `size` bytes."""
        if len(begun) >= size:
            return begun
        data = bytearray(size)
        data[: len(begun)] = begun
        view = memoryview(data)[len(begun) :]
        while view:
            count = os.readv(self._orders, [view])
            if not count:
                return None
            view = view[count:]
        return bytes(data)

    def send(self, pieces: list[Piece]) -> None:
        """Send the pieces of a frame."""
        for piece in pieces:
            sent = os.write(self._answers, piece)
            while sent < len(piece):
                sent += os.write(self._answers, memoryview(piece)[sent:])
