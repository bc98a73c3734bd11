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
import socket
import sys
from collections.abc import Callable

from rocket_magic.execution._lifeline import hold_on

__all__ = ["become_worker", "flush", "forget_parent", "make_streams"]


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


def become_worker(channel: int, stdout: int, stderr: int, lifeline: int) -> socket.socket:
    """Make the calling process a worker; its channel. It reads nothing: descriptor 0 is the null device."""
    with contextlib.suppress(PermissionError):  # a spawned one has its session already
        os.setsid()
    os.dup2(stdout, 1)
    os.dup2(stderr, 2)
    os.close(stdout)
    os.close(stderr)
    hold_on(lifeline)
    return socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, 0, channel)


def forget_parent() -> None:
    """Drop what a forked process must not share with the one it was forked from."""
    atexit._clear()  # noqa: SLF001  as multiprocessing does after a fork
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None:  # Python reseeds its own generator after a fork, numpy does not
        seed: Callable[[], None] = numpy_random.seed
        seed()
