"""The model of a forecast: how long runs take and how they end, as given, else as history has it."""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from rocket_magic._protocols import OUTCOMES, Action
from rocket_magic.execution import Outcome
from rocket_magic.instants import Span
from rocket_magic.log import Record
from rocket_magic.session import Session
from rocket_magic.time import parse_duration

__all__ = ["Failures", "Model"]

Failures = bool | int | Collection[int] | Callable[[int], bool]

_RUNS_ASKED = 50
_FAILURES_IN_A_ROW = 3
_MOST_RUNS = 3_000_000
_MOST_REHEARSED = 300_000  # a dozen seconds; what starts again without end must not hold up the answer


class Model:
    """How long the runs of each task take and how they end.

    Args:
        session: Whose history is asked.
        durations: Given durations by task name.
        fail: Given failures by task name: True (each), n (the first n), ordinals (0 is the first), or a
            function of the ordinal.
    """

    def __init__(self, session: Session, durations: Mapping[str, Any], fail: Mapping[str, Failures]) -> None:
        self._fail = dict(fail)
        self._count: Counter[str] = Counter()
        self._answers: defaultdict[str, list[bool]] = defaultdict(list)
        self.left = _MOST_RUNS
        self.rehearsed_left = _MOST_REHEARSED
        self.halt: Callable[[], None] = _go_on
        self._spans: dict[str, Span] = {}
        self._fails: set[str] = set()
        self.notes: list[str] = []
        self.returns: dict[str, Any] = {}
        for task in session.task_list():
            recent = session.log.recent_runs(task.name, _RUNS_ASKED)
            given = durations.get(task.name)
            self._spans[task.name] = (
                _typical_span(recent) if given is None else parse_duration(given, "duration")
            )
            if task.name not in self._fail and _fails_always(recent):
                self._fails.add(task.name)
                self.notes.append(
                    f"{task.name!r} failed {_FAILURES_IN_A_ROW} times in a row: it is taken to fail on"
                )

    def take_check(self, name: str, returns: Mapping[Any, Any]) -> None:
        """Let a task whose return value is a condition return what it did last; true when it never ran."""
        if name not in self.returns:
            self.returns[name] = value = bool(returns.get(name, True))
            self.notes.append(f"{name!r} is taken to return {'true' if value else 'false'} each time")

    def span(self, task_name: str) -> Span:
        """How long a run of a task takes."""
        return self._spans.get(task_name, 0)

    def next_run(self, run_id: str, task_name: str) -> tuple[Span, Outcome]:
        """Span and outcome of the next run of a task."""
        self.rehearsed_left -= 1
        if self.rehearsed_left < 0:
            self.halt()
        fails = self.fails(task_name, 0)
        self._count[task_name] += 1
        if fails:
            return self.span(task_name), Outcome(run_id, Action.FAIL)
        return self.span(task_name), Outcome(run_id, Action.SUCCESS, self.returns.get(task_name))

    def always(self, task_name: str) -> bool | None:
        """Whether all runs of a task fail (True) or none (False); None when it depends on the run."""
        given = self._fail.get(task_name, task_name in self._fails)
        return given if isinstance(given, bool) else None

    def fails(self, task_name: str, ahead: int) -> bool:
        """Whether the next run of a task fails, or the one that comes so many later."""
        always = self.always(task_name)
        if always is not None:
            return always
        ordinal = self._count[task_name] + ahead
        answers = self._answers[task_name]  # a function is asked once for each run
        while len(answers) <= ordinal:
            answers.append(_is_failure(self._fail[task_name], len(answers)))
        return answers[ordinal]

    def take(self, count: int) -> bool:
        """Count runs that were worked out apart; False, and nothing counted, when they are too many."""
        if count > self.left:
            return False
        self.left -= count
        return True


def _go_on() -> None:
    """Stands for the halt of a rehearsal that there is not yet."""


def _typical_span(recent: Sequence[Record]) -> Span:
    spans = [one.end - one.start for one in recent if one.start is not None and one.end is not None]
    return int(statistics.median(spans)) if spans else 0


def _fails_always(recent: Sequence[Record]) -> bool:
    newest = [one.action for one in recent if one.action in OUTCOMES][-_FAILURES_IN_A_ROW:]
    return len(newest) == _FAILURES_IN_A_ROW and all(one in (Action.FAIL, Action.CRASH) for one in newest)


def _is_failure(given: Failures, ordinal: int) -> bool:
    if isinstance(given, bool):
        return given
    if isinstance(given, int):
        return ordinal < given
    return given(ordinal) if callable(given) else ordinal in given
