"""Floor 3: what an option of the configuration takes: its check, its text, its form field."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta, tzinfo
from typing import Any, Final

from pydantic_core import CoreSchema, core_schema

from rocket_magic.conditions import as_condition
from rocket_magic.exc import RocketMagicError, ScheduleError
from rocket_magic.instants import Span, from_timedelta, to_timedelta
from rocket_magic.text import closest
from rocket_magic.time import as_zone, format_duration, parse_duration

_WORDS: Final = {
    **dict.fromkeys(("true", "yes", "on", "1"), True),
    **dict.fromkeys(("false", "no", "off", "0"), False),
}


@dataclass(frozen=True, slots=True)
class Kind:
    """What an option takes; stands in its annotation.

    Attributes:
        name: "bool", "int", "float", "text", "choice", "duration" or "readonly", for a form.
        rule: What must hold, to end "must be …".
        convert: Turns what is set into what is stored, or raises `ValueError`.
        show: What is stored, as text that `convert` takes again (except "readonly").
        choices: The possible texts of a choice.
        optional: Whether None is a value.
        nothing: The text of None.
    """

    name: str
    rule: str
    convert: Callable[[Any], Any]
    show: Callable[[Any], str] = str
    choices: tuple[str, ...] = ()
    optional: bool = False
    nothing: str = "none"

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> CoreSchema:
        """Have pydantic check with `convert` and dump values as they are (as text in JSON)."""
        dump = core_schema.plain_serializer_function_ser_schema(self._dump, info_arg=True)
        return core_schema.no_info_plain_validator_function(self.check, serialization=dump)

    def check(self, value: Any) -> Any:
        """Convert, None included.

        Raises:
            ValueError: The value is refused.
        """
        if value is None and self.optional:
            return None
        try:
            return self.convert(value)
        except (TypeError, OverflowError, RocketMagicError) as error:
            raise ValueError(str(error)) from error

    def text(self, value: Any) -> str:
        """A stored value as text."""
        return self.nothing if value is None else self.show(value)

    def plain(self, value: Any) -> Any:
        """A stored value as JSON knows it."""
        return value if value is None or self.name in ("bool", "int", "float") else self.show(value)

    def _dump(self, value: Any, info: Any) -> Any:
        return self.plain(value) if info.mode == "json" else value


def flag() -> Kind:
    """A switch; words like "on" and "no" are read too."""
    return Kind("bool", "True or False", _as_flag, lambda value: "true" if value else "false")


def choice(*choices: str, optional: bool = False) -> Kind:
    """One of some words."""
    rule = f"one of {', '.join(choices)}{' or None' if optional else ''}"

    def convert(value: Any) -> Any:
        if value in choices:
            return value
        near = closest(value, choices) if isinstance(value, str) else None
        raise ValueError(f"did you mean {near!r}?" if near else "")

    return Kind("choice", rule, convert, choices=choices, optional=optional)


def count(least: int, *, optional: bool = False) -> Kind:
    """A whole number that isn't less than `least`."""
    rule = f"a whole number from {least}{' or None (no limit)' if optional else ''}"
    return Kind("int", rule, lambda value: _as_count(value, least), optional=optional)


def number() -> Kind:
    """Any whole number."""
    return Kind("int", "a whole number", lambda value: _as_count(value, -math.inf))


def several() -> Kind:
    """A switch, or how many at most."""

    def convert(value: Any) -> bool | int:
        try:
            return _as_flag(value)
        except ValueError:
            return _as_count(value, 1)

    return Kind("text", "True, False or a number of runs from 1", convert, lambda value: str(value).lower())


def seconds() -> Kind:
    """A pause, stored as seconds."""
    rule = "a number of seconds from 0, a duration like '100 ms', or None (no pause)"
    return Kind("float", rule, _as_seconds, optional=True)


def duration(*, zero: bool = True, never: bool = False, optional: bool = False) -> Kind:
    """A duration, stored as timedelta; None stands for never."""
    least = "from 0" if zero else "more than 0"
    rule = f"a duration {least} (seconds, text like '1 hour 20 min' or a timedelta)"
    rule += " or never" if never else " or None" if optional else ""

    def convert(value: Any) -> timedelta | None:
        if never and (value is None or (isinstance(value, str) and value.strip().lower() == "never")):
            return None
        span = _as_span(value)
        if span < 0 or (span == 0 and not zero):
            raise ValueError("")
        return to_timedelta(span)

    def show(value: timedelta) -> str:
        return format_duration(from_timedelta(value))

    nothing = "never" if never else "none"
    return Kind("duration", rule, convert, show, optional=optional or never, nothing=nothing)


def word() -> Kind:
    """Some text."""

    def convert(value: Any) -> str:
        if isinstance(value, str) and value.strip():
            return value
        raise ValueError("")

    return Kind("text", "text that isn't empty", convert)


def zone() -> Kind:
    """A time zone, stored as tzinfo."""
    rule = "a tzinfo, an IANA name like 'Europe/Helsinki' or None (the system's zone)"
    return Kind("text", rule, _as_zone, _zone_text, optional=True)


def statement() -> Kind:
    """A condition; its text is read by the phrase language."""
    rule = "a condition, a phrase like 'time of day after 18:00', True, False or None"
    return Kind("text", rule, as_condition, optional=True)


def function(rule: str, check: Callable[[Any], Any] = callable, *, optional: bool = True) -> Kind:
    """Something callable that only Python code can give."""

    def convert(value: Any) -> Any:
        if not callable(value) or not check(value):
            raise ValueError("")
        return value

    return Kind("readonly", rule, convert, _callable_text, optional=optional)


def lock_class() -> Kind:
    """A class of locks."""
    rule = "a class of locks with acquire, release and `with`"
    return function(rule, _makes_locks, optional=False)


def _as_flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in _WORDS:
        return _WORDS[value.strip().lower()]
    raise ValueError("")


def _as_count(value: Any, least: float) -> int:
    if isinstance(value, str) and re.fullmatch(r"-?\d{1,18}", value.strip()):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise ValueError("")
    return int(value)


def _as_seconds(value: Any) -> float:
    if isinstance(value, str) and re.fullmatch(r"\d+\.?\d*|\.\d+", value.strip()):
        value = float(value)
    seconds = to_timedelta(_as_span(value)).total_seconds()
    if seconds < 0:
        raise ValueError("")
    return seconds


def _as_span(value: Any) -> Span:
    with _hint():
        return parse_duration(value)


def _as_zone(value: Any) -> tzinfo:
    if not isinstance(value, (tzinfo, str)):
        raise ValueError("")  # noqa: TRY004  a refused value, like every other
    with _hint():
        return as_zone(value)


def _zone_text(value: tzinfo) -> str:
    return str(getattr(value, "key", None) or value)


@contextmanager
def _hint() -> Iterator[None]:
    """Keep of a refusal only what the rule doesn't say: the closest text that would be read."""
    try:
        yield
    except ScheduleError as error:
        hint = error.suggestion if error.suggestion and not error.suggestion.startswith("0 ") else None
        raise ValueError(f"did you mean {hint!r}?" if hint else "") from error


def _makes_locks(value: Any) -> bool:
    """Whether a class makes locks; a function is believed, to not make one for nothing."""
    wanted = ("acquire", "release", "__enter__", "__exit__")
    return not isinstance(value, type) or all(hasattr(value, part) for part in wanted)


def _callable_text(value: Any) -> str:
    module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
    return repr(value) if name is None else f"{module}.{name}"
