"""The oracle of the log: decides from records alone whether a session kept its promises (I1, I2).

As Jepsen did for Chronos: every start is matched to the occurrence that it was due for; what is left
over, missing or doubled is a violation. Every crash and fault test ends here.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rocket_magic.log import SCHEDULER_DIED


@dataclass(frozen=True)
class Occurrences:
    """What is due for a task.

    Attributes:
        windows: Spans of time (seconds) in each of which the task is due once.
        attempts: How many runs an occurrence may take, retries counted.
        complete: Whether each of them must have been carried out by now.
    """

    windows: Sequence[tuple[float, float]]
    attempts: int = 1
    complete: bool = True


def violations(
    rows: Iterable[Any],
    expected: Mapping[str, Occurrences] | None = None,
    acknowledged: Collection[tuple[str, str]] = (),
    executed: Sequence[str] = (),
) -> list[str]:
    """What is wrong with a log whose session has ended; nothing, if it kept its promises.

    Args:
        rows: The records, oldest first.
        expected: By task, what was due; other tasks may start at any time, once per due instant.
        acknowledged: (run id, action) of the records that the session was told are safe.
        executed: The run id of each execution of a task's code.
    """
    rows = list(rows)
    found = [*_pairs(rows), *_kept(rows, acknowledged), *_executions(rows, executed)]
    by_task: dict[str, list[tuple[Any, Any]]] = defaultdict(list)
    outcomes = {row.run_id: row for row in rows if row.action != "run"}
    for row in rows:
        if row.action == "run":
            by_task[row.task_name].append((row, outcomes.get(row.run_id)))
    for task, runs in by_task.items():
        known = (expected or {}).get(task)
        found += _once(task, runs) if known is None else _matched(task, runs, known)
    for task, due in (expected or {}).items():
        if task not in by_task and due.complete and due.windows:
            found.append(f"{task}: never started")
    return found


def interrupted(outcome: Any) -> bool:
    """Whether it says that the scheduler died."""
    return outcome is not None and outcome.action == "crash" and outcome.reason == SCHEDULER_DIED


def _pairs(rows: Sequence[Any]) -> Iterable[str]:
    """I1: each run has one record of its start and, later, exactly one outcome."""
    place: dict[str, tuple[int, Any]] = {}
    ended: dict[str, Any] = {}
    for i, row in enumerate(rows):
        what = f"run {row.run_id} of {row.task_name}"
        if row.action == "run":
            if row.run_id in place:
                yield f"{what}: two run records"
            place[row.run_id] = (i, row)
            continue
        if row.run_id not in place:
            yield f"{what}: {row.action} without (or before) its run record"
        elif row.run_id in ended:
            yield f"{what}: {row.action} after {ended[row.run_id].action}"
        else:
            start = place[row.run_id][1]
            if start.task_name != row.task_name or (start.start, start.attempt) != (row.start, row.attempt):
                yield f"{what}: its {row.action} speaks of another start"
        ended[row.run_id] = row
    for run_id, (_, row) in place.items():
        if run_id not in ended:
            yield f"run {run_id} of {row.task_name}: no outcome"


def _kept(rows: Sequence[Any], acknowledged: Collection[tuple[str, str]]) -> Iterable[str]:
    """I2: what was acknowledged is there."""
    there = {(row.run_id, str(row.action)) for row in rows}
    for run_id, action in acknowledged:
        if (run_id, action) not in there:
            yield f"run {run_id}: its {action} was acknowledged and is lost"


def _executions(rows: Sequence[Any], executed: Sequence[str]) -> Iterable[str]:
    """The durable order: no code without its run record, and no run's code twice."""
    started = {row.run_id for row in rows if row.action == "run"}
    for run_id, times in Counter(executed).items():
        if run_id not in started:
            yield f"run {run_id}: executed without a run record"
        if times > 1:
            yield f"run {run_id}: executed {times} times"


def _once(task: str, runs: Sequence[tuple[Any, Any]]) -> Iterable[str]:
    """At most one start per due instant, interrupted ones aside."""
    counted = Counter((run.due, run.attempt) for run, outcome in runs if not interrupted(outcome))
    for (due, attempt), times in counted.items():
        if due is not None and times > 1:
            yield f"{task}: {times} starts for {due}, attempt {attempt}"


def _matched(task: str, runs: Sequence[tuple[Any, Any]], known: Occurrences) -> Iterable[str]:
    """Each occurrence has its runs: one, or as many as retries allow; interrupted ones aside."""
    counted: Counter[tuple[float, float]] = Counter()
    attempts: dict[tuple[float, float], list[int]] = defaultdict(list)
    for run, outcome in runs:
        at = run.created if run.due is None else run.due
        window = next((one for one in known.windows if one[0] <= at < one[1]), None)
        if window is None:
            yield f"{task}: started for {at}, when nothing was due"
        elif not interrupted(outcome):
            counted[window] += 1
            attempts[window].append(run.attempt)
    for window in known.windows:
        n = counted[window]
        if n > known.attempts or (known.complete and n == 0):
            yield f"{task}: {n} runs for the occurrence of {window}, attempts {attempts[window]}"
        elif known.attempts > 1 and attempts[window] != list(range(n)):
            yield f"{task}: attempts {attempts[window]} for the occurrence of {window}"
