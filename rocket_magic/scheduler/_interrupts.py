"""Floor 7: Ctrl-C while the scheduler is driven on the main thread.

An exception in the middle of a step would leave runs behind that nobody started, so a handler takes the
signal. It asks for what the press means, and raises only where the code of a run is what is interrupted:
there the exception becomes the run's outcome. The handler takes no lock, since it may come between any two
instructions of the thread that holds one.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

from rocket_magic.execution import in_run_code

MOST_PRESSES = 2
"""Presses that are taken; a further one goes to whoever had Ctrl-C before."""


@contextlib.contextmanager
def taking_interrupts(pressed: Callable[[int], None], *, raise_from: int) -> Iterator[None]:
    """Take Ctrl-C within a `with` block, unless somebody's own handler is in charge.

    Args:
        pressed: Called with the number of the press, in the signal handler: must only ask, not do.
        raise_from: The press from which on KeyboardInterrupt is raised in the code of a run.
    """
    theirs = _replaceable_handler()
    if theirs is None:
        yield
        return
    signal.signal(signal.SIGINT, answering(pressed, theirs, raise_from=raise_from))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, theirs)


def answering(pressed: Callable[[int], None], theirs: Any, *, raise_from: int) -> Callable[..., None]:
    """A signal handler that takes presses.

    Args:
        pressed: Called with the number of the press: must only ask, not do.
        theirs: The handler for a press beyond those that are taken.
        raise_from: The press from which on KeyboardInterrupt is raised in the code of a run.
    """
    presses = itertools.count(1)

    def handle(number: int, frame: FrameType | None) -> None:
        press = next(presses)
        if press > MOST_PRESSES or (press == 1 and theirs is not signal.default_int_handler):
            theirs(number, frame)  # asyncio's handler cancels the main task, which tells `serve`
            return
        pressed(press)
        if press >= raise_from and in_run_code(frame):
            raise KeyboardInterrupt

    return handle


@contextlib.contextmanager
def hearing_signals(wake: Callable[[], None]) -> Iterator[None]:
    """Wake the main thread for each signal within a `with` block, whichever thread the system gives it to.

    A handler runs on the main thread, between two of its steps: while it waits for a lock, a signal that
    came to another thread (or just before the wait began) would not be heard until the wait is over.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    reader, writer = socket.socketpair()  # Windows takes no pipe for this
    writer.setblocking(False)
    before = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
    if before != -1:  # somebody listens already
        signal.set_wakeup_fd(before)
        reader.close()
        writer.close()
        yield
        return

    def listen() -> None:
        with reader:
            while reader.recv(64):
                wake()

    threading.Thread(target=listen, name="rocket_magic signals", daemon=True).start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(-1)
        writer.close()


def _replaceable_handler() -> Any:
    """Python's own handler or that of `asyncio.run`; None on other threads and for a user's own."""
    if threading.current_thread() is not threading.main_thread():
        return None
    handler = signal.getsignal(signal.SIGINT)
    of_asyncio = isinstance(handler, functools.partial) and handler.func.__name__ == "_on_sigint"
    return handler if handler is signal.default_int_handler or of_asyncio else None
