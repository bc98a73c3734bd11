"""Queries over records: keyword filters with Red Bird's operators, checked once, asked often.

A query is a tuple of tests, one per keyword. Values may be Red Bird's operators (`between(a, b)`,
`greater_than(x)`, `in_([...])`, …), several values in a list or set, or, for times, a pair
`(start, end)`; datetimes become seconds. Aliases: `task`, `run`, `timestamp`, `time`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rocket_magic.exc import RepositoryError
from rocket_magic.instants import SECOND
from rocket_magic.log._record import COLUMNS, Record, seconds_of

_ALIASES = {
    "task": "task_name",
    "run": "run_id",
    "timestamp": "created",
    "time": "created",
    "started": "start",
    "ended": "end",
}
_TIMES = frozenset({"created", "start", "end", "due"})
_OPERATORS = {
    "GreaterThan": "gt",
    "LessThan": "lt",
    "GreaterEqual": "ge",
    "LessEqual": "le",
    "Equal": "eq",
    "NotEqual": "ne",
    "In": "in",
    "Between": "between",
    "_Skip": "skip",
}
_ORDERED = frozenset({"gt", "lt", "ge", "le", "between"})
_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "in": lambda value, wanted: value in wanted,
    "between": lambda value, bounds: bounds[0] <= value <= bounds[1],
    "gt": operator.gt,
    "lt": operator.lt,
    "ge": operator.ge,
    "le": operator.le,
}


@dataclass(frozen=True, slots=True)
class Test:
    """One filter.

    Attributes:
        column: A column of `COLUMNS`.
        kind: eq, ne, gt, lt, ge, le, in, between or call.
        value: What is compared with: a value, a tuple of values, a pair, or an operator to ask.
    """

    column: str
    kind: str
    value: Any

    def accepts(self, value: Any) -> bool:
        """Whether a record with that value passes."""
        if self.kind == "call":
            return bool(self.value.evaluate(value))
        if value is None and self.kind in _ORDERED:
            return False
        return bool(_COMPARE[self.kind](value, self.value))


Query = tuple[Test, ...]


def make_query(filters: Mapping[str, Any]) -> Query:
    """The tests behind keyword filters.

    Raises:
        RepositoryError: A keyword is no column of the log.
    """
    tests = (_test(_column(name), value) for name, value in filters.items())
    return tuple(test for test in tests if test.kind != "skip")


def _column(name: str) -> str:
    column = _ALIASES.get(name, name)
    if column not in COLUMNS:
        msg = f"the task log has no column {name!r}; it has {', '.join(COLUMNS)}"
        raise RepositoryError(msg)
    return column


def _test(column: str, value: Any) -> Test:
    if hasattr(value, "evaluate"):
        return _operator_test(column, value)
    if isinstance(value, (list, set, frozenset)):
        return Test(column, "in", tuple(_plain(item) for item in value))
    if isinstance(value, tuple):
        if column in _TIMES and len(value) == 2:  # noqa: PLR2004  a pair
            return _span(column, _plain(value[0]), _plain(value[1]))
        return Test(column, "in", tuple(_plain(item) for item in value))
    return Test(column, "eq", _plain(value))


def _operator_test(column: str, value: Any) -> Test:
    kind = _OPERATORS.get(type(value).__name__, "call")
    if kind in {"skip", "call"}:
        return Test(column, kind, value)
    if kind == "between":
        return _span(column, _plain(value.start), _plain(value.end))
    if kind == "in":
        return Test(column, "in", tuple(_plain(item) for item in value.value))
    return Test(column, kind, _plain(value.value))


def _span(column: str, start: Any, end: Any) -> Test:
    if start is None and end is None:
        return Test(column, "skip", None)
    if start is None:
        return Test(column, "le", end)
    if end is None:
        return Test(column, "ge", start)
    return Test(column, "between", (start, end))


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return str(value.value) if hasattr(value, "value") else value
    return seconds_of(value) if not isinstance(value, datetime) else value.timestamp()


def value_of(record: Record, column: str) -> Any:
    """A column's value of a record, as its row has it."""
    if column == "created":
        return record.at / SECOND
    if column == "action":
        return record.action.value
    if column == "message":
        return record.text
    value = getattr(record, column)
    return value / SECOND if value is not None and column in _TIMES else value


def matches(record: Record, query: Query) -> bool:
    """Whether the record passes all tests."""
    return all(test.accepts(value_of(record, test.column)) for test in query)


def only_task(query: Query) -> str | None:
    """The one task that the query is about, when it is about one."""
    for test in query:
        if test.column == "task_name" and test.kind == "eq":
            return str(test.value)
    return None


def changed_by(record: Record, values: Mapping[str, Any]) -> None:
    """Set columns of a record (Red Bird's `update`).

    Raises:
        RepositoryError: A keyword is no column, or one that is computed.
    """
    for name, value in values.items():
        column = _column(name)
        if column == "runtime":
            raise RepositoryError("runtime is computed from start and end: set those")
        plain = _plain(value)
        if column in _TIMES:
            instant = None if plain is None else round(plain * SECOND)
            setattr(record, "at" if column == "created" else column, instant)
        elif column == "action":
            record.action = type(record.action)(plain)
        else:
            setattr(record, column, plain)
