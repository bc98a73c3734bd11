"""The two questions: all runs of a span of time, and the next starts of one task."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from rocket_magic._protocols import Action
from rocket_magic.conditions import AlwaysFalse
from rocket_magic.exc import ClockError
from rocket_magic.forecast._answers import Forecast, NextStarts
from rocket_magic.forecast._by_time import take_lone_tasks
from rocket_magic.forecast._model import Failures, Model
from rocket_magic.forecast._rehearsal import Rehearsal
from rocket_magic.forecast._rows import Rows
from rocket_magic.instants import SECOND, to_datetime
from rocket_magic.session import Session
from rocket_magic.time import parse_duration

_MOST_LOOKS = 10_000


def forecast(
    session: Session,
    span: Any,
    *,
    durations: Mapping[str, Any] | None = None,
    fail: Mapping[str, Failures] | None = None,
) -> Forecast:
    """Work out the runs that would happen in a span of time, from now on.

    Args:
        session: The session; it is only read.
        span: How far: "7 days", a timedelta, or seconds.
        durations: How long runs of a task take ("5 min", seconds, a timedelta); of the others the
            median of their history is taken, or no time.
        fail: Which runs of a task fail: True (each), a number (the first ones), ordinals, or a function
            of the ordinal; of the others none, unless the newest ones all failed.

    Raises:
        UnknownTaskError: A name in `durations` or `fail` is no task.
        ClockError: The span is not above zero.
    """
    length = parse_duration(span, "forecast")
    if length <= 0:
        msg = f"a forecast needs a span above zero, got {span!r}"
        raise ClockError(msg)
    for name in {**(durations or {}), **(fail or {})}:
        session[name]  # refuses unknown names
    rehearsal = Rehearsal(session, Model(session, durations or {}, fail or {}))
    end = rehearsal.start + length
    notes = rehearsal.model.notes
    rehearsal.step(span=0)
    lone = take_lone_tasks(rehearsal, end)
    rows = Rows(rehearsal, lone)
    if len(lone) < len(rehearsal.tasks):
        rehearsal.step(span=length / SECOND)
    if rehearsal.model.rehearsed_left < 0:
        end = rehearsal.clock.now()
        notes.append("it ends early: more runs than can be told")
    if not rehearsal.session.scheduler.is_alive:
        moment = to_datetime(rehearsal.clock.now(), session.zone)
        notes.append(f"the scheduler shuts down at {moment:%Y-%m-%d %H:%M:%S}: nothing runs after that")
    return rows.forecast(end)


def next_starts(session: Session, task: Any, n: int = 1) -> NextStarts:
    """Work out when a task starts next; runs of it are taken to last as long as they usually do.

    Args:
        session: The session; it is only read.
        task: Name, function or task object.
        n: How many starts at most.

    Raises:
        UnknownTaskError: There is no such task.
    """
    found = session[task]
    held = _never_by_time(found)
    if held:
        return NextStarts(found.name, (), held)
    events = sorted({watch.task for watch in found.start_cond.watches() if watch.task})
    others = [name for name in events if name != found.name]
    if others:
        return NextStarts(found.name, (), "depends on " + ", ".join(f"task {name!r}" for name in others))
    rehearsal = Rehearsal(session, Model(session, {}, {}), [found])
    moments: list[datetime] = []
    rehearsal.step(span=0)
    for _ in range(_MOST_LOOKS):
        started = (one.at for one in rehearsal.records() if one.action is Action.RUN)
        moments = [to_datetime(at, session.zone) for at in started]
        before = rehearsal.clock.now()
        if len(moments) >= n or rehearsal.step(to_next=True) == before:
            break
    text = "" if len(moments) >= n else "; ".join(rehearsal.model.notes) or "no further start by time alone"
    return NextStarts(found.name, tuple(moments[:n]), text)


def _never_by_time(task: Any) -> str:
    """Why time alone never starts a task, or ""."""
    if task.disabled:
        return "disabled"
    if task.on_startup or task.on_shutdown:
        return "at startup" if task.on_startup else "at shutdown"
    if isinstance(task.start_cond, AlwaysFalse) and not task.batches:
        return "by hand"
    return str(task.barred or "")
