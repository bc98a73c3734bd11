"""Sequence numbers of records, and with them the runs that are under way."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

from rocket_magic._protocols import Action
from rocket_magic.log._record import Record
from rocket_magic.log._survey import open_key

__all__ = ["Numbering"]

_RUN = Action.RUN


class Numbering:
    """Numbers the records of one session in the order in which they come.

    No lock: the counter and each change of the dictionary are one step of the interpreter.
    """

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._running: dict[str, None] = {}

    def number(self, records: Iterable[Record]) -> None:
        """Number records of this session, and note which runs they begin and end."""
        running, numbers = self._running, self._numbers
        for record in records:
            record.seq = next(numbers)
            key = record.run_id or open_key(record)
            if record.action is _RUN:
                running[key] = None
            else:
                running.pop(key, None)

    def number_foreign(self, records: Iterable[Record]) -> None:
        """Number records that other schedulers wrote: their runs are not this session's."""
        for record in records:
            record.seq = next(self._numbers)

    def forget_starts(self, records: Iterable[Record]) -> None:
        """Runs among these records have not begun: their start could not be written."""
        for record in records:
            if record.action is _RUN:
                self._running.pop(open_key(record), None)

    def under_way(self) -> frozenset[str]:
        """Keys of the runs that this session has begun and not ended (see `open_key`)."""
        return frozenset(dict(self._running))
