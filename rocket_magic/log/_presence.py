"""Which schedulers that share a database are alive: each holds a lock that dies with it.

SQLite: a lock file beside the database, which the operating system releases. PostgreSQL: an advisory lock
of the connection that writes, which the server releases. Neither needs a heartbeat, so the run of a dead
scheduler is known as interrupted at once, and that of a slow one never by mistake.
"""

from __future__ import annotations

import secrets
import zlib
from pathlib import Path
from typing import Any, Protocol

from rocket_magic.exc import RepositoryError
from rocket_magic.log._file_lock import FileLock

__all__ = ["AdvisoryPresence", "FilePresence", "Presence", "SolePresence", "presence_of"]

_MOST = 2**31 - 1


class Presence(Protocol):
    """One scheduler among those that write to a table.

    Attributes:
        owner: Its number, in the rows that it writes.
        shared: Whether there can be others.
    """

    owner: int
    shared: bool

    def appear(self, cursor: Any) -> None:
        """Show others that this one lives; called for each connection that writes."""
        ...

    def lives(self, owner: int, cursor: Any) -> bool:
        """Whether another one lives."""
        ...

    def vanish(self) -> None:
        """Show others that this one has ended."""
        ...


class SolePresence:
    """Where nobody else can write, or nobody can tell: all others count as dead."""

    shared = False

    def __init__(self) -> None:
        self.owner = _drawn()

    def appear(self, cursor: Any) -> None:
        """Nobody looks."""

    def lives(self, owner: int, cursor: Any) -> bool:  # noqa: ARG002  as the protocol has it
        """Nobody else does."""
        return False

    def vanish(self) -> None:
        """Nobody looks."""


class FilePresence:
    """Holds a lock file beside a SQLite database.

    Args:
        database: The database's file.
    """

    shared = True

    def __init__(self, database: Path) -> None:
        self.owner = _drawn()
        self._database = database
        self._lock: FileLock | None = None

    def _guarded(self, owner: int) -> Path:
        return self._database.with_name(f"{self._database.name}.{owner}")

    def appear(self, cursor: Any) -> None:  # noqa: ARG002  as the protocol has it
        """Take the lock, once; those of the dead are cleared away."""
        if self._lock is None:
            self._lock = FileLock(self._guarded(self.owner))
            for path in self._database.parent.glob(f"{self._database.name}.*.lock"):
                number = path.name.split(".")[-2]
                if number.isdigit() and int(number) != self.owner:
                    self.lives(int(number), None)

    def lives(self, owner: int, cursor: Any) -> bool:  # noqa: ARG002  as the protocol has it
        """Whether its lock is held."""
        path = self._guarded(owner)
        if not path.with_name(path.name + ".lock").exists():
            return False
        try:
            lock = FileLock(path)
        except RepositoryError:
            return True
        lock.remove()
        return False

    def vanish(self) -> None:
        """Take the lock file away."""
        if self._lock is not None:
            self._lock.remove()
            self._lock = None


class AdvisoryPresence:
    """Holds an advisory lock of PostgreSQL on the connection that writes.

    Args:
        table: The log's table.
    """

    shared = True

    def __init__(self, table: str) -> None:
        self.owner = _drawn()
        self.group = zlib.crc32(table.encode()) & _MOST

    def appear(self, cursor: Any) -> None:
        """Take the lock; it goes with the connection."""
        cursor.execute(f"SELECT pg_try_advisory_lock({self.group}, {self.owner})")

    def lives(self, owner: int, cursor: Any) -> bool:
        """Whether its lock is held."""
        cursor.execute(f"SELECT pg_try_advisory_lock({self.group}, {int(owner)})")
        if not cursor.fetchone()[0]:
            return True
        cursor.execute(f"SELECT pg_advisory_unlock({self.group}, {int(owner)})")
        return False

    def vanish(self) -> None:
        """The connection's end is enough."""


def presence_of(engine: Any, table: str) -> Presence:
    """How schedulers on this database show that they live."""
    backend, database = engine.dialect.name, engine.url.database
    if backend == "postgresql":
        return AdvisoryPresence(table)
    if backend == "sqlite" and database not in (None, "", ":memory:") and not database.startswith("file:"):
        return FilePresence(Path(database).absolute())
    return SolePresence()


def _drawn() -> int:
    return 1 + secrets.randbelow(_MOST)
