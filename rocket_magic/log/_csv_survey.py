"""One pass over a CSV log with the usual columns, at the level of bytes: a million rows in about a second.

Nearly every row is one line without quotes: only its first four columns are taken apart. Rows with quotes
go through the csv module.
"""

from __future__ import annotations

import csv
import io
import math
from array import array
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path

from rocket_magic._protocols import Action
from rocket_magic.exc import TaskLoggingError
from rocket_magic.instants import SECOND, Instant
from rocket_magic.log._record import COLUMNS, SCHEDULER_DIED, Record, record_of_row
from rocket_magic.log._survey import RECENT, Streaks, Survey

_COMMAS = len(COLUMNS) - 1
_REASON = COLUMNS.index("reason")


class _Kind:
    """The rows of one task and action: the newest, its place, and the times of all."""

    __slots__ = ("newest", "place", "times")

    def __init__(self) -> None:
        self.times: array[float] = array("d")
        self.newest = b""
        self.place = 0


def quick_survey(path: Path) -> Survey:
    """What the file holds.

    Args:
        path: A log whose header is `COLUMNS`.
    """
    kinds: dict[tuple[bytes, bytes], _Kind] = {}
    opened: dict[bytes, bytes] = {}
    recent: deque[bytes] = deque(maxlen=RECENT)
    streaks = Streaks()
    n = damaged = 0
    with path.open("rb", buffering=1 << 20) as file:
        next(file, None)
        for n, row in enumerate(_rows(file), start=1):
            try:
                if b'"' in row:
                    created, task, action, run = (cell.encode() for cell in _cells(row)[:4])
                elif row.count(b",") == _COMMAS:
                    created, task, action, run, _ = row.split(b",", 4)
                else:
                    damaged += 1
                    continue
                seconds = float(created)
            except ValueError:
                damaged += 1
                continue
            recent.append(row)
            kind = kinds.get((task, action))
            if kind is None:
                kind = kinds[task, action] = _Kind()
            kind.newest, kind.place = row, n
            if action == b"run":
                opened[run or b"\0" + task] = row
            else:
                opened.pop(run or b"\0" + task, None)
                if action == b"crash" and _cells(row)[_REASON] in ("", SCHEDULER_DIED):
                    streaks.died(_text(task), created)
                    continue
                if streaks.any:
                    streaks.ended(_text(task))
            kind.times.append(seconds)
    survey = Survey(streaks=streaks.lengths(), n_records=n, n_damaged=damaged)
    survey.recent = [record for record in map(_record, recent) if record is not None]
    survey.open_runs = [record for record in map(_record, opened.values()) if record is not None]
    _add_newest(survey, kinds.values(), n)
    survey.instants = {
        (_text(task), Action(_text(action))): _instants(kind.times)
        for (task, action), kind in kinds.items()
        if kind.times and _text(action) in Action.__members__.values()
    }
    return survey


def _rows(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Rows: a line, or several where a line end is inside quotes."""
    begun = b""
    for line in lines:
        if not begun and b'"' not in line:
            yield line
            continue
        begun += line
        if begun.count(b'"') % 2 == 0:
            yield begun
            begun = b""
    if begun:
        yield begun


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")


def _cells(row: bytes) -> list[str]:
    """The cells of a row.

    Raises:
        ValueError: The csv module refuses it, or it has another width.
    """
    try:
        cells = next(csv.reader(io.StringIO(_text(row), newline="")), [])
    except csv.Error as error:
        raise ValueError(error) from error
    if len(cells) != len(COLUMNS):
        msg = f"{len(cells)} cells"
        raise ValueError(msg)
    return cells


def _record(row: bytes) -> Record | None:
    try:
        return record_of_row(dict(zip(COLUMNS, _cells(row), strict=True)))
    except (TaskLoggingError, ValueError):
        return None


def _add_newest(survey: Survey, kinds: Iterable[_Kind], n: int) -> None:
    for kind in sorted(kinds, key=lambda one: one.place):
        record = _record(kind.newest)
        if record is None:
            survey.n_damaged += 1
            continue
        record.seq = kind.place - n
        survey.newest.append(record)


def _instants(times: array[float]) -> list[Instant]:
    try:
        return sorted([round(seconds * SECOND) for seconds in times])
    except (ValueError, OverflowError):  # somebody wrote nan or inf
        return sorted(round(seconds * SECOND) for seconds in times if math.isfinite(seconds))
