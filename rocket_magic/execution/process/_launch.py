"""Floor 4: how worker processes come to be: forked by a fork server, or started one by one.

A launcher belongs to the hub's thread. It tells its owner, by number, which worker has which pid and
which worker is gone with which exit code.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from typing import Final, Protocol

from rocket_magic.execution.process._group import collect, end_group
from rocket_magic.execution.process._hub import READ, Hub
from rocket_magic.execution.process._pack import Home
from rocket_magic.execution.process._wire import FORK, GONE, LOADED, NOTICE, PRELOAD, REQUEST, STARTED

__all__ = ["ForkServer", "Launcher", "Owner", "Spawner", "make_launcher"]

_ENDING: Final = 2.0
_LOOK: Final = 0.05
_WORKER: Final = """
import sys; sys.path[:] = {path!r}
from rocket_magic.execution.process._worker import main; main({args})
"""
_SERVER: Final = """
import os, sys; sys.path[:] = {path!r}
hooks, register = [], os.register_at_fork
os.register_at_fork = lambda **hook: hooks.append(hook)
import logging, threading
os.register_at_fork = register
from rocket_magic.execution.process._forkserver import main; main({args}, hooks)
"""


Kept = tuple[int, int]
"""The lifeline that workers hold on to, and the pipe that they write log records to."""


class Owner(Protocol):
    """Whom a launcher tells."""

    def worker_started(self, number: int, pid: int) -> None:
        """A worker runs."""
        ...

    def worker_gone(self, number: int, code: int | None, left_behind: int) -> None:
        """A worker has ended with an exit code (negative: signal; None: unknown).

        `left_behind` processes of its group outlived it and were ended.
        """
        ...

    def worker_not_forked(self, number: int, error: int) -> None:
        """The system refused to make the process; `error` is its error number."""
        ...

    def modules_loaded(self) -> None:
        """Workers launched from now on have the modules that were asked for."""
        ...

    def launcher_lost(self) -> None:
        """The launcher died; its workers may live on."""
        ...


class Launcher(Protocol):
    """Starts workers."""

    def launch(self, number: int, descriptors: tuple[int, ...]) -> int | None:
        """Start one that takes over copies of these descriptors; its pid if that is known at once."""
        ...

    def preload(self, modules: Sequence[str]) -> None:
        """Have modules imported in workers beforehand, where that is possible."""
        ...

    def close(self) -> None:
        """End it and all its workers."""
        ...


class ForkServer:
    """A fork server process and the connection to it."""

    def __init__(self, hub: Hub, owner: Owner, home: Home, kept: Kept) -> None:
        self._hub = hub
        self._owner = owner
        self._notices = b""
        self._heard_of = False
        self._control, theirs = socket.socketpair()
        with theirs:
            self._process = _start_python(_SERVER, (theirs.fileno(), *kept), home)
        hub.register(self._control, READ, self._heard)

    def launch(self, number: int, descriptors: tuple[int, ...]) -> int | None:
        """Ask for a fork. A dead server is noticed by the hub, not here."""
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            socket.send_fds(self._control, [REQUEST.pack(FORK, number)], descriptors)
        return None

    def preload(self, modules: Sequence[str]) -> None:
        """Ask for imports."""
        names = "\n".join(modules).encode()
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._control.sendall(REQUEST.pack(PRELOAD, len(names)) + names)

    def close(self) -> None:
        """End the server; it ends its workers."""
        self._hub.unregister(self._control)
        self._control.close()
        if not self._heard_of:  # it is still starting, and has no workers to end
            self._process.kill()
        try:
            self._process.wait(_ENDING)
        except subprocess.TimeoutExpired:  # it hangs in a module's import
            end_group(self._process.pid)
            self._process.wait()

    def _heard(self, _events: int) -> None:
        try:
            data = self._control.recv(65_536)
        except ConnectionResetError:
            data = b""
        if not data:
            self.close()
            self._owner.launcher_lost()
            return
        self._heard_of = True
        self._notices += data
        while len(self._notices) >= NOTICE.size:
            letter, number, pid, code, left = NOTICE.unpack_from(self._notices)
            self._notices = self._notices[NOTICE.size :]
            if letter == STARTED:
                self._owner.worker_started(number, pid)
            elif letter == GONE and not pid:
                self._owner.worker_not_forked(number, code)
            elif letter == GONE:
                self._owner.worker_gone(number, code, left)
            elif letter == LOADED:
                self._owner.modules_loaded()


class Spawner:
    """Starts a fresh interpreter for each worker, where there is no fork server."""

    def __init__(self, hub: Hub, owner: Owner, home: Home, kept: Kept) -> None:
        self._hub = hub
        self._owner = owner
        self._home = home
        self._kept = kept
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        self._watches: dict[int, int] = {}

    def launch(self, number: int, descriptors: tuple[int, ...]) -> int | None:
        """Start an interpreter."""
        process = _start_python(_WORKER, (*descriptors, *self._kept), self._home)
        self._processes[number] = process
        if hasattr(os, "pidfd_open"):
            self._watches[number] = watch = os.pidfd_open(process.pid)
            self._hub.register(watch, READ, lambda _events: self._ended(number))
        else:
            self._hub.call_later(_LOOK, lambda: self._look(number))
        return process.pid

    def preload(self, modules: Sequence[str]) -> None:
        """Nothing to import in: each worker begins anew."""

    def close(self) -> None:
        """End the workers."""
        for number, process in self._processes.items():
            end_group(process.pid)
            process.wait()
            self._forget(number)
        self._processes.clear()

    def _ended(self, number: int) -> None:
        self._collect(number)

    def _look(self, number: int) -> None:
        if number in self._processes and not self._collect(number):
            self._hub.call_later(_LOOK, lambda: self._look(number))

    def _forget(self, number: int) -> None:
        watch = self._watches.pop(number, None)
        if watch is not None:
            self._hub.unregister(watch)
            os.close(watch)

    def _collect(self, number: int) -> bool:
        """Collect a worker if it is dead."""
        process = self._processes[number]
        ended = collect(process.pid)
        if ended is None:
            return False
        code, left = ended
        process.returncode = code
        del self._processes[number]
        self._forget(number)
        self._owner.worker_gone(number, code, left)
        return True


def make_launcher(method: str | None, hub: Hub, owner: Owner, home: Home, kept: Kept) -> Launcher:
    """The launcher that was asked for, or the better one of this platform.

    Args:
        method: "forkserver", "spawn" or None.
        hub: Listens to it.
        owner: Is told what happens to workers.
        home: What workers begin with.
        kept: Descriptors that all workers keep.

    Raises:
        OSError: There is no such method here.
    """
    can_fork = hasattr(os, "fork") and hasattr(socket, "send_fds")
    methods: dict[str, type[ForkServer | Spawner]] = {"forkserver": ForkServer} if can_fork else {}
    methods["spawn"] = Spawner
    chosen = next(iter(methods)) if method is None else method
    if chosen not in methods:
        msg = f"process_start_method must be one of {', '.join(methods)} or None, got {method!r}"
        raise OSError(msg)
    return methods[chosen](hub, owner, home, kept)


def _start_python(
    program: str,
    descriptors: tuple[int, ...],
    home: Home,
) -> subprocess.Popen[bytes]:
    """Start an interpreter on a program; it gets our search path, never our `__main__`."""
    code = program.format(path=list(home.path), args=", ".join(map(str, descriptors)))
    return subprocess.Popen(  # noqa: S603  our own interpreter and module
        [sys.executable, "-c", code],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=dict(home.environment),
        pass_fds=descriptors,
        start_new_session=True,  # the kernel's interrupt goes to its whole group
    )
