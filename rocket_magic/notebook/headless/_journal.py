"""Floor 9: what a service writes to its terminal or system journal.

Outcomes go to stderr, a line each; what runs put out goes to stdout, each line after the name of its task.
Called by the scheduler's thread and by those of runs; the lock keeps lines whole.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from datetime import tzinfo
from typing import Any, Final, TextIO

from rocket_magic._protocols import Action
from rocket_magic.instants import to_datetime
from rocket_magic.notebook._text import one_line, terminal_text

__all__ = ["Journal"]

_LONGEST: Final = 65_536
_UNWELCOME: Final = frozenset({Action.FAIL, Action.CRASH, Action.TERMINATE})


class Journal:
    """Writes lines for people; never raises.

    Args:
        zone: Gives the zone of the times it shows.
        quiet: Tell only of runs that failed, crashed or were ended; leave out what runs put out.
        out: Where the output of runs goes; the process's own stdout by default.
        err: Where the rest goes; its stderr by default.

    Attributes:
        n_lost: Lines that nobody took: the reader of the pipe has gone, or the disk is full.
    """

    def __init__(
        self, zone: Callable[[], tzinfo], *, quiet: bool, out: TextIO | None = None, err: TextIO | None = None
    ) -> None:
        self._zone = zone
        self._quiet = quiet
        self._out: Any = out if out is not None else sys.__stdout__
        self._err: Any = err if err is not None else sys.__stderr__
        self._lock = threading.Lock()
        self.n_lost = 0

    def say(self, text: str) -> None:
        """A line of the service's own."""
        self._print(self._err, f"rocket_magic: {text}")

    def listen(self, change: Any) -> None:
        """A listener of the session: tells each record."""
        record = change.record
        if change.kind != "record" or (self._quiet and record.action not in _UNWELCOME):
            return
        moment = to_datetime(record.at, self._zone())
        line = f"{moment:%Y-%m-%d %H:%M:%S} {one_line(record.task_name)}: {record.action.value}"
        if record.runtime is not None:
            line += f" after {record.runtime:.3g} s"
        if record.reason:
            line += f" ({one_line(record.reason)})"
        if record.exc_text:
            line += "\n" + "\n".join(f"    {part}" for part in terminal_text(record.exc_text).splitlines())
        self._print(self._err, line)

    def echo(self, task_name: str) -> Callable[[str, str], None]:
        """What takes the output of one run, in whatever pieces it comes, and writes whole lines.

        Args:
            task_name: Stands before each line.

        Returns:
            To be called with the stream's name and a text; without any text when the run is over.
        """
        rest = {"stdout": "", "stderr": ""}
        head = f"{one_line(task_name)} | "

        def take(stream: str, text: str) -> None:
            if self._quiet:
                return
            *lines, rest[stream] = (rest[stream] + text).split("\n")
            if rest[stream] and (not text or len(rest[stream]) > _LONGEST):
                lines.append(rest[stream])
                rest[stream] = ""
            if lines:
                self._print(self._out, "\n".join(head + terminal_text(line) for line in lines))

        return take

    def _print(self, stream: Any, text: str) -> None:
        with self._lock:
            try:
                _write(stream, text + "\n")
                stream.flush()
            except (OSError, ValueError, AttributeError):  # closed, full, or there is none (pythonw)
                self.n_lost += text.count("\n") + 1


def _write(stream: Any, text: str) -> None:
    """Write; what the stream's encoding does not have is spelt, as Python's own stderr does."""
    try:
        stream.write(text)
    except UnicodeEncodeError:
        stream.write(text.encode(stream.encoding, "backslashreplace").decode(stream.encoding))
