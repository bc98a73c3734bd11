"""Floor 4: children that the code of a run has forked, and that come back from it.

In a program a child that is done leaves with `sys.exit`, or falls off the end. Here it would come back
into its copy of the scheduler, and go on as a second one that writes to the same log.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from typing import Any, Final

from rocket_magic.execution._failure import exception_text

__all__ = ["end_if_forked", "keep_from_children"]

_raw_signal: Final[Any] = sys.modules["_signal"]
"""Without the search for enum members, which touches dozens of pages in a new process."""


def end_if_forked(owner: int, error: BaseException | None = None) -> None:
    """End the calling process, unless it is the one that began the run.

    Like a program of its own: an exception's traceback is written and the exit code is 1, that of
    `sys.exit` is what it was given. What the parent wants done at its exit is left to the parent.

    Args:
        owner: The process that began the run.
        error: What the code of the run raised.
    """
    if os.getpid() == owner:
        return
    code = 0
    with contextlib.suppress(BaseException):
        code = _exit_code(error)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(BaseException):
            stream.flush()
    os._exit(code)


def _exit_code(error: BaseException | None) -> int:
    if error is None:
        return 0
    if not isinstance(error, SystemExit):
        sys.stderr.write(exception_text(error))
        return 1
    if error.code is None:
        return 0
    if isinstance(error.code, int):
        return error.code & 0xFF
    sys.stderr.write(f"{error.code}\n")
    return 1


def keep_from_children(number: int, handler: Any) -> None:
    """Have a signal do in forked children what it does by default, as if we had no handler for it.

    It is held back while the process forks: a handler written in Python would be called by the child only
    after it has forgotten all signals that came before, and a child that is ended at once would live on.
    """
    mask = _raw_signal.pthread_sigmask
    before = threading.local()

    def hold() -> None:
        before.mask = mask(_raw_signal.SIG_BLOCK, (number,))

    def release() -> None:
        mask(_raw_signal.SIG_SETMASK, before.mask)

    def release_child() -> None:
        if _raw_signal.getsignal(number) == handler:  # else it is the task's own
            _raw_signal.signal(number, _raw_signal.SIG_DFL)
        release()

    os.register_at_fork(before=hold, after_in_parent=release, after_in_child=release_child)
