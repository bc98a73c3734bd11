"""Floor 4: how workers learn that the scheduler's process is gone, however it went.

Nothing is ever written to the lifeline, a pipe. When the last process that could write to it ends,
the system kills each worker with its whole group: on Linux by a signal tied to the pipe, which costs
nothing and can't be missed; elsewhere by a thread that waits at the pipe.
"""

from __future__ import annotations

import _thread
import contextlib
import os
import signal

__all__ = ["Lifeline", "hold_on"]


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


def hold_on(reading: int) -> None:
    """Have the calling process's group killed when the lifeline is cut; the process leads a group."""
    if not _ask_system(reading):
        _thread.start_new_thread(_wait, (reading,))  # lighter than a Thread, and unseen by the task's code


def _ask_system(reading: int) -> bool:
    try:
        import fcntl  # noqa: PLC0415  not everywhere

        # The signal belongs to an open file, which forked processes share: this one opens its own.
        own = os.open(f"/proc/self/fd/{reading}", os.O_RDONLY | os.O_NONBLOCK)
        fcntl.fcntl(own, fcntl.F_SETOWN, -os.getpid())
        fcntl.fcntl(own, fcntl.F_SETSIG, signal.SIGKILL)
        fcntl.fcntl(own, fcntl.F_SETFL, os.O_NONBLOCK | fcntl.FASYNC)
    except (ImportError, AttributeError, OSError):
        return False
    os.close(reading)
    with contextlib.suppress(BlockingIOError):
        os.read(own, 1)
        _end_own_group()  # it was cut before
    return True


def _wait(reading: int) -> None:
    with contextlib.suppress(OSError):
        os.read(reading, 1)
    _end_own_group()


def _end_own_group() -> None:
    os.killpg(0, signal.SIGKILL)
