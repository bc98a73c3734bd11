"""A lock beside a file, so that two schedulers never write the same log (RELIABILITY.md F40, X19).

The operating system releases it when its process dies, however that happens, so a stale lock never
stands in the way. Its file holds the owner's process id, for the message.
"""

from __future__ import annotations

import contextlib
import os
import sys
import weakref
from pathlib import Path
from typing import Any

from rocket_magic.exc import RepositoryError


class FileLock:
    """Holds the lock of a file until `release`.

    Args:
        path: The file to guard; the lock is `<path>.lock` beside it.

    Raises:
        RepositoryError: Another writer holds it, or the folder can't be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.with_name(path.name + ".lock")
        try:
            self._descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            msg = f"can't lock the log {path}: {error.strerror}; choose a folder that can be written"
            raise RepositoryError(msg) from error
        try:
            _lock(self._descriptor)
        except OSError as error:
            owner = os.read(self._descriptor, 32).decode("ascii", "replace").strip() or "unknown"
            os.close(self._descriptor)
            who = "session of this process" if owner == str(os.getpid()) else f"scheduler (process {owner})"
            msg = (
                f"the log {path} is being written by another {who}: "
                "close that one, or give this session a log of its own"
            )
            raise RepositoryError(msg) from error
        os.ftruncate(self._descriptor, 0)
        os.write(self._descriptor, f"{os.getpid()}\n".encode())
        self._finalizer = weakref.finalize(self, _close, self._descriptor)
        _close_in_children(self)

    def release(self) -> None:
        """Let others write."""
        if self._finalizer.alive:
            os.ftruncate(self._descriptor, 0)
            _unlock(self._descriptor)
            self._finalizer()

    def remove(self) -> None:
        """Let others write, and take the lock's file away; for locks whose file nobody takes again."""
        if self._finalizer.alive:
            with contextlib.suppress(OSError):  # Windows removes no open file: it stays, unlocked
                self.path.unlink()
            self.release()


def _close(descriptor: int) -> None:
    os.close(descriptor)


def _close_in_children(lock: FileLock) -> None:
    """A forked child must not keep the lock of a parent that died."""
    if not hasattr(os, "register_at_fork"):
        return
    reference = weakref.ref(lock)

    def close() -> None:
        held = reference()
        if held is not None:
            held._finalizer()  # noqa: SLF001  of this module's own class

    os.register_at_fork(after_in_child=close)


def _lock(descriptor: int) -> None:
    if sys.platform == "win32":
        import msvcrt  # noqa: PLC0415  Windows only

        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        return
    import fcntl  # noqa: PLC0415  not on Windows

    flags: Any = fcntl.LOCK_EX | fcntl.LOCK_NB
    fcntl.flock(descriptor, flags)


def _unlock(descriptor: int) -> None:
    if sys.platform != "win32":
        import fcntl  # noqa: PLC0415  not on Windows

        fcntl.flock(descriptor, fcntl.LOCK_UN)  # a forked child may still share the open file
