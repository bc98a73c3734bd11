"""Floor 4: the fork server, a small process without threads from which workers are forked.

Forking from the kernel itself would copy its threads' locks in whatever state they are; this process
has none. It imports what workers need (this package, cloudpickle, and what earlier runs imported),
so that a worker has it at once. It ends, and its workers with it, when the scheduler's process does.

Modules are tried in a child first: one that starts threads, hangs or crashes is not taken.
"""

from __future__ import annotations

import array
import contextlib
import gc
import importlib
import os
import select
import signal
import socket
import threading
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, Final, NoReturn

from rocket_magic.execution.process._becoming import become_worker, flush, forget_parent, make_streams
from rocket_magic.execution.process._codes import Codes
from rocket_magic.execution.process._group import dead_among, end_group
from rocket_magic.execution.process._lifeline import hang, tie
from rocket_magic.execution.process._record_sender import RecordSender
from rocket_magic.execution.process._wire import FORK, GONE, LOADED, NOTICE, PRELOAD, REQUEST, STARTED
from rocket_magic.execution.process._worker import live, practice_order, rehearse

__all__ = ["main"]

_DESCRIPTORS: Final = 4
_PROBE_SECONDS: Final = 30
_TAINTED: Final = 3


def main(control: int, lifeline: int, records: int, hooks: Sequence[Mapping[str, Any]]) -> NoReturn:
    """Entry of the server's process.

    Args:
        control: Descriptor of the connection to the scheduler's process.
        lifeline: What workers hold on to.
        records: What they write log records to.
        hooks: Hooks for forks that threading and logging wanted to register. They mend locks that other
            threads held, of which there are none here, at half the cost of a fork.
    """
    make_streams()  # for its workers
    warnings.simplefilter("ignore", DeprecationWarning)  # fork beside a library's own native threads
    _Server(socket.socket(fileno=control), lifeline, records, hooks).serve()
    os._exit(0)


class _Server:
    def __init__(
        self, control: socket.socket, lifeline: int, records: int, hooks: Sequence[Mapping[str, Any]]
    ) -> None:
        self._control = control
        self._lifeline = lifeline
        self._records = RecordSender(records)
        self._hooks = hooks
        self._practice = practice_order()
        self._codes = Codes()
        self._codes.install()
        self._workers: dict[int, int] = {}
        self._probes: dict[int, list[str]] = {}
        self._wake, waker = os.pipe()
        self._waker = waker
        for descriptor in (self._wake, waker):
            os.set_blocking(descriptor, False)
        signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        rehearse(self._practice)
        gc.collect()
        gc.freeze()  # the collector must not touch, and so copy, pages that workers share

    def serve(self) -> None:
        poll = select.poll()
        poll.register(self._control, select.POLLIN)
        poll.register(self._wake, select.POLLIN)
        try:
            while True:
                for descriptor, _ in poll.poll():
                    if descriptor == self._wake:
                        self._collect()
                    elif not self._answer():
                        return
        except OSError:  # the scheduler's process went away while we wrote to it
            return
        finally:
            for pid in [*self._workers, *self._probes]:
                end_group(pid)

    # Requests

    def _answer(self) -> bool:
        """Take one request; False when the scheduler's process is gone."""
        data, ancillary, _, _ = self._control.recvmsg(REQUEST.size, socket.CMSG_SPACE(_DESCRIPTORS * 4))
        descriptors = _descriptors(ancillary)
        if not data:
            return False
        letter, number = REQUEST.unpack(data + self._read(REQUEST.size - len(data)))
        if letter == FORK:
            self._fork(number, descriptors)
        elif letter == PRELOAD:
            self._prepare(self._read(number).decode().split("\n"))
        return True

    def _read(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            piece = self._control.recv(size - len(data))
            if not piece:
                raise ConnectionError
            data += piece
        return data

    def _fork(self, number: int, descriptors: list[int]) -> None:
        own = tie(self._lifeline)
        try:
            pid = os.fork()
        except OSError as error:
            notice = NOTICE.pack(GONE, number, 0, error.errno or 0, 0)
            if own is not None:
                os.close(own)
        else:
            if pid == 0:
                self._become_worker(descriptors, None if own is not None else self._lifeline)
            self._workers[pid] = number
            notice = NOTICE.pack(STARTED, number, pid, 0, 0)
            if own is not None:
                hang(own, pid)
        for descriptor in descriptors:
            os.close(descriptor)
        self._control.sendall(notice)

    def _become_worker(self, descriptors: list[int], lifeline: int | None) -> NoReturn:
        try:
            self._leave_server()
            if lifeline is None:
                os.close(self._lifeline)
            orders, answers, stdout, stderr = descriptors
            become_worker(stdout, stderr, lifeline)
            live(orders, answers, self._records, self._practice, self._codes)
        finally:
            os._exit(1)

    def _leave_server(self) -> None:
        forget_parent(self._hooks)
        self._control.close()
        os.close(self._wake)
        os.close(self._waker)

    # Modules

    def _prepare(self, asked: list[str]) -> None:
        """Get ready what workers had to fetch themselves: installed modules by name, files by path."""
        files = [path for path in asked if os.sep in path]
        for path in files:
            self._codes.learn(path)
        names = [name for name in asked if os.sep not in name]
        if names:
            self._probe(names)
        else:
            gc.freeze()

    def _probe(self, names: list[str]) -> None:
        """Import modules in a child; the server follows when that went well."""
        try:
            pid = os.fork()
        except OSError:  # workers import for themselves then
            return
        if pid == 0:
            code = 1
            try:
                self._leave_server()
                os.setsid()
                signal.alarm(_PROBE_SECONDS)
                _import(names)
                code = _TAINTED if threading.active_count() > 1 else 0
            finally:
                os._exit(code)
        self._probes[pid] = names

    def _load(self, names: list[str]) -> None:
        _import(names)
        flush()  # what stays in a stream's buffer would be every worker's
        gc.collect()
        gc.freeze()
        self._control.sendall(NOTICE.pack(LOADED, 0, 0, 0, 0))

    # Ends

    def _collect(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(self._wake, 4096)
        for pid, code, left in dead_among({*self._workers, *self._probes}):
            names = self._probes.pop(pid, None)
            number = self._workers.pop(pid, None)
            if number is not None:
                self._control.sendall(NOTICE.pack(GONE, number, pid, code, left))
            elif names is not None and code == 0:
                self._load(names)


def _import(names: list[str]) -> None:
    with open(os.devnull, "w", encoding="utf-8") as null, contextlib.redirect_stdout(null):  # noqa: PTH123  no path of ours
        for name in names:
            with contextlib.suppress(BaseException):
                importlib.import_module(name)


def _descriptors(ancillary: list[tuple[int, int, bytes]]) -> list[int]:
    found = array.array("i")
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            found.frombytes(data[: len(data) - len(data) % found.itemsize])
    return list(found)
