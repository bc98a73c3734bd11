"""A CSV file as the task log: one writer, whole groups of rows per system call, repaired at opening.

Rows are only ever appended; `delete` and `update` write a new file and put it in place of the old one
at once. Columns are found by the header, so older files with fewer or reordered columns go on working.
"""

from __future__ import annotations

import csv
import io
import os
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from rocket_magic._protocols import Action
from rocket_magic.exc import RepositoryError, TaskLoggingError
from rocket_magic.log import _failpoints
from rocket_magic.log._csv_file import number_after_rows, repair_tail
from rocket_magic.log._csv_pass import FullPass
from rocket_magic.log._csv_survey import quick_survey
from rocket_magic.log._file_lock import FileLock
from rocket_magic.log._models import TaskRunRecord
from rocket_magic.log._query import Query, changed_by, matches
from rocket_magic.log._record import (
    COLUMNS,
    NEEDED,
    Record,
    record_of,
    record_of_row,
    row_of,
    values_of,
)
from rocket_magic.log._result import Result
from rocket_magic.log._run_numbers import number_after
from rocket_magic.log._survey import Survey


class CsvLog:
    """A task log in a CSV file, with Red Bird's interface.

    Args:
        path: The file; made when it is missing (its folder must exist).

    Attributes:
        repaired: What was mended at opening, in words; empty when nothing was.

    Raises:
        RepositoryError: Another scheduler writes it, it can't be written, or it is no task log.
    """

    model = TaskRunRecord
    id_field = None

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path).absolute()
        self.repaired: tuple[str, ...] = ()
        self._lock = threading.Lock()
        if not self.path.parent.is_dir():
            msg = f"the folder of the log {self.path} does not exist: make it first"
            raise RepositoryError(msg)
        self._file_lock = FileLock(self.path)
        self._file: io.FileIO | None = None
        try:
            self._open()
        except OSError as error:
            self._file_lock.release()
            msg = f"can't write the log {self.path}: {error.strerror or error}"
            raise RepositoryError(msg) from error
        except BaseException:
            self.close()
            raise

    @property
    def url(self) -> str:
        """Where it is, as `open_repository` takes it."""
        return f"csv:{self.path}"

    def _open(self) -> None:
        self._check_header()  # before anything is cut: it may be somebody's other file
        cut = repair_tail(self.path)
        if cut:
            self.repaired = (
                f"{self.path.name}: the last row was torn; {cut} bytes cut, kept in {self.path.name}.torn",
            )
        self._file = io.FileIO(self.path, "ab")
        if self._file.tell() == 0:
            self._append(_lines([COLUMNS]))
        self._columns = self._header()[0]
        self._usual = tuple(self._columns) == COLUMNS

    def _header(self) -> tuple[list[str], bool]:
        """The columns that the file names, and whether that line is complete."""
        try:
            with self.path.open(encoding="utf-8", errors="replace", newline="") as file:
                line = file.readline(100_000)
        except FileNotFoundError:
            return [], False
        return next(csv.reader([line]), []), line.endswith("\n")

    def _check_header(self) -> None:
        columns, complete = self._header()
        if not complete and ",".join(COLUMNS).startswith(",".join(columns)):
            return  # missing, empty, or torn while its first line was written
        missing = [name for name in NEEDED if name not in columns]
        if missing:
            msg = (
                f"{self.path} is no task log: its first line lacks {', '.join(missing)}; "
                "choose another file or a new name"
            )
            raise RepositoryError(msg)

    def add(self, item: Any, if_exists: str = "raise") -> None:
        """Append a record: a Record, a record model, or a mapping."""
        self.add_many((record_of(item),))

    insert = add

    def add_many(self, records: Sequence[Record]) -> None:
        """Append records with one system call.

        Raises:
            OSError: The file can't be written; what was written of the group is cut off again.
        """
        if self._usual:
            data = _lines(map(values_of, records))
        else:
            columns = self._columns
            data = _lines([row.get(column) for column in columns] for row in map(row_of, records))
        with self._lock:
            if _failpoints.ARMED and _is_outcome(records) and _failpoints.is_next("mid_outcome"):
                self._append(data[: len(data) - 7])
                _failpoints.die()
            self._append(data)

    def _append(self, data: bytes) -> None:
        file = self._file
        if file is None:
            msg = f"the log {self.path} is closed"
            raise RepositoryError(msg)
        size = os.fstat(file.fileno()).st_size
        try:
            written = file.write(data)
            while written < len(data):  # a full disk writes what fits, and says so the next time
                written += file.write(data[written:])
        except OSError:
            os.ftruncate(file.fileno(), size)
            raise

    def filter_by(self, **filters: Any) -> Result:
        """The records whose columns are as given."""
        return Result(self, filters)

    def rows(self) -> Iterator[dict[str, str]]:
        """All rows as text by column; rows of another width are passed over."""
        with self.path.open(encoding="utf-8", errors="replace", newline="") as file:
            reader = csv.reader(file)
            columns, width = next(reader, []), len(self._columns)
            for row in reader:
                if len(row) == width:
                    yield dict(zip(columns, row, strict=True))

    def records(self) -> Iterator[Record]:
        """All records that can be read, oldest first."""
        for row in self.rows():
            try:
                yield record_of_row(row)
            except TaskLoggingError:
                continue

    def select(
        self, query: Query, *, newest_first: bool = False, limit: int | None = None
    ) -> Iterator[Record]:
        """Records that pass."""
        passing: Iterator[Record] = (record for record in self.records() if matches(record, query))
        if newest_first:
            passing = reversed(deque(passing, maxlen=limit))
        return islice(passing, limit)

    def count(self, query: Query) -> int:
        """How many records pass."""
        return sum(1 for _ in self.select(query))

    def delete(self, query: Query) -> int:
        """Remove the records that pass; how many."""
        return self._rewrite(lambda record: None if matches(record, query) else record)

    def update(self, query: Query, values: Mapping[str, Any]) -> int:
        """Change the records that pass; how many."""
        touched = 0

        def change(record: Record) -> Record:
            nonlocal touched
            if matches(record, query):
                touched += 1
                changed_by(record, values)
            return record

        self._rewrite(change)
        return touched

    def trim(self, count: int) -> int:
        """Keep the newest `count` records of each task; how many went."""
        totals = Counter(record.task_name for record in self.records())
        if not totals or max(totals.values()) <= count:
            return 0

        def keep(record: Record) -> Record | None:
            totals[record.task_name] -= 1
            return record if totals[record.task_name] < count else None

        return self._rewrite(keep)

    def _rewrite(self, change: Callable[[Record], Record | None]) -> int:
        """Write a new file of what `change` returns and put it in place at once; how many rows went."""
        gone = 0
        with self._lock:
            fresh = self.path.with_name(self.path.name + ".new")
            with fresh.open("wb") as file:
                file.write(_lines([self._columns]))
                for record in self.records():
                    kept = change(record)
                    if kept is None:
                        gone += 1
                    else:
                        row = row_of(kept)
                        file.write(_lines([[row.get(column) for column in self._columns]]))
                os.fsync(file.fileno())
            if self._file is not None:
                self._file.close()
            fresh.replace(self.path)
            self._file = io.FileIO(self.path, "ab")
        return gone

    def survey(self, task_names: Iterable[str]) -> Survey:
        """What it holds, in one pass."""
        return (quick_survey if self._usual else FullPass(self._columns).over)(self.path)

    def reserve_run_numbers(self) -> int:
        """The first number for counted run ids that no row has."""
        if self._usual:
            return number_after_rows(self.path)
        return number_after(row.get("run_id", "") for row in self.rows())

    def close(self) -> None:
        """Close the file and let others write it."""
        with self._lock:
            if self._file is not None:
                self._file.close()
                self._file = None
        self._file_lock.release()

    def rest(self) -> bool:
        """Let others write the file until `wake`."""
        self.close()
        return True

    def wake(self) -> None:
        """Take the file again.

        Raises:
            RepositoryError: Another scheduler writes it.
        """
        self._file_lock = FileLock(self.path)
        self._open()

    def __iter__(self) -> Iterator[TaskRunRecord]:
        return self.filter_by().iterate()

    def __repr__(self) -> str:
        """Show where it is."""
        return f"CsvLog({str(self.path)!r})"


def _lines(rows: Iterable[Sequence[Any]]) -> bytes:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator="\n").writerows(rows)
    return buffer.getvalue().encode("utf-8")


def _is_outcome(records: Sequence[Record]) -> bool:
    return any(record.action is not Action.RUN for record in records)
