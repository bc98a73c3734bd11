"""Floor 4: what travels between the scheduler's process, the fork server and the workers.

* A **frame** (parent and worker): lengths of head and body, a pickled head of plain values, a body
  that holds the user's objects. The body is opened separately, since opening it runs their code.
* A **request** (parent to fork server): one letter, a number; descriptors travel beside it.
* A **notice** (fork server to parent): one letter and four numbers.
* A **piece** (any worker to parent, through one pipe): the writer's pid, the run's number, its kind and
  size, a part of a log record.
"""

from __future__ import annotations

import pickle
import struct
from typing import Any, Final

__all__ = [
    "FORK", "FRAME", "GONE", "LAST_PIECE", "LOADED", "MORE_PIECES", "NOTICE", "PIECE", "PIECE_BODY",
    "PRELOAD", "RAW", "REQUEST", "RUN_OVER", "SMALL", "STARTED", "pack_frame", "unpack_frame",
]  # fmt: skip

FRAME: Final = struct.Struct(">IQ")
REQUEST: Final = struct.Struct(">cI")
NOTICE: Final = struct.Struct(">cIiiI")

FORK: Final = b"F"
"""Request: fork a worker with this number; its ends of orders, answers, stdout and stderr are attached."""
PRELOAD: Final = b"P"
"""Request: import modules; as many bytes of newline-separated names follow."""
STARTED: Final = b"S"
"""Notice: worker number, its pid, 0, 0."""
GONE: Final = b"G"
"""Notice: worker number, its pid, its exit code (negative: the signal that killed it), and how many
processes it had left behind, which were ended.

With pid 0 the worker could not be forked, and the code is the system's error number."""
LOADED: Final = b"L"
"""Notice: modules were imported; workers forked from now on have them."""

PIECE: Final = struct.Struct(">IIBH")
PIECE_BODY: Final = 4_000
"""Bytes of a piece at most: with its head less than what the system writes to a pipe as one."""
MORE_PIECES: Final = 0
LAST_PIECE: Final = 1
RUN_OVER: Final = 2

SMALL: Final = 65_536
"""Bytes that are taken in one go: most frames come whole."""
RAW: Final = (-1,)
"""Layout of a body that is the value itself (bytes). Otherwise: sizes of the pickle and its buffers."""

Piece = bytes | memoryview


def pack_frame(head: tuple[Any, ...], *body: Piece) -> list[Piece]:
    """The pieces of a frame: one if it is small, so that it is sent at once; large ones aren't copied."""
    packed = pickle.dumps(head, pickle.HIGHEST_PROTOCOL)
    size = sum(len(piece) for piece in body)
    start = FRAME.pack(len(packed), size) + packed
    if size <= SMALL:
        return [b"".join((start, *body))]
    return [start, *(piece for piece in body if len(piece))]


def unpack_frame(data: bytes) -> tuple[tuple[Any, ...], bytes] | None:
    """Head and body of a frame that came whole; None if this is only its beginning."""
    if len(data) < FRAME.size:
        return None
    head_size, body_size = FRAME.unpack_from(data)
    start = FRAME.size + head_size
    if len(data) < start + body_size:
        return None
    return pickle.loads(memoryview(data)[FRAME.size : start]), data[start:]  # noqa: S301  from our own process
