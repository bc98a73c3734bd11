"""Floor 4: what a dask worker has of this package: the runs there, by session. Made with the first run.

Stands among the dask worker's plugins, so that it ends with the dask worker, and hears when dask gives up a
run because its session is gone. The guests belong to the dask worker's loop.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Final

from distributed import Worker
from distributed.diagnostics.plugin import WorkerPlugin

from rocket_magic.execution.dask._guest import Guest, Stay
from rocket_magic.execution.dask._letters import Ticket

__all__ = ["Station", "station_at"]

_NAME: Final = "rocket_magic"
_GIVEN_UP: Final = frozenset({"cancelled", "released", "forgotten"})
_READY: Final = 30.0
_QUESTIONS: Final = frozenset((name,) for name in ("give", "listen", "end", "wake", "leave"))
_dask_log: Final = logging.getLogger("distributed.worker")
_IDLE: Final = 60.0
"""Seconds after which a session that has had no run here is forgotten, with what waits to serve it."""


class Station(WorkerPlugin):  # type: ignore[misc]  # distributed is not looked into
    """The sessions that have runs on a dask worker."""

    name = _NAME

    def __init__(self) -> None:
        self.guests: dict[str, Guest] = {}
        self._homes: dict[str, str] = {}
        self._forgetting: dict[str, asyncio.TimerHandle] = {}

    # What dask calls, on its loop

    def setup(self, worker: Worker) -> None:
        """Begin."""
        _dask_log.addFilter(_is_news)
        self._worker = worker
        self._loop = worker.loop.asyncio_loop

    async def teardown(self, worker: Worker) -> None:
        """End all runs."""
        for timer in self._forgetting.values():
            timer.cancel()
        guests = list(self.guests.values())
        self.guests.clear()
        for guest in guests:
            await asyncio.to_thread(guest.close)

    def transition(self, key: Any, start: str, finish: str, **more: Any) -> None:
        """End a run that dask has given up: nobody waits for it any more."""
        home = self._homes.get(key) if finish in _GIVEN_UP else None
        guest = None if home is None else self.guests.get(home)
        if guest is not None:
            guest.end(key, "its session is gone, or has given it up", 0)

    # On threads of dask tasks

    def host(self, ticket: Ticket) -> tuple[str, Any]:
        """Carry out a run when it comes; the result of its dask task."""
        guest: Guest = asyncio.run_coroutine_threadsafe(self._welcome(ticket), self._loop).result(_READY)
        try:
            return guest.stay(ticket, self._announce)
        finally:
            asyncio.run_coroutine_threadsafe(self._see_off(ticket), self._loop)

    def _announce(self, stay: Stay) -> None:
        ticket = stay.ticket
        said = {"key": ticket.key, "stay": stay.number, "worker": self._worker.address}
        self._worker.log_event(ticket.topic, said)

    # On the loop

    async def _welcome(self, ticket: Ticket) -> Guest:
        timer = self._forgetting.pop(ticket.guest, None)
        if timer is not None:
            timer.cancel()
        self._homes[ticket.key] = ticket.guest
        if ticket.guest not in self.guests:
            self.guests[ticket.guest] = Guest(self._loop)
        return self.guests[ticket.guest]

    async def _see_off(self, ticket: Ticket) -> None:
        self._homes.pop(ticket.key, None)
        guest = self.guests.get(ticket.guest)
        if guest is not None and guest.is_idle and ticket.guest not in self._forgetting:
            timer = self._loop.call_later(_IDLE, lambda: self._loop.create_task(self.forget(ticket.guest)))
            self._forgetting[ticket.guest] = timer

    async def forget(self, name: str) -> None:
        """End the runs of a session, and what serves it."""
        timer = self._forgetting.pop(name, None)
        if timer is not None:
            timer.cancel()
        guest = self.guests.pop(name, None)
        if guest is not None:
            await asyncio.to_thread(guest.close, "its session was closed")


def _is_news(record: logging.LogRecord) -> bool:
    """Whether it is none of the lines in which a dask worker tells of each question of ours."""
    return not (record.msg == "Run out-of-band function %r" and record.args in _QUESTIONS)


def station_at(worker: Worker) -> Station:
    """The station of a dask worker; made if there is none. Called on threads of dask tasks."""
    found = worker.plugins.get(_NAME)
    if found is None:
        found = asyncio.run_coroutine_threadsafe(_make(worker), worker.loop.asyncio_loop).result(_READY)
    return found  # type: ignore[no-any-return]  # as above


async def _make(worker: Worker) -> Station:
    found = worker.plugins.get(_NAME)
    if found is None:
        found = Station()
        await worker.plugin_add(plugin=found, name=_NAME)
    return found  # type: ignore[no-any-return]  # as above
