"""The connection that writes to the log's table, by the driver's own means.

SQLAlchemy's would cost more than the database does. Every transaction takes the table's write lock first,
so rows become visible in the order of their numbers, and what other schedulers wrote since the last one
can be read before anything is added.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from rocket_magic.log._advisory import AdvisoryPresence
from rocket_magic.log._presence import Presence
from rocket_magic.log._record import COLUMNS

if TYPE_CHECKING:
    import sqlalchemy as sa

NEWS_AT_MOST = 5_000
"""So many rows of others are read in one transaction; the lock is not held longer for more."""

_PLACEHOLDERS = {"qmark": "?", "format": "%s", "pyformat": "%s"}


class RowWriter:
    """Adds rows to the log's table.

    Args:
        engine: Gives the connection.
        table: The log's table.
        state: The table that knows up to which row all runs are settled.
        presence: Shows others that this scheduler lives.

    Attributes:
        top: Number of the newest row that this scheduler knows.
        floor: Number of the newest row when the last transaction began.
        shared: Whether other schedulers may write to the table at the same time.
    """

    def __init__(self, engine: sa.Engine, table: sa.Table, state: sa.Table, presence: Presence) -> None:
        quote = engine.dialect.identifier_preparer.quote
        mark = _PLACEHOLDERS.get(engine.dialect.paramstyle, "%s")
        self.top = self.floor = 0
        self._engine = engine
        self._presence = presence
        self._moved = False
        self._raw: Any = None
        self._cursor: Any = None
        name, key = quote(table.name), quote(table.c.id.name)
        columns = ", ".join(quote(column) for column in COLUMNS)
        marks = ", ".join([mark] * (len(COLUMNS) + 1))
        self._insert = f"INSERT INTO {name} ({columns}, owner) VALUES ({marks})"
        self._newest = f"SELECT max({key}) FROM {name}"
        self._newer = (
            f"SELECT {key}, owner, {columns} FROM {name} WHERE {key} > {mark} "
            f"AND (owner IS NULL OR owner <> {mark}) ORDER BY {key} LIMIT {NEWS_AT_MOST}"
        )
        kept = quote(state.name)
        self._get_state = f"SELECT value FROM {kept} WHERE name = {mark}"
        self._set_state = f"UPDATE {kept} SET value = {mark} WHERE name = {mark}"
        self._add_state = f"INSERT INTO {kept} (value, name) VALUES ({mark}, {mark})"
        self.shared = presence.shared

    @property
    def error(self) -> type[Exception]:
        """What the driver raises."""
        driver: Any = self._engine.dialect.dbapi
        found: type[Exception] = driver.Error
        return found

    def _open(self) -> Any:
        if self._cursor is None:
            self._raw = self._engine.raw_connection()
            if self._engine.dialect.name == "postgresql":
                self._raw.driver_connection.autocommit = True  # transactions are begun below, with the lock
            self._cursor = self._raw.cursor()
            self._presence.appear(self._cursor)
        return self._cursor

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Any]:
        """A transaction that no other scheduler writes beside; its cursor."""
        cursor = self._open()
        self.floor = newest = self._begin(cursor)
        try:
            self.top = min(self.top, newest)  # rows may have been deleted
            self._moved = newest > self.top
            yield cursor
            cursor.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(self.error):
                cursor.execute("ROLLBACK")
            raise

    def _begin(self, cursor: Any) -> int:
        """Take the lock; the number of the newest row."""
        presence = self._presence
        if isinstance(presence, AdvisoryPresence):
            # one message: each of its statements sees what was committed before it
            cursor.execute(f"BEGIN; SELECT pg_advisory_xact_lock({presence.group}, 0); {self._newest}")
            while cursor.nextset():
                pass
        else:
            cursor.execute("BEGIN IMMEDIATE" if self._engine.dialect.name == "sqlite" else "BEGIN")
            cursor.execute(self._newest)
        return cursor.fetchone()[0] or 0

    def news(self, cursor: Any) -> list[tuple[Any, ...]]:
        """What others wrote since the last look: number, owner and columns of each row."""
        if not self._moved or not self._presence.shared:
            return []
        cursor.execute(self._newer, (self.top, self._presence.owner))
        found = list(cursor.fetchall())
        if found:
            self.top = found[-1][0]
        return found

    def add(self, cursor: Any, rows: Sequence[tuple[Any, ...]]) -> None:
        """Add rows."""
        owner = (self._presence.owner,)
        cursor.executemany(self._insert, [row + owner for row in rows])

    def note_top(self, cursor: Any) -> None:
        """Remember the newest row; the transaction's own are the last."""
        cursor.execute(self._newest)
        self.top = cursor.fetchone()[0] or 0

    def note_settled(self, cursor: Any, value: int) -> None:
        """Remember that all runs up to that row have ended."""
        self._note(cursor, "settled", value)

    def next_life(self, cursor: Any) -> int:
        """Count the sessions that number their runs; the first on an empty table is 1."""
        cursor.execute(self._get_state, ("lives",))
        found = cursor.fetchone()
        if found is None:
            cursor.execute(self._newest)  # rows from before lives were counted may have any number
            life = 2 if cursor.fetchone()[0] else 1
        else:
            life = int(found[0]) + 1
        self._note(cursor, "lives", life)
        return life

    def _note(self, cursor: Any, name: str, value: int) -> None:
        cursor.execute(self._set_state, (value, name))
        if not cursor.rowcount:
            cursor.execute(self._add_state, (value, name))

    def lives(self, cursor: Any, owner: int | None) -> bool:
        """Whether the scheduler of that number, another one, is alive."""
        if owner is None or owner == self._presence.owner:
            return False
        return self._presence.lives(owner, cursor)

    def lives_now(self, owner: int | None) -> bool:
        """The same, outside any transaction; waits until it can be told."""
        cursor = self._open()
        if owner is not None and owner != self._presence.owner:
            self._presence.wait_until_sure(owner, cursor)
        return self.lives(cursor, owner)

    def drop(self) -> None:
        """Let go of a connection that failed."""
        raw, self._raw, self._cursor = self._raw, None, None
        if raw is not None:
            with contextlib.suppress(Exception):  # it is broken already
                raw.invalidate()

    def close(self) -> None:
        """Let go of the connection and of the lock."""
        self.drop()
        self._presence.vanish()
