"""Floor 4: how workers learn that the scheduler's process is gone, however it went.

Nothing is ever written to the lifeline, a pipe. When the last process that could write to it ends,
the system kills each worker with its whole group: on Linux by a signal tied to the pipe, which costs
nothing and can't be missed; elsewhere by a thread that waits at the pipe.
"""

from __future__ import annotations

import _thread
import contextlib
import os
import select
import signal

try:
    import fcntl
except ImportError:  # not everywhere
    fcntl = None  # type: ignore[assignment]  # None: there is none here

__all__ = ["Lifeline", "hang", "hold_on", "tie"]


class Lifeline:
    """The scheduler's end of the pipe.

    Attributes:
        reading: Descriptor of the other end, for those who are to hold on to it.
    """

    def __init__(self) -> None:
        self.reading, self._writing = os.pipe()

    def close(self) -> None:
        """Cut it: whoever still holds on ends."""
        os.close(self._writing)
        os.close(self.reading)


def tie(reading: int) -> int | None:
    """A file of its own on the lifeline for a process that is about to be forked, which inherits it.

    Call `hang` with its pid then. None: the system can't, the process is to `hold_on` itself.
    """
    try:
        own = os.open(f"/proc/self/fd/{reading}", os.O_RDONLY | os.O_NONBLOCK)
        fcntl.fcntl(own, fcntl.F_SETSIG, signal.SIGKILL)
        fcntl.fcntl(own, fcntl.F_SETFL, os.O_NONBLOCK | fcntl.FASYNC)
    except (AttributeError, OSError):
        return None
    return own


def hang(own: int, group: int) -> None:
    """Have a process group killed when the lifeline is cut, as long as a process of it has the file."""
    fcntl.fcntl(own, fcntl.F_SETOWN, -group)
    os.close(own)


def hold_on(reading: int) -> None:
    """Have the calling process's group killed when the lifeline is cut; the process leads a group."""
    own = tie(reading)  # the signal belongs to an open file, which forked processes share
    if own is None:
        _thread.start_new_thread(_wait, (reading,))  # lighter than a Thread, and unseen by the task's code
        return
    fcntl.fcntl(own, fcntl.F_SETOWN, -os.getpid())
    os.close(reading)
    look = select.poll()
    look.register(own, select.POLLIN)
    if look.poll(0):
        _end_own_group()  # it was cut before


def _wait(reading: int) -> None:
    with contextlib.suppress(OSError):
        os.read(reading, 1)
    _end_own_group()


def _end_own_group() -> None:
    os.killpg(0, signal.SIGKILL)
