"""Repositories by URL: what a user types after `%rocket repo`."""

from __future__ import annotations

from typing import Any, Protocol
from urllib.parse import parse_qsl, urlencode

from rocket_magic.exc import RepositoryError
from rocket_magic.log._csv import CsvLog
from rocket_magic.log._foreign import ForeignLog, is_repository
from rocket_magic.log._memory import MemoryLog
from rocket_magic.log._result import Source
from rocket_magic.log._sql import SqlLog
from rocket_magic.log._sql_engine import masked

_FORMS = "memory:, csv:PATH, sqlite:///PATH, postgresql://USER:PASSWORD@HOST/DATABASE"
_DATABASES = ("sqlite", "postgresql", "postgres", "mysql", "mariadb")


class Store(Source, Protocol):
    """What the task log needs of a repository."""

    url: Any

    def add_many(self, records: Any) -> None:
        """Append a group."""
        ...

    def survey(self, task_names: Any) -> Any:
        """What it holds."""
        ...

    def reserve_run_numbers(self) -> int:
        """The first number for counted run ids."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


def open_repository(url: str, *, capacity: int = 100_000) -> MemoryLog | CsvLog | SqlLog:
    """Open the task log behind a URL.

    Args:
        url: `memory:`, `csv:PATH`, `sqlite:///PATH` or `postgresql://…`; databases take `?table=NAME`,
            SQLite also `?synchronous=FULL`.
        capacity: How many records `memory:` keeps.

    Raises:
        RepositoryError: The URL is none of these, or what it names can't be opened.
    """
    scheme, colon, rest = url.strip().partition(":")
    if not colon:
        msg = f"{masked(url)!r} names no repository: use one of {_FORMS}"
        raise RepositoryError(msg)
    if scheme == "memory":
        return MemoryLog(capacity)
    if scheme == "csv":
        path = rest.removeprefix("//") if rest.startswith("///") else rest
        if not path:
            raise RepositoryError("csv: names no file: write it like csv:runs.csv")
        return CsvLog(path)
    if scheme.partition("+")[0] in _DATABASES:
        return _database(url.strip())
    msg = f"{masked(url)!r}: there is no repository {scheme!r}; use one of {_FORMS}"
    raise RepositoryError(msg)


def _database(url: str) -> SqlLog:
    base, _, query = url.partition("?")
    options = dict(parse_qsl(query))
    table = options.pop("table", "task_log")
    synchronous = options.pop("synchronous", "NORMAL")
    if options:
        base = f"{base}?{urlencode(options)}"
    return SqlLog(base, table=table, synchronous=synchronous)


def as_store(repo: Any, *, capacity: int) -> Any:
    """What the task log writes to: a repository of ours, a URL opened, or anybody's repository wrapped.

    Raises:
        RepositoryError: It is none of these.
    """
    if isinstance(repo, str):
        return open_repository(repo, capacity=capacity)
    if isinstance(repo, (MemoryLog, CsvLog, SqlLog)):
        return repo
    if is_repository(repo):
        return ForeignLog(repo)
    if is_repository(getattr(repo, "repo", None)):  # a RepoHandler
        return ForeignLog(repo.repo, getattr(repo, "lock", None))
    msg = (
        f"{type(repo).__name__} is no repository: it needs add(record) and filter_by(...); "
        f"give one of Red Bird's, or one of {_FORMS}"
    )
    raise RepositoryError(msg)
