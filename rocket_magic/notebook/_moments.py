"""Floor 9: moments and spans as text."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import tzinfo

from rocket_magic.conditions import BaseCondition
from rocket_magic.instants import NEVER, POLL, Instant, from_seconds, to_datetime
from rocket_magic.notebook._text import one_line
from rocket_magic.scheduler import TaskSnapshot
from rocket_magic.session import Session

__all__ = [
    "change_text",
    "coming_text",
    "first_run",
    "instant_text",
    "moment_text",
    "planned_run",
    "span_text",
]


def moment_text(seconds: float, zone: tzinfo) -> str:
    """A moment given in seconds since the epoch, to the second."""
    return instant_text(from_seconds(seconds), zone)


def instant_text(instant: Instant, zone: tzinfo) -> str:
    """An instant, to the second."""
    try:
        return f"{to_datetime(instant, zone):%Y-%m-%d %H:%M:%S}"
    except OverflowError:  # beyond the year 9999
        return "beyond all calendars"


def change_text(instant: Instant, zone: tzinfo) -> str:
    """When an answer will change."""
    if instant == NEVER:
        return "doesn't change by itself"
    if instant == POLL:
        return "asked at each cycle"
    return f"may change at {instant_text(instant, zone)}"


def span_text(seconds: float) -> str:
    """How long something took."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:  # noqa: PLR2004  a minute
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02} min"


@dataclass(frozen=True, slots=True)
class _Unborn:
    """A task that is about to be made, as its condition sees it."""

    name: str
    running_since: tuple[Instant, ...] = ()


def first_run(session: Session, name: str, condition: BaseCondition | None) -> str:
    """When a task of that name and schedule would run next, in words that stay true."""
    if condition is None:
        return "by hand"
    context = session.context(_Unborn(name))
    try:
        at = context.now if condition.holds(context) else condition.next_change(context)
    except Exception as error:
        return f"not known, its condition raises {type(error).__name__}: {one_line(str(error))}"
    if at == POLL:
        return "when its condition is true"
    if at != NEVER:
        return coming_text(session, at)
    events = sorted({watch.task for watch in condition.watches() if watch.task})
    return "depends on " + ", ".join(f"task {one}" for one in map(repr, events)) if events else "never"


def planned_run(session: Session, snapshot: TaskSnapshot) -> str:
    """What the scheduler has planned for a task: a moment, "now", or why there is none.

    Cheap, for lists of all tasks; `%rocket next` asks `next_starts`, which knows more.
    """
    if snapshot.disabled:
        return "none, it is disabled"
    if snapshot.next_at is None:
        return one_line(snapshot.next_text or "not known")
    return coming_text(session, from_seconds(snapshot.next_at))


def coming_text(session: Session, at: Instant) -> str:
    """A coming instant: "now", the time of today, or day and time."""
    now = session.clock.now()
    if at <= now:
        return "now"
    text = instant_text(at, session.zone)
    day, _, time = text.partition(" ")
    return time if day == instant_text(now, session.zone).partition(" ")[0] and time else text
