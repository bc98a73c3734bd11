"""The table of the task log: made, checked and brought up to date; SQLAlchemy is loaded here.

There is one index: each costs a record as much as its row does. A second, tiny table remembers
up to which row every run is known to have its outcome, so that opening a log of a million rows looks at
the last few only.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from rocket_magic.exc import MissingExtraError, RepositoryError
from rocket_magic.log._record import COLUMNS, NEEDED

if TYPE_CHECKING:
    import sqlalchemy as sa
    from sqlalchemy import Table as SaTable

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}\Z")
_WHOLE: Final = frozenset({"merged", "attempt"})
_TEXT: Final = frozenset({"task_name", "action", "run_id", "reason", "params", "message", "exc_text"})
OWNER: Final = "owner"
"""The column with the number of the scheduler that wrote the row; no column of the log's records."""


def load_sqlalchemy() -> Any:
    """SQLAlchemy.

    Raises:
        MissingExtraError: It is not installed.
    """
    try:
        import sqlalchemy  # noqa: PLC0415  an extra, and slow to load
    except ModuleNotFoundError as error:
        msg = "a log in a database needs SQLAlchemy: pip install 'rocket_magic[sql]'"
        raise MissingExtraError(msg) from error
    return sqlalchemy


def checked_table_name(name: str) -> str:
    """The name, when it is a plain one.

    Raises:
        RepositoryError: It has other characters than letters, digits and underscores, or is too long.
    """
    if not isinstance(name, str) or not _NAME.match(name):
        msg = (
            f"{name!r} can't be the log's table: use letters, digits and underscores, "
            "a letter or underscore first, 63 characters at most"
        )
        raise RepositoryError(msg)
    return name


def _column(sa: Any, name: str) -> Any:
    if name in _TEXT:
        return sa.Column(name, sa.Text())
    return sa.Column(name, sa.Integer() if name in _WHOLE else sa.Double())


def make_table(name: str) -> sa.Table:
    """The log's table as we make it."""
    sa = load_sqlalchemy()
    key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    columns = [_column(sa, column) for column in COLUMNS]
    table: SaTable = sa.Table(
        name, sa.MetaData(), sa.Column("id", key, primary_key=True, autoincrement=True), *columns,
        sa.Column(OWNER, sa.Integer()),
    )  # fmt: skip
    stem = f"ix_{name}"[:45]
    sa.Index(f"{stem}_action", table.c.task_name, table.c.action, table.c.created)
    return table


def make_state_table(name: str) -> sa.Table:
    """The table for the row up to which all runs are settled."""
    sa = load_sqlalchemy()
    table: SaTable = sa.Table(
        f"{name[:57]}_state",
        sa.MetaData(),
        sa.Column("name", sa.String(40), primary_key=True),
        sa.Column("value", sa.BigInteger(), nullable=False),
    )
    return table


def migrate(engine: sa.Engine, name: str) -> tuple[sa.Table, tuple[str, ...]]:
    """Make the table, or bring an older one up to date; the table and what was done, in words.

    Raises:
        RepositoryError: A table of that name is no task log, or of a version that we can't write.
    """
    sa = load_sqlalchemy()
    table = make_table(name)
    done: list[str] = []
    if not sa.inspect(engine).has_table(name):
        _create(sa, engine, table)
    else:
        existing = {column["name"]: column for column in sa.inspect(engine).get_columns(name)}
        _check(table, existing)
        table = _with_key(sa, engine, table, existing, done)
        missing = [column for column in (*COLUMNS, OWNER) if column not in existing]
        for column in missing:
            kind = table.c[column].type.compile(engine.dialect)
            with engine.begin() as connection:
                connection.execute(sa.text(f'ALTER TABLE "{name}" ADD COLUMN "{column}" {kind}'))
        if missing:
            done.append(f"table {name}: columns added: {', '.join(missing)}")
        _add_indices(sa, engine, table, done)
    _create(sa, engine, make_state_table(name))
    return table, tuple(done)


def _create(sa: Any, engine: sa.Engine, table: sa.Table) -> None:
    """Make a table, whoever else makes it at the same time."""
    try:
        table.create(engine, checkfirst=True)
    except sa.exc.DBAPIError:
        if not sa.inspect(engine).has_table(table.name):
            raise


def _check(table: sa.Table, existing: dict[str, Any]) -> None:
    missing = sorted(set(NEEDED) - set(existing))
    if missing:
        msg = (
            f"table {table.name} is no task log: it lacks {', '.join(missing)}; "
            "choose another table with ?table=NAME"
        )
        raise RepositoryError(msg)
    created = existing["created"]["type"].python_type
    if created not in (int, float) and "DECIMAL" not in str(created).upper():
        msg = (
            f"column created of table {table.name} holds {created.__name__}, a task log holds seconds "
            "since the epoch (a number); choose another table with ?table=NAME"
        )
        raise RepositoryError(msg)
    foreign = [
        column
        for column, info in existing.items()
        if column not in table.c and not info["nullable"] and info["default"] is None
    ]
    if foreign:
        msg = (
            f"table {table.name} wants values for {', '.join(foreign)}, which this version does not know: "
            "it may be of a newer rocket_magic; choose another table with ?table=NAME"
        )
        raise RepositoryError(msg)


def _with_key(
    sa: Any, engine: sa.Engine, table: sa.Table, existing: dict[str, Any], done: list[str]
) -> sa.Table:
    """The table with a column that numbers its rows, added where it is missing."""
    if "id" in existing:
        return table
    if engine.dialect.name == "sqlite":
        # SQLite numbers every row anyway
        columns = [*(_column(sa, column) for column in COLUMNS), sa.Column(OWNER, sa.Integer())]
        key = sa.Column("rowid", sa.Integer(), primary_key=True, key="id")
        fresh: SaTable = sa.Table(table.name, sa.MetaData(), key, *columns)
        for index in table.indexes:
            sa.Index(index.name, *(fresh.c[column.name] for column in index.columns))
        return fresh
    with engine.begin() as connection:
        connection.execute(sa.text(f'ALTER TABLE "{table.name}" ADD COLUMN "id" BIGSERIAL'))
    done.append(f"table {table.name}: column added: id")
    return table


def _add_indices(sa: Any, engine: sa.Engine, table: sa.Table, done: list[str]) -> None:
    present = {index["name"] for index in sa.inspect(engine).get_indexes(table.name)}
    for index in table.indexes:
        if index.name not in present:
            try:
                index.create(engine, checkfirst=True)
            except sa.exc.DBAPIError:
                if index.name not in {i["name"] for i in sa.inspect(engine).get_indexes(table.name)}:
                    raise
            done.append(f"table {table.name}: index added: {index.name}")
