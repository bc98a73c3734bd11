"""Floor 4: hears what runs on the dask workers have to say; one question stands at each that has some.

All belongs to the loop of the connection.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from rocket_magic.execution.dask._letters import Letter

__all__ = ["Ears"]

_PATIENCE: Final = 40.0
"""Seconds after which a question that was not answered is asked again: four times as long as it may take."""
_PAUSE: Final = 1.0
_LOOKS: Final = 3
"""How often the scheduler is asked whether it has a dask worker that does not answer, before that is asked
again: connecting to one that is gone takes half a minute."""

Call = Callable[..., Awaitable[Any]]


class Ears:
    """Listens to dask workers while they have runs.

    Args:
        ask: Asks a dask worker, given its address and how many letters' batch came last.
        workers: Gives the addresses that the dask scheduler has.
        is_needed: Whether a dask worker still has runs.
        hear: Told each letter, in order.
        lost: Told the address of a dask worker that the scheduler has lost.
    """

    def __init__(
        self,
        ask: Callable[[str, int], Awaitable[tuple[int, Sequence[Letter]] | None]],
        workers: Callable[[], Awaitable[Sequence[str]]],
        is_needed: Callable[[str], bool],
        hear: Callable[[Letter], None],
        lost: Callable[[str], None],
    ) -> None:
        self._ask = ask
        self._workers = workers
        self._is_needed = is_needed
        self._hear = hear
        self._lost = lost
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def listen(self, worker: str) -> None:
        """Listen to a dask worker, if that is not done already."""
        if worker not in self._tasks:
            self._tasks[worker] = asyncio.get_running_loop().create_task(self._listen(worker))

    def close(self) -> None:
        """Listen no more."""
        for task in self._tasks.values():
            task.cancel()
        self._tasks.clear()

    async def _listen(self, worker: str) -> None:
        try:
            await self._listen_while_needed(worker)
        finally:
            self._tasks.pop(worker, None)

    async def _listen_while_needed(self, worker: str) -> None:
        heard = 0
        while self._is_needed(worker):
            try:
                said = await asyncio.wait_for(self._ask(worker, heard), _PATIENCE)
            except Exception:  # whatever it was: either the dask worker is there, or it is not
                if not await self._is_there(worker):
                    self._lost(worker)
                    return
                continue
            if said is None:  # it has no runs of ours, as far as it knows: they are about to begin, or over
                await asyncio.sleep(_PAUSE)
                continue
            heard, letters = said
            for letter in letters:
                self._hear(letter)

    async def _is_there(self, worker: str) -> bool:
        """Whether the scheduler has it, after a few looks; that nobody can be asked is told elsewhere."""
        for _ in range(_LOOKS):
            await asyncio.sleep(_PAUSE)
            try:
                if worker not in await asyncio.wait_for(self._workers(), _PATIENCE):
                    return False
            except Exception:  # noqa: S112  the scheduler is gone: the connection tells its runs
                continue
        return True
