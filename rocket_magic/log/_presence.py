"""Which schedulers that share a database are alive: each holds a lock that dies with it.

SQLite: a lock file beside the database, which the operating system releases. PostgreSQL: an advisory lock
of a connection (`_advisory`), which the server releases. Neither needs a heartbeat, so the run of a dead
scheduler is known as interrupted at once, and that of a slow one never by mistake.
"""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any, Protocol

from rocket_magic.exc import RepositoryError
from rocket_magic.log._advisory import AdvisoryPresence
from rocket_magic.log._file_lock import FileLock

__all__ = ["FilePresence", "Presence", "SolePresence", "presence_of"]

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

    def wait_until_sure(self, owner: int, cursor: Any) -> None:
        """Wait while it can't be told whether another one lives."""
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

    def lives(self, owner: int, cursor: Any) -> bool:
        """Nobody else does."""
        return False

    def wait_until_sure(self, owner: int, cursor: Any) -> None:
        """That is sure."""

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

    def appear(self, cursor: Any) -> None:
        """Take the lock, once; those of the dead are cleared away."""
        if self._lock is None:
            self._lock = FileLock(self._guarded(self.owner))
            for path in self._database.parent.glob(f"{self._database.name}.*.lock"):
                number = path.name.split(".")[-2]
                if number.isdigit() and int(number) != self.owner:
                    self.lives(int(number), None)

    def lives(self, owner: int, cursor: Any) -> bool:
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

    def wait_until_sure(self, owner: int, cursor: Any) -> None:
        """The operating system releases locks at once."""

    def vanish(self) -> None:
        """Take the lock file away."""
        if self._lock is not None:
            self._lock.remove()
            self._lock = None


def presence_of(engine: Any, table: str) -> Presence:
    """How schedulers on this database show that they live."""
    backend, database = engine.dialect.name, engine.url.database
    if backend == "postgresql":
        return AdvisoryPresence(engine, table, _drawn())
    if backend == "sqlite" and database not in (None, "", ":memory:") and not database.startswith("file:"):
        return FilePresence(Path(database).absolute())
    return SolePresence()


def _drawn() -> int:
    return 1 + secrets.randbelow(_MOST)
