"""Reading windows: "between 10:00 and 12:00", "on Sun after 03:00". Floor 2, pure."""

from __future__ import annotations

from functools import partial
from typing import Final, NoReturn, Protocol, Self, TypeVar

from rocket_magic.conditions._syntax_reader import Reader
from rocket_magic.conditions._syntax_tokens import Token, clip
from rocket_magic.conditions._units import UNITS, narrowed, whole
from rocket_magic.exc import ScheduleError
from rocket_magic.time import TimePeriod

__all__ = ["WINDOW_WORDS", "Window", "narrow", "read_unit", "read_window", "refuse_joined"]

WINDOW_WORDS: Final = ("at", "on", "before", "after", "between", "starting")

Window = tuple[Token, str, tuple[str, ...]]
"""Where it stands, the method, the values."""


class _Narrowable(Protocol):
    def _narrow(self, method: str, values: tuple[str, ...]) -> Self: ...


T = TypeVar("T", bound=_Narrowable)


def read_window(reader: Reader, words: tuple[str, ...] = WINDOW_WORDS) -> Window | None:
    """Read "between A and B" and its like; None when none begins here."""
    before = reader.here
    method = reader.word(*words)
    if method is None:
        return None
    if method == "after" and reader.here.key in ("task", "tasks", "all", "any"):
        refuse_joined(reader, before, "after task")
    if method == "between":
        place, start = reader.value()
        reader.need("and")
        return place, method, (start, reader.value()[1])
    if method in ("at", "on", "starting"):
        place, values = reader.values()
        return place, method, values
    place, value = reader.value()
    return place, method, (value,)


def refuse_joined(reader: Reader, place: Token, words: str) -> NoReturn:
    """Refuse a condition of its own that stands behind a schedule without an operator.

    Raises:
        ScheduleError: Always; it proposes the operator.
    """
    text = reader.text
    where = f"{clip(text)!r}: {words!r} at {place.start + 1}"
    message = f"{where} is a condition of its own, put & before it"
    raise ScheduleError(
        message,
        text=text,
        position=place.start,
        suggestion=f"{text[: place.start]}& {text[place.start :]}",
    )


def narrow(reader: Reader, condition: T, words: tuple[str, ...] = WINDOW_WORDS) -> T:
    """Take the part of a condition's unit that the following windows say.

    Raises:
        ScheduleError: They don't fit; the place is theirs.
    """
    while (window := read_window(reader, words)) is not None:
        place, method, values = window
        condition = reader.guarded(place, partial(condition._narrow, method, values))  # noqa: SLF001  one package
    if not reader.here.is_name and reader.here.key in ("from", "until"):
        refuse_joined(reader, reader.here, reader.here.key)
    return condition


def read_unit(reader: Reader) -> TimePeriod:
    """Read what follows "time": "of day between 10:00 and 12:00"."""
    reader.need("of")
    period: TimePeriod = whole(reader.need(*UNITS))
    while (window := read_window(reader)) is not None:
        place, method, values = window
        period = reader.guarded(place, partial(narrowed, period, method, values))
    return period
