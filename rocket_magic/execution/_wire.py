"""Floor 4: what travels between the scheduler's process, the fork server and the workers.

* A **frame** (parent and worker): lengths of head and body, a pickled head of plain values, a body
  that holds the user's objects. The body is opened separately, since opening it runs their code.
* A **request** (parent to fork server): one letter, a number; descriptors travel beside it.
* A **notice** (fork server to parent): one letter and three numbers.
"""

from __future__ import annotations

import pickle
import struct
from typing import Any, Final

__all__ = ["FORK", "FRAME", "GONE", "LOADED", "NOTICE", "PRELOAD", "RAW", "REQUEST", "STARTED", "pack_frame"]

FRAME: Final = struct.Struct(">IQ")
REQUEST: Final = struct.Struct(">cI")
NOTICE: Final = struct.Struct(">cIii")

FORK: Final = b"F"
"""Request: fork a worker with this number; channel, stdout and stderr are attached."""
PRELOAD: Final = b"P"
"""Request: import modules; as many bytes of newline-separated names follow."""
STARTED: Final = b"S"
"""Notice: worker number, its pid, 0."""
GONE: Final = b"G"
"""Notice: worker number, its pid, its exit code (negative: the signal that killed it).

With pid 0 the worker could not be forked, and the code is the system's error number."""
LOADED: Final = b"L"
"""Notice: modules were imported; workers forked from now on have them."""


RAW: Final = (-1,)
"""Layout of a body that is the value itself (bytes). Otherwise: sizes of the pickle and its buffers."""

Piece = bytes | memoryview


def pack_frame(head: tuple[Any, ...], *body: Piece) -> list[Piece]:
    """The pieces of a frame; those of the body are not copied, they may be large."""
    packed = pickle.dumps(head, pickle.HIGHEST_PROTOCOL)
    size = sum(len(piece) for piece in body)
    return [FRAME.pack(len(packed), size) + packed, *(piece for piece in body if len(piece))]
