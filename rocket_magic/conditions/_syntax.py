r"""The phrase language: text in, condition out. Floor 2, pure: no shared object is read or changed.

::

    condition := all { "|" all }
    all       := part { "&" part }
    part      := { "~" } ( "(" condition ")" | item )

Items stand in `_syntax_items`. Keywords are read in any case; names of tasks stand in quotes, single or
double, with `\\`, `\'`, `\"`, `\n`, `\u0041` as in Python, so that a name may hold any character.
Recursive descent over a hand-written tokenizer: time grows with the length of the text, depth is bounded.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any as AnyType
from typing import Final

from rocket_magic.conditions._base import BaseCondition
from rocket_magic.conditions._composite import FALSE, TRUE, All, Any, Not
from rocket_magic.conditions._function import FuncCond
from rocket_magic.conditions._period import IsPeriod
from rocket_magic.conditions._syntax_help import Attempt, completions, suggest
from rocket_magic.conditions._syntax_items import read_item
from rocket_magic.conditions._syntax_reader import Reader
from rocket_magic.conditions._syntax_tokens import END, clip
from rocket_magic.exc import ScheduleError
from rocket_magic.time import All as AllPeriods
from rocket_magic.time import Any as AnyPeriod
from rocket_magic.time import TimePeriod

DEEPEST: Final = 50
"""Parentheses (and `~`) inside each other."""

_LONGEST_CUSTOM: Final = 1_000
"""Characters of an item that are shown to users' patterns, which may take long on long text."""


_LONGEST_KEPT: Final = 200
"""Characters of a phrase whose condition is kept, so that the memory for them is bounded."""

_HINT: Final = re.compile(r"; did you mean [^;]*\?$")
"""The hint of a part, which the hint for the whole phrase replaces."""


@dataclass(frozen=True, slots=True)
class CustomPhrase:
    """A phrase of the user's own.

    Args:
        pattern: Text that must stand there literally (case and blanks don't matter), or a compiled
            pattern that must match the whole item. An item ends before `&`, `|` and a closing parenthesis
            that are not in quotes, and begins with neither `~` nor an opening one.
        make: Gives the condition; it gets the pattern's named groups as arguments, or all groups in
            order when none is named.

    Raises:
        ScheduleError: The text could never be read as one item, or is a phrase of the language already.
    """

    pattern: str | re.Pattern[str]
    make: Callable[..., BaseCondition]

    def __post_init__(self) -> None:
        if isinstance(self.pattern, str):
            _check_phrase(self.pattern)

    def match(self, text: str) -> BaseCondition | None:
        """Give the condition when the text is this phrase."""
        if isinstance(self.pattern, str):
            return self.make() if _plain(text) == _plain(self.pattern) else None
        found = self.pattern.fullmatch(text)
        if found is None:
            return None
        named = found.groupdict()
        return self.make(**named) if named else self.make(*found.groups())


def _check_phrase(text: str) -> None:
    """Refuse a phrase of the user's own that could never be read, or would hide a built-in one."""
    if not text.strip() or len(text) > _LONGEST_CUSTOM:
        length = f"1 to {_LONGEST_CUSTOM} characters"
        msg = f"a phrase has {length}, got {clip(text)!r}: write it like 'file is there'"
        raise ScheduleError(msg, text=text)
    reader = Reader(text)
    last = reader.tokens[_item_end(reader)]
    first = reader.here
    if last.text != END or last.is_name or (not first.is_name and first.text in ("(", "~")):
        sign = first if last is first or first.text in ("(", "~") else last
        msg = (
            f"{clip(text)!r} can't be a phrase: {sign.text!r} at {sign.start + 1} joins or groups "
            "conditions; use words, like 'file is there'"
        )
        raise ScheduleError(msg, text=text, position=sign.start)
    if _attempt(text, ()).position is None:
        msg = f"{clip(text)!r} is a phrase already: use words of your own, like 'file is there'"
        raise ScheduleError(msg, text=text)


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()


def read_condition(reader: Reader, custom: Sequence[CustomPhrase]) -> BaseCondition:
    """Read a whole text.

    Raises:
        ScheduleError: It is no condition.
    """
    condition = _read_any(reader, custom, 0)
    if reader.here.text != END or reader.here.is_name:
        reader.fail()
    return condition


def _read_any(reader: Reader, custom: Sequence[CustomPhrase], depth: int) -> BaseCondition:
    parts = [_read_all(reader, custom, depth)]
    while reader.word("|"):
        parts.append(_read_all(reader, custom, depth))
    return Any(*parts)


def _read_all(reader: Reader, custom: Sequence[CustomPhrase], depth: int) -> BaseCondition:
    parts = [_read_part(reader, custom, depth)]
    while reader.word("&"):
        parts.append(_read_part(reader, custom, depth))
    return All(*parts)


def _read_part(reader: Reader, custom: Sequence[CustomPhrase], depth: int) -> BaseCondition:
    if depth > DEEPEST:
        reader.fail(
            f"{clip(reader.text)!r}: more than {DEEPEST} parentheses or ~ inside each other at "
            f"{reader.here.start + 1}: make the parts conditions of their own"
        )
    if reader.word("~"):
        return Not(_read_part(reader, custom, depth + 1))
    if reader.word("("):
        inner = _read_any(reader, custom, depth + 1)
        reader.need(")")
        return inner
    found = _read_custom(reader, custom)
    return read_item(reader) if found is None else found


