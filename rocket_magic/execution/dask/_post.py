"""Floor 4: what the runs of one session on a dask worker have to say, until it is fetched.

Bounded: what does not fit is dropped and counted, and the session is told how much that was. The lock guards
it all; `collect` belongs to the dask worker's loop, the rest to any thread.
"""

from __future__ import annotations

import asyncio
import threading
from collections import Counter, deque
from typing import Any, Final

from rocket_magic.execution.dask._letters import OUTPUT, RECORD, Letter

__all__ = ["Post"]

_ROOM: Final = 4 << 20
"""Characters and bytes that wait at most."""
_BATCH: Final = 1 << 20
_LINGER: Final = 0.05
"""Seconds in which more may come before what there is sets out: a program says much in little time."""
_ANSWER: Final = 10.0
"""Seconds after which a question is answered even if there is nothing to tell."""


class Post:
    """Letters that wait; belongs to a dask worker's loop.

    Args:
        loop: The loop.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._changed = threading.Condition()
        self._waiting: deque[tuple[int, Letter]] = deque()
        self._size = 0
        self._dropped: Counter[tuple[str, str]] = Counter()
        self._arrival = asyncio.Event()
        self._put = self._taken = self._heard = 0
        self._batch = 0
        self._turn = 0
        self._hurry = False

    def put(self, key: str, kind: str, said: Any) -> None:
        """Add a letter of a run, or drop it if there is no room."""
        weight = _weight(kind, said)
        with self._changed:
            if weight and self._size + weight > _ROOM:
                self._dropped[key, kind] += _amount(kind, said)
                return
            self._add(key, kind, said, weight)
        self._ring()

    def _add(self, key: str, kind: str, said: Any, weight: int) -> None:
        self._waiting.append((weight, (key, kind, said)))
        self._size += weight
        self._put += 1

    def finish(self, key: str, patience: float) -> bool:
        """Say what was dropped of a run, and wait until all it has said has been heard; whether it was."""
        with self._changed:
            for kind, text in ((OUTPUT, "characters of output"), (RECORD, "log records")):
                count = self._dropped.pop((key, kind), 0)
                if count:
                    note = (
                        f"\n[… {count:,} {text} were dropped: there was more than the connection takes …]\n"
                    )
                    self._add(key, OUTPUT, ("stderr", note), 0)
            mark = self._put
            if self._heard >= mark:
                return True
            self._hurry = True
        self._ring()
        with self._changed:
            return self._changed.wait_for(lambda: self._heard >= mark, patience)

    def close(self) -> None:
        """Have the question that stands answered: it holds a connection."""
        self._hurry = True
        self._ring()

    def _ring(self) -> None:
        try:
            self._loop.call_soon_threadsafe(self._arrival.set)
        except RuntimeError:  # the dask worker is closing, nobody listens any more
            return

    async def collect(self, heard: int) -> tuple[int, list[Letter]]:
        """Wait for letters, not for ever.

        Args:
            heard: The number of the batch that came last; 0 for none.

        Returns:
            The number of this batch, and the letters.
        """
        self._turn += 1
        turn = self._turn
        with self._changed:
            if heard == self._batch:
                self._heard = self._taken
                self._changed.notify_all()
        if not self._waiting:
            self._arrival.clear()
            try:
                await asyncio.wait_for(self._arrival.wait(), _ANSWER)
            except TimeoutError:
                return self._batch, []
        if not self._hurry:
            await asyncio.sleep(_LINGER)
        if turn != self._turn:  # somebody asks anew: whoever asked us hears no more
            return 0, []
        return self._take()

    def _take(self) -> tuple[int, list[Letter]]:
        letters: list[Letter] = []
        size = 0
        with self._changed:
            while self._waiting and size < _BATCH:
                weight, letter = self._waiting.popleft()
                size += weight
                letters.append(letter)
            self._size -= size
            self._taken += len(letters)
            self._hurry = self._hurry and bool(self._waiting)
            self._batch += 1
            return self._batch, letters


def _weight(kind: str, said: Any) -> int:
    """What a letter weighs; those that a run waits for weigh nothing, and are never dropped."""
    if kind == OUTPUT:
        return len(said[1]) + 100
    return len(said) + 100 if kind == RECORD else 0


def _amount(kind: str, said: Any) -> int:
    return len(said[1]) if kind == OUTPUT else 1
