"""The count of a session's runs, for `rocket_magic.tasks.run_id.increment`."""

from __future__ import annotations

import threading
from typing import Any, Protocol

__all__ = ["RunCount"]

_FIRST_LOOK = 100
_FURTHER = 10


class CountedLog(Protocol):
    """The session's log, as far as counting asks it."""

    @property
    def repo(self) -> Any: ...
    @property
    def version(self) -> int: ...
    def tail(self, n: int, task: str | None = None, action: str | None = None) -> Any: ...


class RunCount:
    """Counts runs on from what a log says. Safe to ask from any thread.

    The log is asked when it is another one, or others have written to it; in between the count is kept here,
    so that runs whose records are still on the way have their numbers, too.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._log: CountedLog | None = None
        self._seen: tuple[Any, int] | None = None
        self._last = 0

    def next(self, log: CountedLog) -> int:
        """The next number.

        Raises:
            RepositoryError: The log can't be read.
        """
        with self._lock:
            if log is not self._log:  # another clock has a log and a count of its own
                self._log, self._seen, self._last = log, None, 0
            repo, version = log.repo, log.version
            if self._seen is None or self._seen[0] is not repo or self._seen[1] != version:
                self._last = max(self._last, newest_number(log))
                self._seen = (repo, version)
            self._last += 1
            return self._last


def newest_number(log: CountedLog) -> int:
    """The number of the newest run that was counted; 0 when there is none. Other ids are passed over."""
    n = _FIRST_LOOK
    while True:
        rows = log.tail(n, action="run")
        for row in reversed(rows):
            number = _number(row.run_id)
            if number:
                return number
        if len(rows) < n:
            return 0
        n *= _FURTHER


def _number(run_id: str | None) -> int:
    """The number that an id is; those with zeros in front are counted elsewhere (by a virtual clock)."""
    if not run_id or not run_id.isascii() or not run_id.isdigit() or run_id.startswith("0"):
        return 0
    return int(run_id)
