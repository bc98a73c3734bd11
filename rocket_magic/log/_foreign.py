"""Any repository with `add` and `filter_by` as the task log: Red Bird's, or a user's own.

Repositories of others are never touched by two threads at once (REDBIRD.md section 5: none of Red
Bird's is safe for that), a SQLAlchemy session is rolled back after an error and given back after each
use, and rows hold only what the repository's model or table has room for.
"""

from __future__ import annotations

import contextlib
import itertools
import math
import random
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from rocket_magic._protocols import Action
from rocket_magic.exc import USER_ERRORS, TaskLoggingError
from rocket_magic.instants import SECOND, Instant
from rocket_magic.log import _failpoints
from rocket_magic.log._foreign_files import prepare_files
from rocket_magic.log._foreign_filters import filters_of, rewriting
from rocket_magic.log._models import TaskRunRecord
from rocket_magic.log._query import Query, Test, matches
from rocket_magic.log._record import Record, record_of, row_of
from rocket_magic.log._result import Result
from rocket_magic.log._run_numbers import number_after
from rocket_magic.log._survey import Survey, survey_of

_PUSHED = frozenset({"task_name", "action", "run_id"})


def is_repository(candidate: Any) -> bool:
    """Whether it has what we ask of a repository."""
    return callable(getattr(candidate, "add", None)) and callable(getattr(candidate, "filter_by", None))


