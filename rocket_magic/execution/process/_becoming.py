"""Floor 4: how a process becomes a worker: own session, own streams, no terminal, nothing of its parent.

What can be made before the fork is made there (`make_streams`): after it, each object that is touched
costs a copy of its page.
"""

from __future__ import annotations

import atexit
import contextlib
import faulthandler
import io
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from rocket_magic.execution.process._lifeline import hold_on

try:
    import fcntl
    import termios
except ImportError:  # not everywhere
    fcntl = termios = None  # type: ignore[assignment]  # None: there is none here

__all__ = ["become_worker", "flush", "forget_parent", "is_read", "make_streams", "set_handler"]

_raw_signal: Final[Any] = sys.modules["_signal"]
set_handler: Final[Callable[[int, Any], Any]] = _raw_signal.signal
"""`signal.signal` without its search for enum members, which touches dozens of pages."""


_NONE: Final = bytes(4)


def make_streams() -> None:
    """Make the standard streams that write to descriptors 1 and 2, whatever these will be."""
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115  lives as long as the process
    sys.stdout = _stream(1)
    sys.stderr = _stream(2)
    for name in ("stdin", "stdout", "stderr"):
        setattr(sys, f"__{name}__", getattr(sys, name))
    with contextlib.suppress(Exception):
        faulthandler.enable(all_threads=False)


def _stream(descriptor: int) -> io.TextIOWrapper:
    raw = io.FileIO(descriptor, "w", closefd=False)
    return io.TextIOWrapper(
        io.BufferedWriter(raw, 65_536),
        encoding="utf-8",
        errors="backslashreplace",
        newline="\n",
        line_buffering=True,
    )


def flush() -> None:
    """Send on what was written."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(BaseException):
            stream.flush()


def is_read() -> bool:
    """Whether the reader of the standard streams has taken all that was written; False: not known.

    Asking here, on another processor, spares the scheduler's process two looks after each run.
    """
    if sys.platform != "linux":  # elsewhere a pipe's writer can't ask
        return False
    ask, unread = fcntl.ioctl, termios.FIONREAD
    try:
        return ask(1, unread, _NONE) == ask(2, unread, _NONE) == _NONE
    except OSError:  # the task has put something else in their place
        return False


def become_worker(stdout: int, stderr: int, lifeline: int | None) -> None:
    """Make the calling process a worker. It reads nothing: descriptor 0 is the null device.

    Args:
        stdout: Where its output goes.
        stderr: Where its errors go.
        lifeline: What it is to hold on to; None if that is seen to.
    """
    with contextlib.suppress(PermissionError):  # a spawned one has its session already
        os.setsid()
    os.dup2(stdout, 1)
    os.dup2(stderr, 2)
    os.close(stdout)
    os.close(stderr)
    if lifeline is not None:
        hold_on(lifeline)


def forget_parent(hooks: Sequence[Mapping[str, Any]]) -> None:
    """Drop what a forked process must not share with the one it was forked from.

    Args:
        hooks: Hooks for forks that the server had no need of; the task's own forks do.
    """
    atexit._clear()  # noqa: SLF001  as multiprocessing does after a fork
    signal.set_wakeup_fd(-1)
    set_handler(signal.SIGCHLD, _raw_signal.SIG_DFL)
    set_handler(signal.SIGINT, signal.default_int_handler)
    for hook in hooks:
        os.register_at_fork(**hook)
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None:  # Python reseeds its own generator after a fork, numpy does not
        seed: Callable[[], None] = numpy_random.seed
        seed()
