"""The rows of a forecast: what a rehearsal has logged and what was worked out apart, put in one order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from rocket_magic._protocols import Action
from rocket_magic.forecast._answers import Forecast, ForecastRun
from rocket_magic.forecast._by_time import Lone
from rocket_magic.forecast._rehearsal import Rehearsal
from rocket_magic.instants import SECOND, Instant, to_datetime
from rocket_magic.log import Record

_Place = tuple[Instant, int, int, int]
"""Where a run stands among the others: instant, look within it, and the order within that look."""


class Rows:
    """The runs of a rehearsal and of the tasks that were taken out of it, in the order of their starts.

    Args:
        rehearsal: Stepped to its first instant, and further once this is made.
        lone: The tasks that were taken out.
    """

    def __init__(self, rehearsal: Rehearsal, lone: Sequence[Lone]) -> None:
        self._rehearsal = rehearsal
        self._lone = lone
        self._n_first = len(rehearsal.records())
        self._looks = rehearsal.note_first_looks() if 0 < len(lone) < len(rehearsal.tasks) else {}
        self._zone = rehearsal.original.zone
        self._moments: dict[Instant, datetime] = {}
        self._schedules = {task.name: str(task.start_cond) for task in rehearsal.tasks}

    def forecast(self, end: Instant) -> Forecast:
        """The forecast, which ends there."""
        rehearsal = self._rehearsal
        rows = [*self._rehearsed(end), *self._apart(end)]
        if self._lone:
            rows.sort()
        told = tuple(run for _, run in rows)
        ran = {run.task_name for run in told}
        names = (task.name for task in rehearsal.original.task_list())
        return Forecast(
            self._moment(rehearsal.start), self._moment(end), told,
            tuple(name for name in names if name not in ran), tuple(dict.fromkeys(rehearsal.model.notes)),
        )  # fmt: skip

    def _moment(self, at: Instant) -> datetime:
        moment = self._moments.get(at)
        if moment is None:
            moment = self._moments[at] = to_datetime(at, self._zone)
        return moment

    def _apart(self, end: Instant) -> Iterator[tuple[_Place, ForecastRun]]:
        moment = self._moment
        for task, runs in ((one.task, one.runs) for one in self._lone):
            name, why, rank, number = task.name, self._schedules[task.name], -task.priority, task.number
            for start, over, action in runs:
                if start > end:  # it ends earlier than it should
                    break
                if over is None or over > end:
                    run = ForecastRun(name, moment(start), None, "run", why)
                else:
                    run = ForecastRun(name, moment(start), moment(over), action.value, why)
                yield (start, 0, rank, number), run

    def _rehearsed(self, end: Instant) -> Iterable[tuple[_Place, ForecastRun]]:
        tasks = {task.name: task for task in self._rehearsal.session.task_list()}
        runs = _in_flight(self._rehearsal)
        places: dict[str, _Place] = {run_id: (-1, 0, 0, index) for index, run_id in enumerate(runs)}
        for index, record in enumerate(self._rehearsal.records()):
            if record.at > end:
                continue
            if record.action is Action.RUN:
                why = _why(record, self._schedules[record.task_name])
                runs[record.run_id] = [record.task_name, self._moment(record.at), None, "run", why]
                task = tasks[record.task_name]
                if self._n_first <= index < self._looks.get(record.at, 0):
                    places[record.run_id] = record.at, 0, -task.priority, task.number
                else:
                    places[record.run_id] = record.at, 1, 0, index
            elif record.run_id in runs:
                run = runs[record.run_id]
                run[2], run[3] = self._moment(record.at), record.action.value
                if record.reason:
                    run[4] = f"{run[4]}; {record.reason}"
        return ((places[run_id], ForecastRun(*run)) for run_id, run in runs.items())


def _in_flight(rehearsal: Rehearsal) -> dict[str, list[Any]]:
    """Runs that are in flight when the forecast begins."""
    session = rehearsal.original
    return {
        run.run_id: [run.task_name, to_datetime(run.started_at, session.zone), None, "run", "in flight"]
        for run in sorted(session._board.runs.values(), key=lambda one: one.number)  # noqa: SLF001  the runs in flight, in the order of their starts
        if run.task_name in rehearsal.session
    }


def _why(record: Record, schedule: str) -> str:
    late = 0 if record.due is None else record.at - record.due
    return (
        schedule
        + (f", retry {record.attempt}" if record.attempt else "")
        + (f", {late / SECOND:g} s late" if late >= SECOND else "")
        + (f", stands for {record.merged} more" if record.merged else "")
    )
