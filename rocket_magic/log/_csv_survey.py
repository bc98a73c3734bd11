"""One pass over a CSV log with the usual columns, piece by piece: a million rows in about a second.

A piece is some thousand rows. Nearly every piece has no quotes and rows of one width: then its columns are
slices of one split at all commas, and what is wanted of them is found by whole columns at once, with no
statement of ours per row but one. Other pieces go through the csv module, row by row where that refuses.
"""

from __future__ import annotations

import csv
import io
import math
import operator
from array import array
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO, overload

from rocket_magic._protocols import Action
from rocket_magic.exc import TaskLoggingError
from rocket_magic.instants import SECOND, Instant
from rocket_magic.log._record import COLUMNS, SCHEDULER_DIED, Record, record_of_row
from rocket_magic.log._survey import RECENT, Streaks, Survey

_PIECE = 1 << 17
_WIDTH = len(COLUMNS)
_STEP = _WIDTH - 1
"""Cells from one row to the next: a row's last cell and the next one's first are not parted by a comma."""

_REASON = COLUMNS.index("reason")


@dataclass(slots=True)
class _Piece:
    """The readable rows of some thousand, by column.

    Attributes:
        seconds: Column `created`.
        tasks: Column `task_name`.
        actions: Column `action`.
        runs: Column `run_id`.
        places: Which rows they are among all of the piece.
        n_rows: How many rows the piece has, readable or not.
        row: Gives one row, by its position among the readable.
    """

    seconds: array[float]
    tasks: Sequence[str]
    actions: Sequence[str]
    runs: Sequence[str]
    places: Sequence[int]
    n_rows: int
    row: Callable[[int], Sequence[str]]


def quick_survey(path: Path) -> Survey:
    """What the file holds.

    Args:
        path: A log whose header is `COLUMNS`.
    """
    found = _Found()
    with path.open("rb") as file:
        file.readline()
        for text in _texts(file):
            found.take(_plain(text) or _odd(text))
    return found.survey()


# Reading


def _texts(file: BinaryIO) -> Iterator[str]:
    """The file in pieces that end where a row does."""
    rest = b""
    while data := file.read(_PIECE):
        data = rest + data
        end = _end_of_rows(data)
        rest = data[end:]
        if end:
            yield data[:end].decode("utf-8", "replace")
    if rest:
        yield rest.decode("utf-8", "replace")


def _end_of_rows(data: bytes) -> int:
    """Offset behind the last line end that lies outside quotes."""
    quotes, end = data.count(b'"'), len(data)
    while (newline := data.rfind(b"\n", 0, end)) >= 0:
        quotes -= data.count(b'"', newline, end)
        if quotes % 2 == 0:
            return newline + 1
        end = newline
    return 0


def _plain(text: str) -> _Piece | None:
    """The piece, when it has no quotes, every row has the usual width, and every time is a number."""
    n = text.count("\n")
    if '"' in text or "\r" in text:
        return None
    cells = text.split(",")
    if len(cells) != _STEP * n + 1 or cells[-1] != "\n":
        return None
    if [cell for cell in cells[_STEP:-1:_STEP] if cell[:1] != "\n"]:  # the rows' widths differ
        return None
    try:
        seconds = array("d", map(float, cells[:-1:_STEP]))  # which passes over the line end before a number
    except ValueError:
        return None

    def row(i: int) -> list[str]:
        taken = cells[_STEP * i : _STEP * i + _WIDTH]
        taken[0] = taken[0].removeprefix("\n")
        taken[-1] = ""  # what was there before the next row's time, else that had been no number
        return taken

    return _Piece(seconds, cells[1::_STEP], cells[2::_STEP], cells[3::_STEP], range(n), n, row)


def _odd(text: str) -> _Piece:
    """The piece, whatever it holds; rows that can't be read are left out."""
    try:
        rows = list(csv.reader(io.StringIO(text, newline="")))
    except csv.Error:
        rows = [_cells(one) for one in _rows(text)]
    seconds = array("d")
    good: list[Sequence[str]] = []
    places = []
    for place, row in enumerate(rows):
        if len(row) != _WIDTH:
            continue
        try:
            seconds.append(float(row[0]))
        except ValueError:
            continue
        good.append(row)
        places.append(place)
    columns = list(zip(*good, strict=True)) or [()] * _WIDTH
    return _Piece(seconds, columns[1], columns[2], columns[3], places, len(rows), good.__getitem__)


def _rows(text: str) -> Iterator[str]:
    """Rows: a line, or several where a line end is inside quotes."""
    begun = ""
    for line in text.splitlines(keepends=True):
        begun += line
        if begun.count('"') % 2 == 0:
            yield begun
            begun = ""
    if begun:
        yield begun


def _cells(row: str) -> list[str]:
    """The cells of a row; none when the csv module refuses it."""
    try:
        return next(csv.reader(io.StringIO(row, newline="")), [])
    except csv.Error:
        return []


# Finding


class _Kinds(dict[tuple[str, str], int]):
    """Numbers the pairs of task and action as they come."""

    def __missing__(self, key: tuple[str, str]) -> int:
        number = self[key] = len(self)
        return number


