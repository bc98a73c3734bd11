"""Repositories for the task log: ours, and Red Bird's, loaded on first use.

Import Red Bird's repositories from here, and the order of imports never matters::

    from rocket_magic.repos import CSVFileRepo, SQLRepo

Ours need no Red Bird: `MemoryLog`, `CsvLog`, `SqlLog`, and `open_repository(url)`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rocket_magic.log import CsvLog, MemoryLog, SqlLog, open_repository
from rocket_magic.log._redbird import load_redbird

if TYPE_CHECKING:
    CSVFileRepo: Any
    JSONDirectoryRepo: Any
    MemoryRepo: Any
    MongoRepo: Any
    RESTRepo: Any
    RepoHandler: Any
    SQLExprRepo: Any
    SQLRepo: Any

__all__ = [
    "CSVFileRepo",
    "CsvLog",
    "JSONDirectoryRepo",
    "MemoryLog",
    "MemoryRepo",
    "MongoRepo",
    "RESTRepo",
    "RepoHandler",
    "SQLExprRepo",
    "SQLRepo",
    "SqlLog",
    "open_repository",
]


def __getattr__(name: str) -> Any:
    """One of Red Bird's repositories, loading Red Bird when it is the first."""
    if name in __all__:
        return load_redbird().find(name)
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)


def __dir__() -> list[str]:
    return sorted(__all__)
