"""A database table as the task log: SQLite and PostgreSQL, with Red Bird's interface.

Groups of records go in with one prepared statement and one short transaction. No read leaves a
transaction open. After an error the group is tried once more on a fresh connection, without what the
first try may have stored. Several schedulers may share a table: the transaction that records a start
first reads what the others wrote, and refuses a start that one of them has made (RELIABILITY.md F40).
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from rocket_magic._protocols import Action
from rocket_magic.exc import RepositoryError
from rocket_magic.log import _failpoints
from rocket_magic.log._models import TaskRunRecord
from rocket_magic.log._presence import presence_of
from rocket_magic.log._query import Query, changed_by, make_query, matches
from rocket_magic.log._record import Record, record_of, record_of_row, row_of, values_of
from rocket_magic.log._result import Result
from rocket_magic.log._run_numbers import NUMBERS_A_LIFE
from rocket_magic.log._sql_engine import make_engine, masked
from rocket_magic.log._sql_others import Others
from rocket_magic.log._sql_past import SqlPast
from rocket_magic.log._sql_schema import checked_table_name, load_sqlalchemy, make_state_table, migrate
from rocket_magic.log._sql_writer import NEWS_AT_MOST, RowWriter
from rocket_magic.log._survey import Survey

_PAGE = 1000
_SETTLE_EVERY = 2000


class SqlLog:
    """A task log in a database table.

    Args:
        url: Like `sqlite:///runs.db` or `postgresql://user:password@host/database`.
        table: The table; made, or brought up to date.
        synchronous: SQLite only: NORMAL, or FULL to survive power cuts without losing a record.

    Attributes:
        repaired: What was done to the table at opening, in words.

    Raises:
        RepositoryError: The database can't be reached or written, or the table is no task log.
    """

    model = TaskRunRecord
    indexed = True
    id_field = "id"

    def __init__(self, url: str, table: str = "task_log", synchronous: str = "NORMAL") -> None:
        checked_table_name(table)
        self.url = masked(url)
        self._sa = load_sqlalchemy()
        self._engine = make_engine(url, synchronous)
        self._finalizer = weakref.finalize(self, self._engine.dispose)
        try:
            self.table, self.repaired = migrate(self._engine, table)
            self._state = make_state_table(table)
            self._check_writable()
        except self._sa.exc.SQLAlchemyError as error:
            self._finalizer()
            msg = f"can't open the log {self.url}: {masked(_reason(error))}"
            raise RepositoryError(msg) from error
        except RepositoryError:
            self._finalizer()
            raise
        self._lock = threading.Lock()
        self._others = Others()
        self._rows = RowWriter(self._engine, self.table, self._state, presence_of(self._engine, table))
        newest = self._read(self._sa.select(self._sa.func.max(self.table.c.id)))[0][0] or 0
        self._rows.top = self._rows.floor = newest
        self._closer = weakref.finalize(self, self._rows.close)  # also when nobody closes it
        self._broken = (self._sa.exc.SQLAlchemyError, self._rows.error)

    def _check_writable(self) -> None:
        """Find out now, not at the first record."""
        with self._engine.begin() as connection:
            connection.execute(self._state.delete().where(self._state.c.name == ""))

    def add(self, item: Any, if_exists: str = "raise") -> None:
        """Append a record: a Record, a record model, or a mapping."""
        self.add_many((record_of(item),))

    insert = add

    def add_many(self, records: Sequence[Record], claimed: frozenset[str] = frozenset()) -> None:
        """Append records in one transaction.

        Args:
            records: In order.
            claimed: Tasks whose start must be refused when another scheduler was first.

        Raises:
            StartedElsewhere: It was; nothing is written.
            RepositoryError: It could not be written, twice.
        """
        if not records:
            return
        with self._lock:
            try:
                self._write(records, claimed)
            except self._broken:
                self._rows.drop()
                self._engine.dispose()
                try:
                    self._write(self._not_stored(records), claimed)
                except self._broken as again:
                    self._rows.drop()
                    msg = f"can't write to the log {self.url}: {masked(_reason(again))}"
                    raise RepositoryError(msg) from again

    def _write(self, records: Sequence[Record], claimed: frozenset[str]) -> None:
        while not self._write_or_catch_up(records, claimed):
            pass

    def _write_or_catch_up(self, records: Sequence[Record], claimed: frozenset[str]) -> bool:
        """One transaction; False when all it did was to read a part of what others wrote."""
        if not records:
            return True
        rows, others = self._rows, self._others
        with rows.transaction() as cursor:
            found = rows.news(cursor)
            news = others.read(found) if found else ()
            if len(found) == NEWS_AT_MOST:
                return False
            added = records
            if rows.shared:
                buried = others.refuse(claimed, news, partial(rows.lives, cursor), records[0].at)
                added = [*buried, *filter(others.wanted, records)]
            if others.since_settled >= _SETTLE_EVERY:
                self._settle(cursor)
            rows.add(cursor, [values_of(record) for record in added])
            if _failpoints.ARMED and any(record.action is not Action.RUN for record in records):
                _failpoints.hit("mid_outcome")
            rows.note_top(cursor)
        others.track(added, rows.floor)
        return True

    def _settle(self, cursor: Any) -> None:
        """Remember up to which row every run has its outcome."""
        settled = self._others.settled()
        self._rows.note_settled(cursor, self._rows.floor if settled is None else settled)
        self._others.since_settled = 0

    def take_news(self) -> list[Record]:
        """What other schedulers wrote since this was last asked; each write looks for it."""
        with self._lock:
            return self._others.take()

    def reserve_run_numbers(self) -> int:
        """The first of a hundred million numbers for counted run ids that no other session gets.

        Raises:
            RepositoryError: The database can't be written.
        """
        with self._lock:
            try:
                with self._rows.transaction() as cursor:
                    return (self._rows.next_life(cursor) - 1) * NUMBERS_A_LIFE + 1
            except self._broken as error:
                self._rows.drop()
                msg = f"can't write to the log {self.url}: {masked(_reason(error))}"
                raise RepositoryError(msg) from error

    @property
    def shared(self) -> bool:
        """Whether other schedulers may write to this table at the same time."""
        return self._rows.shared

    def _not_stored(self, records: Sequence[Record]) -> list[Record]:
        """The records that an interrupted try has not stored (its answer may have been lost, not they)."""
        columns = self.table.c
        rows = {id(record): values_of(record) for record in records}
        query = self._sa.select(columns.run_id, columns.action, columns.created).where(
            columns.id > self._rows.floor,
            columns.run_id.in_({row[3] for row in rows.values()}),
            columns.created >= min(row[0] for row in rows.values()),
        )
        with self._engine.connect() as connection:
            stored = {tuple(row) for row in connection.execute(query)}
        return [
            record
            for record in records
            if (rows[id(record)][3], rows[id(record)][2], rows[id(record)][0]) not in stored
        ]

    def filter_by(self, **filters: Any) -> Result:
        """The records whose columns are as given."""
        return Result(self, filters)

    def select(
        self, query: Query, *, newest_first: bool = False, limit: int | None = None
    ) -> Iterator[Record]:
        """Records that pass, read page by page: no transaction stays open between two records."""
        key = self.table.c.id
        condition, rest = self._condition(query)
        last: int | None = None
        left = limit
        while left is None or left > 0:
            page = _PAGE if left is None or rest else min(left, _PAGE)
            statement = self._sa.select(self.table).where(condition).limit(page)
            statement = statement.order_by(key.desc() if newest_first else key)
            if last is not None:
                statement = statement.where(key < last if newest_first else key > last)
            rows = self._read(statement)
            for row in rows:
                record = record_of_row(row._mapping)  # noqa: SLF001  SQLAlchemy's public name for it
                if not matches(record, rest):
                    continue
                yield record
                if left is not None:
                    left -= 1
                    if left == 0:
                        return
            if len(rows) < page:
                return
            last = rows[-1].id if hasattr(rows[-1], "id") else rows[-1][0]

    def _read(self, statement: Any) -> Sequence[Any]:
        try:
            with self._engine.connect() as connection:
                return connection.execute(statement).fetchall()
        except self._sa.exc.SQLAlchemyError as error:
            msg = f"can't read the log {self.url}: {masked(_reason(error))}"
            raise RepositoryError(msg) from error

    def _condition(self, query: Query) -> tuple[Any, Query]:
        """The query as SQL with bound values, and what only Python can test."""
        sa = self._sa
        clauses: list[Any] = []
        rest: list[Any] = []
        for test in query:
            column, value = self.table.c[test.column], test.value
            match test.kind:
                case "eq":
                    clauses.append(column.is_(None) if value is None else column == value)
                case "ne":
                    clauses.append(column.is_not(None) if value is None else column != value)
                case "gt":
                    clauses.append(column > value)
                case "ge":
                    clauses.append(column >= value)
                case "lt":
                    clauses.append(column < value)
                case "le":
                    clauses.append(column <= value)
                case "in":
                    clauses.append(column.in_(value))
                case "between":
                    clauses.append(column.between(*value))
                case _:
                    rest.append(test)
        return sa.and_(sa.true(), *clauses), tuple(rest)

    def count(self, query: Query) -> int:
        """How many records pass."""
        condition, rest = self._condition(query)
        if rest:
            return sum(1 for _ in self.select(query))
        statement = self._sa.select(self._sa.func.count()).select_from(self.table).where(condition)
        return int(self._read(statement)[0][0])

    def delete(self, query: Query) -> int:
        """Remove the records that pass; how many."""
        condition, rest = self._condition(query)
        if rest:
            raise RepositoryError("delete() takes the operators of redbird.oper only")
        with self._lock, self._engine.begin() as connection:
            return int(connection.execute(self.table.delete().where(condition)).rowcount)

    def update(self, query: Query, values: Mapping[str, Any]) -> int:
        """Set columns of the records that pass; how many."""
        condition, rest = self._condition(query)
        if rest:
            raise RepositoryError("update() takes the operators of redbird.oper only")
        sample = Record("", Action.RUN, 0)
        changed_by(sample, values)  # checks and translates
        row = row_of(sample)
        names = [test.column for test in make_query(dict.fromkeys(values))]
        statement = self.table.update().where(condition).values({name: row[name] for name in names})
        with self._lock, self._engine.begin() as connection:
            return int(connection.execute(statement).rowcount)

    def survey(self, task_names: Iterable[str]) -> Survey:
        """What conditions and recovery need: a few index look-ups per task, never the whole table."""
        past = self.past()
        with self._lock:
            try:
                survey = past.survey(task_names)
                self._others.restore(survey, past.owners, self._rows.lives_now, past.top)
            except self._broken as error:
                self._rows.drop()
                msg = f"can't read the log {self.url}: {masked(_reason(error))}"
                raise RepositoryError(msg) from error
            self._rows.top = past.top
            self._others.since_settled = _SETTLE_EVERY  # the next write remembers what this look has settled
        return survey

    def past(self) -> SqlPast:
        """Answers single questions by index look-ups."""
        return SqlPast(self._engine, self.table, self._state)

    def trim(self, count: int) -> int:
        """Keep the newest `count` records of each task; how many went."""
        sa, table = self._sa, self.table
        removed = 0
        with self._lock, self._engine.begin() as connection:
            names = connection.execute(sa.select(table.c.task_name).distinct()).scalars().all()
            for name in names:
                edge = connection.execute(
                    sa.select(table.c.id)
                    .where(table.c.task_name == name)
                    .order_by(table.c.id.desc())
                    .limit(1)
                    .offset(count)
                ).scalar()
                if edge is not None:
                    gone = table.delete().where(table.c.task_name == name, table.c.id <= edge)
                    removed += connection.execute(gone).rowcount
        return removed

    def close(self) -> None:
        """Give all connections back."""
        with self._lock:
            self._closer()
        self._finalizer()

    def __iter__(self) -> Iterator[TaskRunRecord]:
        return self.filter_by().iterate()

    def __repr__(self) -> str:
        """Show where it is, without secrets."""
        return f"SqlLog({self.url!r}, table={self.table.name!r})"


def _reason(error: BaseException) -> str:
    """What the driver said, on one line."""
    original = getattr(error, "orig", None) or error
    return " ".join(str(original).split())[:300]
