"""Questions to the log's table that only indices answer: what conditions need, and runs left open."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from rocket_magic._protocols import Action
from rocket_magic.instants import POLL, SECOND, Instant, from_seconds
from rocket_magic.log._record import SCHEDULER_DIED, Record, clean, is_recovery_crash, record_of_row
from rocket_magic.log._sql_schema import load_sqlalchemy
from rocket_magic.log._survey import Survey, open_key

if TYPE_CHECKING:
    import sqlalchemy as sa

_TASKS_PER_QUERY = 5_000
_UNPACK = {
    "sqlite": "SELECT value AS task FROM json_each(:names)",
    "postgresql": "SELECT value AS task FROM jsonb_array_elements_text(CAST(:names AS jsonb))",
}
_LONGEST_STREAK = 10


class SqlPast:
    """Asks the table; implements `rocket_magic.log._history.Past`.

    Args:
        engine: Where the table is.
        table: The log's table.
        state: The table that knows up to which row all runs are settled; None when there is none.
    """

    def __init__(self, engine: sa.Engine, table: sa.Table, state: sa.Table | None) -> None:
        self._sa = load_sqlalchemy()
        self._engine = engine
        self._table = table
        self._state = state
        self.top = 0
        """Number of the newest row at the last survey."""
        self.owners: dict[str, int | None] = {}
        """By run id: who wrote the open runs of the last survey."""

    def _rows(self, statement: Any) -> list[Any]:
        with self._engine.connect() as connection:
            return list(connection.execute(statement))

    def survey(self, task_names: Iterable[str]) -> Survey:
        """What the log holds."""
        columns = self._table.c
        self.top = self._rows(self._sa.select(self._sa.func.max(columns.id)))[0][0] or 0
        newest: list[Record] = []
        names = iter(sorted(set(task_names)))
        while chunk := list(islice(names, _TASKS_PER_QUERY)):
            newest += self._newest_of(chunk)
        newest.sort(key=lambda record: record.seq)
        open_runs = self._open_runs()
        last_outcome: dict[str, Record] = {}
        for record in newest:
            if record.action is not Action.RUN:
                last_outcome[record.task_name] = record
        suspects = {name for name, record in last_outcome.items() if is_recovery_crash(record)}
        streaks = {name: self._streak(name) for name in suspects | {run.task_name for run in open_runs}}
        return Survey(
            newest=newest,
            open_runs=open_runs,
            streaks={name: length for name, length in streaks.items() if length},
            past=self,
        )

    def _newest_of(self, names: Sequence[str]) -> list[Record]:
        """The newest record of each action of each task: one query, one index look-up for each."""
        sa, table = self._sa, self._table
        tasks = self._names(names)
        actions = sa.union_all(
            *(sa.select(sa.literal(action.value, sa.Text()).label("act")) for action in Action)
        ).cte("actions")
        inner = table.alias("inner_log")
        newest = (
            sa.select(inner.c.id)
            .where(inner.c.task_name == tasks.c.task, inner.c.action == actions.c.act)
            .order_by(inner.c.created.desc(), inner.c.id.desc())
            .limit(1)
            .correlate(tasks, actions)
            .scalar_subquery()
        )
        ids = sa.select(newest.label("found")).select_from(tasks.join(actions, sa.true())).subquery()
        return self._records(sa.select(table).where(table.c.id.in_(sa.select(ids.c.found))))

    def _names(self, names: Sequence[str]) -> Any:
        """The tasks' names as a table, bound as one value where the database can take it apart."""
        sa = self._sa
        unpack = _UNPACK.get(self._engine.dialect.name)
        if unpack is None:
            parts = (sa.select(sa.literal(clean(name), sa.Text()).label("task")) for name in names)
            return sa.union_all(*parts).cte("tasks")
        bound = sa.text(unpack).bindparams(names=json.dumps([clean(name) for name in names]))
        return bound.columns(sa.column("task", sa.Text())).cte("tasks")

    def _records(self, statement: Any) -> list[Record]:
        return self._read(self._rows(statement))

    def _read(self, rows: Iterable[Any]) -> list[Record]:
        records = []
        for row in rows:
            record = record_of_row(row._mapping)  # noqa: SLF001  SQLAlchemy's public name for it
            record.seq = row[0] - self.top
            records.append(record)
        records.sort(key=lambda record: record.seq)
        return records

    def _open_runs(self) -> list[Record]:
        """`run` records without an outcome behind the row up to which all are settled."""
        sa, table = self._sa, self._table
        outcome = table.alias("outcome")
        columns = outcome.c
        settled = 0
        if self._state is not None:
            found = self._rows(sa.select(self._state.c.value).where(self._state.c.name == "settled"))
            settled = found[0][0] if found else 0
        # no index on run ids: the outcomes behind that row are taken together, once
        answers = (
            sa.select(columns.run_id, sa.func.max(columns.id).label("newest"))
            .where(columns.id > settled, columns.action != Action.RUN.value, columns.run_id.is_not(None))
            .group_by(columns.run_id)
            .subquery()
        )
        answered = sa.and_(answers.c.run_id == table.c.run_id, answers.c.newest > table.c.id)
        # logs without run ids: a task's run is open when nothing of that task follows it
        followed = sa.exists().where(outcome.c.task_name == table.c.task_name, outcome.c.id > table.c.id)
        rows = self._rows(
            sa.select(table)
            .select_from(table.outerjoin(answers, answered))
            .where(table.c.id > settled, table.c.action == Action.RUN.value)
            .where(sa.case((table.c.run_id.is_(None), ~followed), else_=answers.c.run_id.is_(None)))
        )
        records = self._read(rows)
        owners = {row[0] - self.top: row._mapping[table.c.owner] for row in rows}  # noqa: SLF001  SQLAlchemy's
        self.owners = {open_key(record): owners[record.seq] for record in records}
        return records

    def _streak(self, task: str) -> int:
        """How many interrupted runs in a row end the task's records."""
        table = self._table
        columns = table.c
        outcomes = self._rows(
            self._sa.select(columns.action, columns.reason, columns.created)
            .where(columns.task_name == task, columns.action != Action.RUN.value)
            .order_by(columns.id.desc())
            .limit(_LONGEST_STREAK)
        )
        moments = set()
        for action, reason, created in outcomes:
            if action != Action.CRASH.value or reason not in (None, SCHEDULER_DIED):
                break
            moments.add(created)
        return len(moments)

    def newest(self, task: str) -> list[Record]:
        """The newest record of each action of a task, in order."""
        return self._newest_of([task])

    def _in_span(self, task: str, action: Action, start: Instant, end: Instant) -> list[Any]:
        columns = self._table.c
        tests = [columns.task_name == task, columns.action == action.value, columns.created < end / SECOND]
        if start != POLL:
            tests.append(columns.created >= start / SECOND)
        if action is Action.CRASH:
            tests.append(columns.reason.is_not(None) & (columns.reason != SCHEDULER_DIED))
        return tests

    def instants(self, task: str, action: Action, start: Instant, end: Instant, limit: int) -> list[Instant]:
        """Ascending instants in [start, end), the newest `limit` of them."""
        created = self._table.c.created
        rows = self._rows(
            self._sa.select(created)
            .where(*self._in_span(task, action, start, end))
            .order_by(created.desc())
            .limit(limit)
        )
        return [from_seconds(row[0]) for row in reversed(rows)]

    def count(self, task: str, action: Action, start: Instant, end: Instant) -> int:
        """How many lie in [start, end)."""
        counted = self._sa.select(self._sa.func.count()).select_from(self._table)
        return int(self._rows(counted.where(*self._in_span(task, action, start, end)))[0][0])
