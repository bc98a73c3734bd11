"""One pass over any CSV log, row by row, whatever its columns.

Files with the usual columns are read in pieces, several times as fast: see `_csv_survey`.
"""

from __future__ import annotations

import csv
import math
from array import array
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from rocket_magic._protocols import Action
from rocket_magic.exc import TaskLoggingError
from rocket_magic.instants import Instant, from_seconds
from rocket_magic.log._record import NEEDED, SCHEDULER_DIED, Record, record_of_row
from rocket_magic.log._survey import RECENT, Streaks, Survey

__all__ = ["FullPass"]


class FullPass:
    """One pass over a file, as little as possible per row: a million rows are read in about a second.

    Args:
        columns: The file's columns.
    """

    def __init__(self, columns: Sequence[str]) -> None:
        self._columns = columns
        where = {name: i for i, name in enumerate(columns)}
        self._task, self._action, self._created = (where[name] for name in NEEDED[1:] + NEEDED[:1])
        self._run_id = where.get("run_id")
        self._reason = where.get("reason")

    def over(self, path: Path) -> Survey:
        """Read the file."""
        newest: dict[tuple[str, str], list[str]] = {}
        order: dict[tuple[str, str], int] = {}
        times: dict[tuple[str, str], array[float]] = {}
        recent: deque[list[str]] = deque(maxlen=RECENT)
        opened: dict[str, list[str]] = {}
        streaks = Streaks()
        n = damaged = 0
        width, i_task, i_action, i_created = len(self._columns), self._task, self._action, self._created
        i_run, i_reason = self._run_id, self._reason
        with path.open(encoding="utf-8", errors="replace", newline="", buffering=1 << 20) as file:
            reader = csv.reader(file)
            next(reader, None)
            for n, row in enumerate(_readable(reader), start=1):
                try:
                    task, action, seconds = row[i_task], row[i_action], float(row[i_created])
                except (IndexError, ValueError):
                    damaged += 1
                    continue
                if len(row) != width:
                    damaged += 1
                    continue
                recent.append(row)
                key = (task, action)
                newest[key] = row
                order[key] = n
                run = row[i_run] if i_run is not None else ""
                if action == "run":
                    opened[run or f"\0{task}"] = row
                else:
                    opened.pop(run or f"\0{task}", None)
                    if action == "crash" and (i_reason is None or row[i_reason] in ("", SCHEDULER_DIED)):
                        streaks.died(task, seconds)
                        continue
                    streaks.ended(task)
                kept = times.get(key)
                if kept is None:
                    kept = times[key] = array("d")
                kept.append(seconds)
        survey = Survey(streaks=streaks.lengths(), n_records=n, n_damaged=damaged)
        survey.recent = [record for record in map(self._record, recent) if record is not None]
        return self._survey(newest, order, times, opened, survey)

    def _survey(
        self,
        newest: Mapping[tuple[str, str], list[str]],
        order: Mapping[tuple[str, str], int],
        times: Mapping[tuple[str, str], Iterable[float]],
        opened: Mapping[str, list[str]],
        survey: Survey,
    ) -> Survey:
        n = survey.n_records or 0
        for key in sorted(newest, key=order.__getitem__):
            record = self._record(newest[key])
            if record is None:
                survey.n_damaged += 1
                continue
            record.seq = order[key] - n
            survey.newest.append(record)
        opens = (self._record(row) for row in opened.values())
        survey.open_runs = [record for record in opens if record is not None]
        instants: dict[tuple[str, Action], list[Instant]] = {}
        for (task, action), seconds in times.items():
            if action in Action.__members__.values():
                instants[task, Action(action)] = sorted(map(from_seconds, filter(math.isfinite, seconds)))
        survey.instants = instants
        return survey

    def _record(self, row: Sequence[str]) -> Record | None:
        try:
            return record_of_row(dict(zip(self._columns, row, strict=True)))
        except TaskLoggingError:
            return None


def _readable(reader: Iterator[list[str]]) -> Iterator[list[str]]:
    """The rows; one that the csv module refuses (an overlong field) counts as an empty one."""
    while True:
        try:
            yield from reader
        except csv.Error:
            yield []
        else:
            return
