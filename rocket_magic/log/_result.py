"""What `filter_by` returns: Red Bird's result interface over any of our repositories."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from rocket_magic.log._query import Query, make_query
from rocket_magic.log._record import Record, record_of

if TYPE_CHECKING:
    import pandas as pd

    from rocket_magic.log._models import TaskRunRecord


class Source(Protocol):
    """What a result needs of its repository."""

    def select(
        self, query: Query, *, newest_first: bool = False, limit: int | None = None
    ) -> Iterable[Record]:
        """Records that pass, in the order of writing or the reverse."""
        ...

    def count(self, query: Query) -> int:
        """How many pass."""
        ...

    def delete(self, query: Query) -> int:
        """Remove those that pass; how many."""
        ...

    def update(self, query: Query, values: Mapping[str, Any]) -> int:
        """Change those that pass; how many."""
        ...

    def add(self, item: Any) -> None:
        """Append one record."""
        ...


class RecordModel:
    """The attribute `model` of our repositories, as Red Bird's have it; pydantic builds it on first use."""

    def __get__(self, repo: Any, kind: type | None = None) -> type[TaskRunRecord]:
        """What their records come back as."""
        from rocket_magic.log._models import TaskRunRecord  # noqa: PLC0415  slow to load, seldom needed

        return TaskRunRecord


def models_of(records: Iterable[Record]) -> Iterator[TaskRunRecord]:
    """Records as they are handed out."""
    from rocket_magic.log._models import model_of  # noqa: PLC0415  slow to load, seldom needed

    return map(model_of, records)


class LogRows(list["TaskRunRecord"]):
    """Records as a list that can become a pandas DataFrame."""

    @classmethod
    def of(cls, records: Iterable[Record]) -> LogRows:
        """The models of records."""
        return cls(models_of(records))

    def to_pandas(self) -> pd.DataFrame:
        """The rows as a DataFrame, times as UTC timestamps.

        Raises:
            MissingExtraError: pandas is not installed.
        """
        from rocket_magic.log._frame import frame_of  # noqa: PLC0415  pandas loads on first use

        return frame_of(self)


class Result:
    """Records that pass a query; nothing is read until it is asked.

    Args:
        source: The repository.
        filters: Columns and what they must be, see `rocket_magic.log._query`.
    """

    def __init__(self, source: Source, filters: Mapping[str, Any]) -> None:
        self._source = source
        self._query = make_query(filters)

    def iterate(self) -> Iterator[TaskRunRecord]:
        """One by one, oldest first."""
        return models_of(self._source.select(self._query))

    def __iter__(self) -> Iterator[TaskRunRecord]:
        return self.iterate()

    def all(self) -> LogRows:
        """All, oldest first."""
        return LogRows(self.iterate())

    def first(self) -> TaskRunRecord | None:
        """The oldest."""
        return next(models_of(self._source.select(self._query, limit=1)), None)

    def last(self) -> TaskRunRecord | None:
        """The newest."""
        return next(models_of(self._source.select(self._query, newest_first=True, limit=1)), None)

    def limit(self, n: int) -> LogRows:
        """The `n` oldest."""
        return LogRows.of(self._source.select(self._query, limit=n))

    def tail(self, n: int) -> LogRows:
        """The `n` newest, oldest first."""
        newest = self._source.select(self._query, newest_first=True, limit=n)
        return LogRows.of(reversed(list(newest)))

    def count(self) -> int:
        """How many."""
        return self._source.count(self._query)

    def delete(self) -> int:
        """Remove them; how many."""
        return self._source.delete(self._query)

    def update(self, **values: Any) -> int:
        """Set columns of all of them; how many."""
        return self._source.update(self._query, values)

    def replace(self, values: Mapping[str, Any] | None = None, /, **more: Any) -> None:
        """Replace the one record that passes.

        Raises:
            KeyError: More than one passes.
        """
        if self.count() > 1:
            raise KeyError("replace() is for one record; the filter passes several: narrow it")
        record = record_of({**(values or {}), **more})
        self.delete()
        self._source.add(record)
