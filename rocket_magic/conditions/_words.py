"""How conditions speak: instants, names and events in words. Floor 2, pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta, tzinfo

from rocket_magic._protocols import OWN, EventKind, Watch
from rocket_magic.instants import NEVER, POLL, SECOND, Instant, to_datetime

_ESCAPES = {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t"}

_LAST_OF_FOUR = 0xFFFF

_EVENTS = {
    EventKind.TASKS_CHANGED: "a task is added or removed",
    EventKind.PARAMETERS_CHANGED: "a parameter is set",
    EventKind.CONFIG_CHANGED: "the configuration changes",
    EventKind.SCHEDULER_CYCLE: "the scheduler's next cycle",
}


def quoted(name: str) -> str:
    """Write a name as the phrase language reads it: in single quotes, odd characters escaped."""
    return "'" + "".join(_escaped(letter) for letter in name) + "'"


def _escaped(letter: str) -> str:
    if letter in _ESCAPES:
        return _ESCAPES[letter]
    if letter.isprintable():
        return letter
    return f"\\u{ord(letter):04x}" if ord(letter) <= _LAST_OF_FOUR else f"\\U{ord(letter):08x}"


def moment(instant: Instant, now: Instant, zone: tzinfo) -> str:
    """Write an instant in the session's zone, by day when it is near: "today at 10:02"."""
    try:
        there, here = to_datetime(instant, zone), to_datetime(now, zone)
    except OverflowError:
        return "the end of time" if instant > now else "the beginning of time"
    clock = f"{there:%H:%M}" if instant % (60 * SECOND) == 0 else f"{there:%H:%M:%S}"
    if instant % SECOND and abs(instant - now) < SECOND:
        clock += f".{there.microsecond // 1000:03d}"  # nearer than a second, the fraction tells the order
    days = (there.date() - here.date()) / timedelta(days=1)
    near = {0: "today", 1: "tomorrow", -1: "yesterday"}.get(int(days))
    return f"{near} at {clock}" if near else f"on {there:%a} {there.date().isoformat()} at {clock}"


def when(instant: Instant, now: Instant, zone: tzinfo) -> str:
    """Write the answer of `next_change`: a moment, "never by itself" or "asked each cycle"."""
    if instant == NEVER:
        return "never by itself"
    if instant == POLL:
        return "asked each cycle"
    return moment(instant, now, zone)


def until(instant: Instant, now: Instant, zone: tzinfo) -> str:
    """Write an end: "until tomorrow at 02:00", "until Sat 2024-05-11 at 00:00"."""
    return f"until {when(instant, now, zone).removeprefix('on ')}"


def events(watches: Iterable[Watch]) -> tuple[str, ...]:
    """Write what a condition watches: "task 'load' finishes", in a stable order."""
    return tuple(sorted({_event(watch) for watch in watches}))


def _event(watch: Watch) -> str:
    if watch.kind in _EVENTS:
        return _EVENTS[watch.kind]
    verb = "starts" if watch.kind is EventKind.RUN_STARTED else "finishes"
    return f"this task {verb}" if watch.task in (OWN, None) else f"task {quoted(watch.task or '')} {verb}"


def times(count: int) -> str:
    """Write a number of occurrences: "once", "twice", "3 times"."""
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def unspoken(python: str) -> str:
    """Write what has no words: Python, marked so that nobody takes it for a phrase (it is refused as one)."""
    return f"<{python}>"
