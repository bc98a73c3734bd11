"""Connections for the log's database: WAL and a patient lock on SQLite, checked ones elsewhere."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from rocket_magic.exc import RepositoryError
from rocket_magic.log._sql_schema import load_sqlalchemy

if TYPE_CHECKING:
    import sqlalchemy as sa
    from sqlalchemy import Engine as SaEngine

_BUSY_MS = 30_000
_CHECKPOINT_PAGES = 8_000
"""Some 32 MB: a busy log is copied from its WAL to its file eight times less often than by default."""

_SYNCHRONOUS = {"NORMAL", "FULL", "EXTRA", "OFF"}
_SECRETS = re.compile(r"(?i)(://[^:/@\s]*:)[^@\s]*@|\b(password|passwd|pwd|sslpassword)=[^&\s'\"]+")


def masked(text: str) -> str:
    """The text with passwords of URLs hidden."""
    return _SECRETS.sub(lambda found: f"{found[1]}***@" if found[1] else f"{found[2]}=***", text)


def make_engine(url: str, synchronous: str) -> sa.Engine:
    """An engine for the log.

    Args:
        url: As SQLAlchemy takes it; `postgresql://` means psycopg 3.
        synchronous: SQLite's level: NORMAL (a power cut may lose the last records), FULL.

    Raises:
        RepositoryError: The URL or the level can't be understood, or the folder does not exist.
    """
    sa = load_sqlalchemy()
    if synchronous.upper() not in _SYNCHRONOUS:
        msg = f"synchronous={synchronous!r} is unknown: use NORMAL or FULL"
        raise RepositoryError(msg)
    try:
        parsed = sa.engine.make_url(url)
    except (sa.exc.ArgumentError, ValueError) as error:
        msg = f"{masked(url)!r} is no database URL: write it like sqlite:///runs.db"
        raise RepositoryError(msg) from error
    if parsed.drivername in {"postgresql", "postgres"}:
        parsed = parsed.set(drivername="postgresql+psycopg")
    try:
        if parsed.get_backend_name() == "sqlite":
            return _sqlite_engine(sa, parsed, synchronous.upper())
        engine: Any = sa.create_engine(parsed, pool_pre_ping=True, pool_size=3)
    except (ImportError, sa.exc.NoSuchModuleError) as error:
        msg = f"no driver for {masked(url)!r} ({error}); for PostgreSQL: pip install 'rocket_magic[sql]'"
        raise RepositoryError(msg) from error
    return cast("SaEngine", engine)


def _sqlite_engine(sa: Any, url: sa.URL, synchronous: str) -> sa.Engine:
    in_memory = url.database in (None, "", ":memory:")
    options: dict[str, Any] = {"connect_args": {"timeout": _BUSY_MS / 1000, "check_same_thread": False}}
    if in_memory:
        options["poolclass"] = sa.pool.StaticPool
    elif not _has_folder(str(url.database)):
        msg = f"the folder of the log {url.database} does not exist: make it first"
        raise RepositoryError(msg)
    engine: Any = sa.create_engine(url, **options)

    def prepare(connection: Any, _: Any) -> None:
        cursor = connection.cursor()
        try:
            cursor.execute(f"PRAGMA busy_timeout={_BUSY_MS}")
            if not in_memory:
                cursor.execute("PRAGMA journal_mode=WAL")
            cursor.execute(f"PRAGMA synchronous={synchronous}")
            cursor.execute(f"PRAGMA wal_autocheckpoint={_CHECKPOINT_PAGES}")
        finally:
            cursor.close()

    sa.event.listen(engine, "connect", prepare)
    return cast("SaEngine", engine)


def _has_folder(path: str) -> bool:
    return path.startswith("file:") or Path(path).absolute().parent.is_dir()