class _Found:
    """What was found so far; see `Survey`."""

    def __init__(self) -> None:
        self._kinds = _Kinds()
        self._times: list[array[float]] = []
        self._newest: dict[int, tuple[int, Sequence[str]]] = {}
        self._opened: dict[str, tuple[int, Sequence[str]]] = {}
        self._streaks = Streaks()
        self._tail: deque[_Piece] = deque()
        self._n = self._n_good = 0

    def take(self, piece: _Piece) -> None:
        """Take what a piece has."""
        n = len(piece.seconds)
        numbers = list(map(self._kinds.__getitem__, zip(piece.tasks, piece.actions, strict=True)))
        self._times += (array("d") for _ in range(len(self._kinds) - len(self._times)))
        newest = dict(zip(numbers, range(n), strict=True))
        for number, i in newest.items():
            self._newest[number] = self._n + piece.places[i], piece.row(i)
        self._take_runs(piece)
        died = self._take_streaks(piece, newest)
        appends = [kind.append for kind in self._times]
        if died:  # the periods of these runs are still open
            kept = [i for i in range(n) if i not in died]
            for i in kept:
                appends[numbers[i]](piece.seconds[i])
        else:
            for append, second in zip(map(appends.__getitem__, numbers), piece.seconds, strict=True):
                append(second)
        self._n += piece.n_rows
        self._n_good += n
        self._tail.append(piece)
        while sum(len(one.seconds) for one in self._tail) - len(self._tail[0].seconds) >= RECENT:
            self._tail.popleft()

    def _take_runs(self, piece: _Piece) -> None:
        """Keep the runs that have no outcome yet: what counts is the last row of each."""
        runs, actions = piece.runs, piece.actions
        if "" in runs:
            runs = [run or f"\0{task}" for run, task in zip(runs, piece.tasks, strict=True)]
        last = dict(zip(runs, actions, strict=True))
        opened = self._opened
        for run in opened.keys() & last.keys():
            del opened[run]
        still = {run for run, action in last.items() if action == "run"}
        if still:
            for i, run in enumerate(runs):
                if run in still and actions[i] == "run":
                    opened[run] = self._n + piece.places[i], piece.row(i)

    def _take_streaks(self, piece: _Piece, newest: dict[int, int]) -> set[int]:
        """Count interrupted starts in a row; which rows are crash records that a recovery wrote."""
        died: set[int] = set()
        streaks, tasks = self._streaks, piece.tasks
        if "crash" not in piece.actions:
            if streaks.any:
                for i in newest.values():
                    if piece.actions[i] != "run":
                        streaks.ended(tasks[i])
            return died
        for i, action in enumerate(piece.actions):
            if action == "crash" and piece.row(i)[_REASON] in ("", SCHEDULER_DIED):
                died.add(i)
                streaks.died(tasks[i], piece.seconds[i])
            elif action != "run":
                streaks.ended(tasks[i])
        return died

    def survey(self) -> Survey:
        """All of it."""
        n = self._n
        survey = Survey(streaks=self._streaks.lengths(), n_records=n, n_damaged=n - self._n_good)
        rows = [piece.row(i) for piece in self._tail for i in range(len(piece.seconds))]
        survey.recent = [record for record in map(_record, rows[-RECENT:]) if record is not None]
        opened = (_record(row) for _, row in sorted(self._opened.values(), key=_place))
        survey.open_runs = [record for record in opened if record is not None]
        for place, row in sorted(self._newest.values(), key=_place):
            record = _record(row)
            if record is None:
                survey.n_damaged += 1
                continue
            record.seq = place + 1 - n
            survey.newest.append(record)
        survey.instants = {
            (task, Action(action)): Instants(self._times[number])
            for (task, action), number in self._kinds.items()
            if self._times[number] and action in Action.__members__.values()
        }
        return survey


def _place(found: tuple[int, Sequence[str]]) -> int:
    return found[0]


def _record(row: Sequence[str]) -> Record | None:
    try:
        return record_of_row(dict(zip(COLUMNS, row, strict=True)))
    except TaskLoggingError:
        return None


class Instants(Sequence[Instant]):
    """Ascending instants, made of seconds when they are asked for: of a million, few ever are.

    Args:
        seconds: One at least, in any order.
    """

    def __init__(self, seconds: array[float]) -> None:
        ascending = all(map(operator.le, seconds, islice(seconds, 1, None)))  # false beside a nan
        if not (ascending and math.isfinite(seconds[0]) and math.isfinite(seconds[-1])):
            seconds = array("d", sorted(filter(math.isfinite, seconds)))
        self._seconds = seconds

    def __len__(self) -> int:
        return len(self._seconds)

    @overload
    def __getitem__(self, index: int) -> Instant: ...
    @overload
    def __getitem__(self, index: slice) -> list[Instant]: ...
    def __getitem__(self, index: int | slice) -> Instant | list[Instant]:
        if isinstance(index, slice):
            return [round(second * SECOND) for second in self._seconds[index]]
        return round(self._seconds[index] * SECOND)
