"""PostgreSQL: which schedulers on a table are alive, by advisory locks that the server releases.

The lock is held by a connection of its own. A thread waits for that connection to break (it costs nothing
until then) and takes the lock anew, so a scheduler with nothing to write is not taken for dead after the
server was restarted. Whoever looks for a lock just then waits a moment before it calls its owner dead.
"""

from __future__ import annotations

import contextlib
import select
import socket
import threading
import zlib
from typing import TYPE_CHECKING, Any

from rocket_magic.clock import SystemClock
from rocket_magic.exc import USER_ERRORS
from rocket_magic.instants import SECOND, Instant

if TYPE_CHECKING:
    import sqlalchemy as sa

__all__ = ["AdvisoryPresence"]

_MOST = 2**31 - 1
_GRACE = 3.0
"""Seconds in which schedulers find back to a server that was restarted."""

_PAUSE = 0.2
_UNSURE_PAUSE = 1.0
_YOUNG = f"SELECT clock_timestamp() - pg_postmaster_start_time() < interval '{_GRACE} seconds'"


class AdvisoryPresence:
    """Holds an advisory lock on a connection of its own.

    Several threads may use it: the one that writes, and its own.

    Args:
        engine: Gives the connection.
        table: The log's table.
        owner: This scheduler's number.
    """

    shared = True

    def __init__(self, engine: sa.Engine, table: str, owner: int) -> None:
        self.owner = owner
        self.group = zlib.crc32(table.encode()) & _MOST
        self._engine = engine
        self._clock = SystemClock()
        self._lock = threading.Lock()
        self._raw: Any = None
        self._connection: Any = None
        self._held = self._appeared = False
        self._regained: Instant | None = None
        self._over = threading.Event()
        self._wake: socket.socket | None = None

    def appear(self, cursor: Any) -> None:
        """Take the lock, if it is not held already; called for each connection that writes."""
        with self._lock:
            if self._connection is None or not self._works():
                self._take()
            if self._wake is None:
                self._over.clear()
                woken, self._wake = socket.socketpair()
                watch = threading.Thread(
                    target=self._watch, args=(woken,), name="rocket_magic presence", daemon=True
                )
                watch.start()

    def _take(self) -> None:
        """Connect and take the lock; it may take the server a while to see that its last holder is gone."""
        self._drop()
        self._raw = self._engine.raw_connection()
        self._connection = self._raw.driver_connection
        self._connection.autocommit = True
        self._try_lock()
        if self._appeared:
            self._regained = self._clock.uptime()
        self._appeared = True

    def _try_lock(self) -> None:
        statement = f"SELECT pg_try_advisory_lock({self.group}, {self.owner})"
        self._held = bool(self._connection.execute(statement).fetchone()[0])

    def _works(self) -> bool:
        """Whether the connection is as it was."""
        try:
            if self._held:
                self._connection.execute("SELECT 1")
            else:
                self._try_lock()
        except USER_ERRORS:
            return False
        return True

    def _drop(self) -> None:
        raw, self._raw, self._connection, self._held = self._raw, None, None, False
        if raw is not None:
            with contextlib.suppress(Exception):  # it is broken already
                raw.invalidate()

    def _watch(self, woken: socket.socket) -> None:
        """Take the lock anew whenever its connection breaks."""
        with woken:
            while not self._over.is_set():
                with self._lock:
                    connection, pause = self._connection, None if self._held else _UNSURE_PAUSE
                with contextlib.suppress(Exception):  # it broke just now
                    select.select([connection.fileno(), woken], [], [], pause)
                while not self._over.is_set() and not self._back():
                    self._over.wait(_PAUSE)

    def _back(self) -> bool:
        with self._lock:
            if self._over.is_set() or (self._connection is not None and self._works()):
                return True
            with contextlib.suppress(*USER_ERRORS):  # the server is not back yet
                self._take()
            return self._held

    def lives(self, owner: int, cursor: Any) -> bool:
        """Whether its lock is held, or it may only not have found back to the server yet."""
        return self._is_held(owner, cursor) or self._unsure(cursor)

    def wait_until_sure(self, owner: int, cursor: Any) -> None:
        """Give it time to find back to a server that was restarted just now."""
        while not self._is_held(owner, cursor) and self._unsure(cursor):
            self._over.wait(_PAUSE)

    def _is_held(self, owner: int, cursor: Any) -> bool:
        cursor.execute(f"SELECT pg_try_advisory_lock({self.group}, {int(owner)})")
        if not cursor.fetchone()[0]:
            return True
        cursor.execute(f"SELECT pg_advisory_unlock({self.group}, {int(owner)})")
        return False

    def _unsure(self, cursor: Any) -> bool:
        """Whether connections were lost a moment ago: all others', or (as far as is known) one's own."""
        regained = self._regained
        if regained is not None and self._clock.uptime() - regained < _GRACE * SECOND:
            return True
        cursor.execute(_YOUNG)
        return bool(cursor.fetchone()[0])

    def vanish(self) -> None:
        """Let go of the lock."""
        self._over.set()
        wake, self._wake = self._wake, None
        if wake is not None:
            wake.close()
        with self._lock:
            self._drop()