def _read_custom(reader: Reader, custom: Sequence[CustomPhrase]) -> BaseCondition | None:
    if not custom:
        return None
    end = _item_end(reader)
    text = reader.text[reader.here.start : reader.tokens[end - 1].end] if end > reader.index else ""
    if not text or len(text) > _LONGEST_CUSTOM:
        return None
    place = reader.here
    for phrase in custom:
        found = reader.guarded(place, partial(_made, phrase, text))
        if found is not None:
            reader.index = end
            return found
    reader.expect(*(phrase.pattern for phrase in custom if isinstance(phrase.pattern, str)))
    return None


def _made(phrase: CustomPhrase, text: str) -> BaseCondition | None:
    try:
        found = phrase.match(text)
    except ScheduleError:
        raise
    except Exception as error:
        msg = f"the phrase {text!r} could not be made a condition: {type(error).__name__}: {error}"
        raise ScheduleError(msg, text=text) from error
    if found is None:
        return None
    found = as_condition(found)
    return dataclasses.replace(found, phrase=text) if isinstance(found, FuncCond) else found


def _item_end(reader: Reader) -> int:
    """Give the index of the token behind the item that starts here."""
    depth = 0
    for index in range(reader.index, len(reader.tokens)):
        token = reader.tokens[index]
        if token.is_name:
            continue
        if token.text == END or (depth == 0 and token.text in ("&", "|", ")")):
            return index
        depth += (token.text == "(") - (token.text == ")")
    return len(reader.tokens) - 1


@lru_cache(maxsize=2048)
def _read_plain(text: str) -> BaseCondition:
    """Read a text that users' phrases play no part in: the same condition each time; none can change."""
    return read_condition(Reader(text), ())


def parse_condition(text: str, custom: Sequence[CustomPhrase] = ()) -> BaseCondition:
    """Turn a phrase into a condition.

    Args:
        text: Like "daily between 10:00 and 12:00 & after task 'load'".
        custom: The session's own phrases; they are tried before the built-in ones.

    Raises:
        ScheduleError: The text is no condition; it has the position and the closest valid phrase.
    """
    given: object = text
    if not isinstance(given, str):
        msg = f"a phrase is text, got {given!r}: pass conditions to as_condition"
        raise ScheduleError(msg)
    try:
        if custom or len(text) > _LONGEST_KEPT or "python" in text.lower():  # its literal may be a list
            return read_condition(Reader(text), custom)
        return _read_plain(text)
    except ScheduleError as error:
        closest = suggest(text, lambda candidate: _attempt(candidate, custom))
        message = f"{_HINT.sub('', error.message)}; did you mean {closest!r}?" if closest else error.message
        raise ScheduleError(
            message, text=error.text or text, position=error.position, suggestion=closest
        ) from error.__cause__


def _attempt(text: str, custom: Sequence[CustomPhrase]) -> Attempt:
    try:
        reader = Reader(text)
    except ScheduleError as error:
        return Attempt(error.position or 0)
    try:
        read_condition(reader, custom)
    except ScheduleError as error:
        place = error.position or 0
        return Attempt(place, reader.expected(place), error.suggestion)
    return Attempt(None, reader.expected(len(text)))


def phrase_completions(
    text: str, task_names: Sequence[str], custom: Sequence[CustomPhrase] = ()
) -> list[str]:
    """Give what could follow, for tab completion: words in place of the unfinished last one.

    Args:
        text: The phrase up to the cursor.
        task_names: Names of the session's tasks.
        custom: The session's own phrases.
    """
    return completions(text, task_names, lambda candidate: _attempt(candidate, custom))


def as_condition(value: AnyType, custom: Sequence[CustomPhrase] = ()) -> BaseCondition:
    """Turn what a user may give for a condition into one.

    Args:
        value: A condition, a phrase, True or False, None (false), a period, or a function.
        custom: The session's own phrases.

    Raises:
        ScheduleError: It is none of them, or the phrase can't be read.
    """
    if isinstance(value, BaseCondition):
        return value
    if value is None or isinstance(value, bool):
        return TRUE if value else FALSE
    if isinstance(value, str):
        return parse_condition(value, custom)
    if isinstance(value, TimePeriod):
        return _of_period(value)
    if callable(value):
        return FuncCond(value)
    msg = (
        "a condition is a condition object, a phrase, a period, a function, "
        f"True, False or None, got {value!r}"
    )
    raise ScheduleError(msg)


def _of_period(period: TimePeriod) -> BaseCondition:
    """Give a period as a condition, its parts apart, so that each of them is explained."""
    if isinstance(period, AllPeriods):
        return All(*map(_of_period, period.periods)) if period.periods else TRUE
    if isinstance(period, AnyPeriod):
        return Any(*map(_of_period, period.periods)) if period.periods else FALSE
    return IsPeriod(period)
