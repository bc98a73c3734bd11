"""Opening a log: what was interrupted, and the records that say so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from rocket_magic._protocols import Action
from rocket_magic.instants import Instant
from rocket_magic.log._record import SCHEDULER_DIED, Record
from rocket_magic.log._survey import Survey


@dataclass(frozen=True, slots=True)
class Recovery:
    """What opening the log found and did.

    Attributes:
        interrupted: Names of the tasks that had runs without an outcome.
        crashes: The `crash` records that were written, one for each of these runs.
        interrupted_in_a_row: By task, for all tasks whose records end with an interrupted run, found
            now or at an earlier start: how many starts in a row were interrupted. At three, a task is
            not started again by itself (RELIABILITY.md D1).
        repaired: What was mended in files or tables, in words.
        n_records: How many records were read, or None when only the needed ones were.
        n_damaged: Rows that could not be read.
    """

    interrupted: tuple[str, ...] = ()
    crashes: tuple[Record, ...] = ()
    interrupted_in_a_row: Mapping[str, int] = field(default_factory=dict)
    repaired: tuple[str, ...] = ()
    n_records: int | None = None
    n_damaged: int = 0


def crash_of(run: Record, now: Instant | None) -> Record:
    """The outcome of a run whose scheduler died."""
    at = run.at if now is None else now
    return Record(
        task_name=run.task_name,
        action=Action.CRASH,
        at=at,
        run_id=run.run_id,
        start=run.at if run.start is None else run.start,
        end=at,
        due=run.due,
        merged=run.merged,
        attempt=run.attempt,
        reason=SCHEDULER_DIED,
        params=run.params,
    )


def streaks_with(survey: Survey, crashes: Iterable[Record]) -> dict[str, int]:
    """The streaks of the survey, lengthened by the runs that were just found interrupted."""
    streaks = dict(survey.streaks)
    for task in {crash.task_name for crash in crashes}:
        streaks[task] = streaks.get(task, 0) + 1
    return streaks


def recovery_of(survey: Survey, crashes: Sequence[Record], repaired: tuple[str, ...]) -> Recovery:
    """What opening a log has found, once its crash records are written."""
    return Recovery(
        interrupted=tuple(dict.fromkeys(crash.task_name for crash in crashes)),
        crashes=tuple(crashes),
        interrupted_in_a_row=streaks_with(survey, crashes),
        repaired=repaired,
        n_records=survey.n_records,
        n_damaged=survey.n_damaged,
    )
