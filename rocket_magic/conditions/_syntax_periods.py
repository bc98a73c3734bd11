"""Reading periods inside phrases. Floor 2, pure; the grammar behind `during`, `once in`, `start once in`.

::

    period  := "(" any ")" | atom                  any := all { "|" all }      all := part { "&" part }
    part    := "(" any ")" | atom
    atom    := time of UNIT { window } | crontime [with seconds] CRON | always | never
             | from WHEN [until WHEN] | until (WHEN | ever)
    stretch := yesterday | tomorrow | the day before | from … | until …     (only behind "has succeeded")
             | since (D ago | ever) until (D ago | now)
    WHEN    := 2026-03-01 | 2026-03-01 10:00 | 2026-03-01 10:00+02:00
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from rocket_magic.conditions._syntax_reader import Reader
from rocket_magic.conditions._syntax_tokens import clip
from rocket_magic.conditions._syntax_windows import read_unit
from rocket_magic.instants import Span, to_timedelta
from rocket_magic.time import All as AllPeriods
from rocket_magic.time import Any as AnyPeriod
from rocket_magic.time import Cron, RelativeDay, StaticInterval, TimePeriod, TimeSpanDelta

__all__ = ["read_cron", "read_dates", "read_period", "read_record_period"]

_DEEPEST: Final = 50


def read_period(reader: Reader, depth: int = 0) -> TimePeriod:
    """Read one period, or several in parentheses.

    Raises:
        ScheduleError: None stands here.
    """
    if depth > _DEEPEST:
        where = f"{clip(reader.text)!r}: more than {_DEEPEST} parentheses inside each other"
        reader.fail(f"{where} at {reader.here.start + 1}: make the parts conditions of their own")
    if not reader.word("("):
        return ATOMS[reader.need(*ATOMS)](reader)
    parts = [_all(reader, depth + 1)]
    while reader.word("|"):
        parts.append(_all(reader, depth + 1))
    reader.need(")")
    return parts[0] if len(parts) == 1 else AnyPeriod(*parts)


def _all(reader: Reader, depth: int) -> TimePeriod:
    parts = [read_period(reader, depth)]
    while reader.word("&"):
        parts.append(read_period(reader, depth))
    return parts[0] if len(parts) == 1 else AllPeriods(*parts)


def read_cron(reader: Reader) -> Cron:
    """Read "[with seconds] */5 * * * *", up to the next operator."""
    seconds = reader.phrase("with", "seconds")
    place, text = reader.raw()
    if not text.strip():
        reader.expect("*/5 * * * *")
        reader.fail()
    return reader.guarded(place, lambda: Cron(text.strip(), seconds=seconds))


def read_dates(reader: Reader, first: str) -> TimePeriod:
    """Read what follows "from" or "until": dates, with or without a time."""
    if first == "until":
        if reader.word("ever"):
            return StaticInterval()
        place, text = reader.value()
        return reader.guarded(place, lambda: StaticInterval(None, text))
    place, start = reader.value()
    end = reader.value()[1] if reader.word("until") else None
    return reader.guarded(place, lambda: StaticInterval(start, end))


def read_record_period(reader: Reader) -> TimePeriod | None:
    """Read a stretch of time in which records may lie, other than a unit; None when none stands here."""
    word = reader.word(*_STRETCHES)
    return None if word is None else _STRETCHES[word](reader)


def _the_day_before(reader: Reader) -> TimePeriod:
    reader.need("day")
    reader.need("before")
    return RelativeDay("the_day_before")


def _since(reader: Reader) -> TimePeriod:
    place = reader.here
    far = None if reader.word("ever") else _ago(reader)
    reader.need("until")
    near = 0 if reader.word("now") else _ago(reader)
    return reader.guarded(
        place, lambda: TimeSpanDelta(to_timedelta(near), None if far is None else to_timedelta(far))
    )


def _ago(reader: Reader) -> Span:
    span = reader.duration("since")
    reader.need("ago")
    return span


ATOMS: Final[dict[str, Callable[[Reader], TimePeriod]]] = {
    "time": read_unit,
    "crontime": read_cron,
    "from": lambda reader: read_dates(reader, "from"),
    "until": lambda reader: read_dates(reader, "until"),
    "always": lambda _: AllPeriods(),
    "never": lambda _: AnyPeriod(),
}
"""The reader of each period, by its first word."""

_STRETCHES: Final[dict[str, Callable[[Reader], TimePeriod]]] = {
    "yesterday": lambda _: RelativeDay("yesterday"),
    "tomorrow": lambda _: RelativeDay("tomorrow"),
    "the": _the_day_before,
    "since": _since,
    "from": ATOMS["from"],
    "until": ATOMS["until"],
}
"""The reader of each stretch for records, by its first word."""
