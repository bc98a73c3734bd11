"""Floor 9: SIGTERM and SIGHUP mean what Ctrl-C means: once to end in order, twice to end all runs."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator

from rocket_magic.scheduler._interrupts import MOST_PRESSES, answering
from rocket_magic.session import Session

__all__ = ["shutting_down"]


@contextlib.contextmanager
def shutting_down(session: Session) -> Iterator[None]:
    """Let SIGTERM and SIGHUP shut a session down within a `with` block on the main thread.

    They don't lean on the handler of Ctrl-C: it is ignored where a script has started us in the background.
    A signal that is ignored stays so: that is how `nohup` keeps a program alive.
    """
    handle = answering(
        lambda press: session.shut_down(force=press > 1), signal.default_int_handler, raise_from=MOST_PRESSES
    )
    before = {}
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            before[number] = signal.signal(number, handle)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