class ForeignLog:
    """A repository of somebody else, used as the task log.

    Args:
        repo: The repository.
        guard: Held while it is used; a lock of its own when None.

    Attributes:
        repaired: What was mended in its files, in words.
    """

    model = TaskRunRecord

    def __init__(self, repo: Any, guard: Any = None) -> None:
        self.repo = repo
        self.url = type(repo).__name__
        self._guard = guard if guard is not None else threading.RLock()
        self.repaired, self._file_lock = prepare_files(repo)
        self._room = _room_of(repo)
        id_field = getattr(repo, "id_field", None)
        self._last_stamp: Instant | None = None
        # a key that is a column of ours stays what it says
        self._stamped = id_field == "created"
        # databases number their rows themselves; the others want a key
        wants_key = id_field and not self._stamped and not hasattr(repo, "model_orm")
        self._key = id_field if wants_key else None
        self._keys = itertools.count(random.getrandbits(10))
        self._written: set[int] = set()

    def add_many(self, records: Sequence[Record]) -> None:
        """Append records; in one transaction where the repository has them.

        Raises:
            Exception: Whatever the repository raises, the second time.
        """
        with self._guard, self._session():
            stored: set[int] = set()
            try:
                self._add_group(records, stored)
            except USER_ERRORS:
                # once more: a connection that broke while idle is the usual reason
                rest = [record for record in records if id(record) not in stored]
                self._add_group(rest, stored)

    def _add_group(self, records: Sequence[Record], stored: set[int]) -> None:
        if not records:
            return
        session = getattr(self.repo, "session", None)
        if getattr(self.repo, "autocommit", None) is True and hasattr(session, "commit"):
            self._add_in_transaction(records, session)
            stored.update(id(record) for record in records)
            return
        write = getattr(self.repo, "emit", None) or self.repo.add
        for record in records:
            write(self.fitted(record))
            stored.add(id(record))
            if _failpoints.ARMED and record.action is not Action.RUN:
                _failpoints.hit("mid_outcome")

    def _add_in_transaction(self, records: Sequence[Record], session: Any) -> None:
        write = getattr(self.repo, "emit", None) or self.repo.add
        self.repo.autocommit = False
        try:
            for record in records:
                write(self.fitted(record))
                session.flush()  # rows of one by one: many at once want more of a key than reflection knows
            if _failpoints.ARMED and any(record.action is not Action.RUN for record in records):
                _failpoints.hit("mid_outcome")
            session.commit()
        except BaseException:
            session.rollback()  # otherwise the session refuses everything that follows
            raise
        finally:
            self.repo.autocommit = True

    @contextlib.contextmanager
    def _session(self) -> Iterator[None]:
        """Give a SQLAlchemy session back afterwards: a read leaves its transaction open otherwise."""
        try:
            yield
        finally:
            session: Any = getattr(self.repo, "session", None)
            if hasattr(self.repo, "model_orm") and hasattr(session, "remove"):
                session.remove()

    def fitted(self, record: Record) -> dict[str, Any]:
        """The row, with the columns that the repository has room for."""
        row = row_of(record)
        row["message"] = record.text
        if self._stamped:
            row["created"] = self._next_stamp(record) / SECOND
        if self._room is not None:
            failed = record.action in (Action.FAIL, Action.CRASH)
            row |= {
                "name": "rocketry.task",
                "msg": record.text,
                "formatted_message": record.text,
                "levelname": "ERROR" if failed else "INFO",
                "levelno": 40 if failed else 20,
            }
            row = {key: value for key, value in row.items() if key in self._room}
        if self._key is not None:
            row[self._key] = self._next_key(record)
        return row

    def _next_stamp(self, record: Record) -> Instant:
        """The record's time where it is the key: records of one instant lie a microsecond apart."""
        last = self._last_stamp
        self._last_stamp = record.at if last is None else max(record.at, last + 1)
        return self._last_stamp

    def _next_key(self, record: Record) -> Any:
        key = (record.at << 10) + next(self._keys)
        fields = getattr(getattr(self.repo, "model", None), "model_fields", {})
        wants_text = self._key in fields and "str" in str(fields[self._key].annotation)
        return str(key) if wants_text else key

    def filter_by(self, **filters: Any) -> Result:
        """The records whose columns are as given."""
        return Result(self, filters)

    def records(self, filters: Mapping[str, Any]) -> list[Record]:
        """Records that the repository's own filter lets pass, oldest first; unreadable ones are left out."""
        with self._guard, self._session():
            keyed = []
            for item in self._items(filters):
                try:
                    keyed.append((_order_of(item, self._key), record_of(item)))
                except TaskLoggingError:
                    continue
        if getattr(self.repo, "ordered", True) is False:
            keyed.sort(key=lambda pair: (pair[1].at, pair[0]))
        return [record for _, record in keyed]

    def _items(self, filters: Mapping[str, Any]) -> Iterable[Any]:
        table = getattr(getattr(self.repo, "model_orm", None), "__table__", None)
        session: Any = getattr(self.repo, "session", None)
        if table is None or not hasattr(session, "execute"):
            return list(self.repo.filter_by(**filters).all())
        # rows as they are: building an object for each makes reading ten times slower
        statement = table.select().order_by(*table.primary_key.columns)
        for column, value in filters.items():
            statement = statement.where(table.c[column] == value)
        rows = session.execute(statement)
        return [row._mapping for row in rows]  # noqa: SLF001  SQLAlchemy's public name for it

    def select(
        self, query: Query, *, newest_first: bool = False, limit: int | None = None
    ) -> Iterator[Record]:
        """Records that pass."""
        room = self._room
        pushed = {
            test.column: test.value
            for test in query
            if test.kind == "eq" and test.column in _PUSHED and (room is None or test.column in room)
        }
        passing = [record for record in self.records(pushed) if matches(record, query)]
        return islice(reversed(passing) if newest_first else iter(passing), limit)

    def count(self, query: Query) -> int:
        """How many records pass."""
        return sum(1 for _ in self.select(query))

    def delete(self, query: Query) -> int:
        """Remove the records that pass; comparisons are known of Red Bird's repositories only."""
        return self._change(query, lambda result: result.delete())

    def update(self, query: Query, values: Mapping[str, Any]) -> int:
        """Change the records that pass; comparisons are known of Red Bird's repositories only."""
        return self._change(query, lambda result: result.update(**values))

    def _change(self, query: Query, change: Callable[[Any], Any]) -> int:
        filters = filters_of(self.repo, query)
        touched = self.count(query)
        if touched:
            with self._guard, self._session(), rewriting(self.repo):
                change(self.repo.filter_by(**filters))
        return touched

    def trim(self, count: int) -> int:
        """Keep the newest `count` records of each task, and all of the oldest of these; how many went."""
        newest: dict[str, deque[Record]] = {}
        totals: Counter[str] = Counter()
        for record in self.records({}):
            newest.setdefault(record.task_name, deque(maxlen=count)).append(record)
            totals[record.task_name] += 1
        gone = 0
        for task, kept in newest.items():
            if totals[task] > count:
                edge = kept[0].at / SECOND if kept else math.inf
                gone += self.delete((Test("task_name", "eq", task), Test("created", "lt", edge)))
        return gone

    def survey(self, task_names: Iterable[str]) -> Survey:
        """What it holds, in one pass."""
        return survey_of(self.records({}))

    def reserve_run_numbers(self) -> int:
        """The first number for counted run ids that no record has."""
        return number_after(record.run_id for record in self.records({}))

    def add(self, item: Any) -> None:
        """Append one record."""
        self.add_many((record_of(item),))

    def close(self) -> None:
        """Let others write its file; the repository itself is its owner's."""
        if self._file_lock is not None:
            self._file_lock.release()

    def rest(self) -> bool:
        """Let others write its file until `wake`; whether it has one."""
        self.close()
        return self._file_lock is not None

    def wake(self) -> None:
        """Take the file again.

        Raises:
            RepositoryError: Another scheduler writes it.
        """
        self.repaired, self._file_lock = prepare_files(self.repo)

    def __repr__(self) -> str:
        """Show whose it is."""
        return f"ForeignLog({self.url})"


def _order_of(item: Any, key: str | None) -> int:
    """The key that we gave a record, as a number; it orders records of one instant."""
    value = item.get(key) if isinstance(item, Mapping) else getattr(item, key or "", None)
    try:
        return int(value)  # type: ignore[arg-type]  # None and text are what the except is for
    except (TypeError, ValueError):
        return 0


def _room_of(repo: Any) -> frozenset[str] | None:
    """The columns that a repository has room for, or None when it takes everything."""
    table = getattr(getattr(repo, "model_orm", None), "__table__", None)
    fields = getattr(getattr(repo, "model", None), "model_fields", None)
    names = getattr(repo, "fieldnames", None)
    if fields is not None and getattr(repo.model, "model_config", {}).get("extra") == "allow":
        fields = None
    rooms = [
        frozenset(names_)
        for names_ in (fields, names, None if table is None else table.columns.keys())
        if names_ is not None
    ]
    return frozenset.intersection(*rooms) if rooms else None
