"""Floor 4: what a session has called on a dask worker.

`carry_out` is the dask task of a run; the rest is called on the dask worker's loop, beside its tasks. These
never raise for what may well happen: dask would log their arguments.
"""

from __future__ import annotations

from typing import Any

from distributed import Worker, get_worker

from rocket_magic.execution.dask._guest import Guest
from rocket_magic.execution.dask._letters import REFUSED, Grant, Letter, Ticket, mismatch
from rocket_magic.execution.dask._station import station_at

__all__ = ["carry_out", "end", "give", "leave", "listen", "wake"]


def carry_out(ticket: tuple[Any, ...]) -> tuple[str, Any]:
    """Carry out a run, in a process of its own."""
    given = Ticket(*ticket)
    problem = mismatch(given.versions)
    if problem is not None:
        return REFUSED, problem
    return station_at(get_worker()).host(given)


async def give(guest: str, key: str, grant: tuple[Any, ...] | str, dask_worker: Worker) -> bool:
    """The run that a dask task waits for, or why there will be none; whether it waits here."""
    found = _guest(dask_worker, guest)
    return found is not None and found.give(key, grant if isinstance(grant, str) else Grant(*grant))


async def listen(guest: str, heard: int, dask_worker: Worker) -> tuple[int, list[Letter]] | None:
    """Wait for what runs of a session have to say; None if it has none here."""
    found = _guest(dask_worker, guest)
    return None if found is None else await found.post.collect(heard)


async def end(guest: str, key: str, reason: str, grace: float, dask_worker: Worker) -> bool:
    """Ask a run to end; whether it is here."""
    found = _guest(dask_worker, guest)
    return found is not None and found.end(key, reason, grace)


async def wake(guest: str, key: str, number: int, now: int, dask_worker: Worker) -> None:
    """Wake a run that sleeps on the session's clock."""
    found = _guest(dask_worker, guest)
    if found is not None:
        found.wake(key, number, now)


async def leave(guest: str, dask_worker: Worker) -> None:
    """End all runs of a session that closes."""
    station = dask_worker.plugins.get("rocket_magic")
    if station is not None:
        await station.forget(guest)


def _guest(worker: Worker, name: str) -> Guest | None:
    station = worker.plugins.get("rocket_magic")
    return None if station is None else station.guests.get(name)
