"""Floor 4: an exception as text that can be stored and shown, whatever the exception does.

The text is bounded, holds no lone surrogates, leaves out the frames of this package, and making it
never raises.
"""

from __future__ import annotations

import os
import traceback
from typing import Final

__all__ = ["LONGEST_TEXT", "clip", "exception_message", "exception_text", "printable"]

LONGEST_TEXT: Final = 65_536
_LONGEST_MESSAGE: Final = 2_000
_HEAD: Final = LONGEST_TEXT // 4
# No pathlib: what it brings along would be in the memory of each worker.
_HERE = os.path.dirname(os.path.dirname(__file__)) + os.sep  # noqa: PTH120  pathlib is not loaded in workers
_ASYNCIO = os.path.join(os.path.dirname(os.__file__), "asyncio", "")  # noqa: PTH118, PTH120  not loaded for that


def exception_text(error: BaseException) -> str:
    """The traceback as text, at most `LONGEST_TEXT` characters and a note of what was cut."""
    try:
        summary = traceback.TracebackException.from_exception(error, compact=True)
        _drop_own_frames(summary, set())
        text = "".join(summary.format())
    except BaseException as problem:  # a hostile exception must not hide that the run failed
        text = f"{type(error).__name__}: (its traceback can't be shown: {type(problem).__name__})\n"
    return printable(clip(text))


def exception_message(error: BaseException) -> str:
    """`Type: message` in one line."""
    try:
        text = str(error)
    except BaseException as problem:
        text = f"(its text can't be shown: __str__ raised {type(problem).__name__})"
    text = text if len(text) <= _LONGEST_MESSAGE else text[:_LONGEST_MESSAGE] + "…"
    line = " ".join(text.split())
    name = type(error).__name__
    return printable(f"{name}: {line}" if line else name)


def clip(text: str) -> str:
    """Cut the middle out of a text that is too long, and say how much."""
    if len(text) <= LONGEST_TEXT:
        return text
    cut = len(text) - LONGEST_TEXT
    tail = LONGEST_TEXT - _HEAD
    return f"{text[:_HEAD]}\n[… {cut:,} characters cut …]\n{text[-tail:]}"


def printable(text: str) -> str:
    """The text with lone surrogates escaped, so that every repository and browser takes it."""
    if text.isascii():
        return text
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _drop_own_frames(summary: traceback.TracebackException, seen: set[int]) -> None:
    """Remove frames of this package, and asyncio's above the task's first one; causes too."""
    if id(summary) in seen:
        return
    seen.add(id(summary))
    stack = [frame for frame in summary.stack if not frame.filename.startswith(_HERE)]
    while stack and stack[0].filename.startswith(_ASYNCIO):
        del stack[0]
    summary.stack[:] = stack
    for other in (summary.__cause__, summary.__context__, *(getattr(summary, "exceptions", None) or ())):
        if other is not None:
            _drop_own_frames(other, seen)
