"""Floor 9: splits the line of a magic into words, brackets and quotes kept together.

`shlex` alone won't do: in `--param prices=Return('load')` the quotes are Python's, and a schedule is
one phrase with quotes of its own.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from IPython.core.error import UsageError

from rocket_magic.notebook._hints import caret

__all__ = ["Word", "assignment", "pointed", "unquoted", "whole_assignments", "words"]

_CLOSING: Final = {"(": ")", "[": "]", "{": "}"}
_ASSIGNMENT: Final = re.compile(r"([^\W\d]\w*)=(?!=)(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Word:
    """A piece of the line between spaces.

    Attributes:
        text: As written.
        start: Where it begins.
        end: Where it ends.
    """

    text: str
    start: int
    end: int

    @property
    def value(self) -> str:
        """Without the quotes around it; assignments keep those of their value."""
        return self.text if _ASSIGNMENT.fullmatch(self.text) else unquoted(self.text)


def pointed(message: str, line: str, place: int, width: int = 1) -> UsageError:
    """A usage error with a caret under the place in the line."""
    return UsageError(f"{message}\n{caret(line, place, width)}")


def words(line: str) -> list[Word]:
    """Split a line.

    Raises:
        UsageError: A quote or bracket isn't closed.
    """
    return list(_words(line))


def whole_assignments(line: str, pieces: list[Word]) -> list[Word]:
    """Let the expression of `name=1 + 2` go on to the next assignment or option."""
    joined: list[Word] = []
    for piece in pieces:
        goes_on = joined and assignment(joined[-1].text) is not None
        if goes_on and assignment(piece.text) is None and not piece.text.startswith("--"):
            joined[-1] = Word(line[joined[-1].start : piece.end], joined[-1].start, piece.end)
        else:
            joined.append(piece)
    return joined


def assignment(text: str) -> tuple[str, str] | None:
    """`name=expression` in its two parts, or None."""
    found = _ASSIGNMENT.fullmatch(text.strip())
    return None if found is None else (found[1], found[2].strip())


def unquoted(text: str) -> str:
    """A value without the quotes around it, if it has any."""
    text = text.strip()
    if text[:1] not in {"'", '"'}:
        return text
    try:
        parts = shlex.split(text)
    except ValueError:
        return text
    return parts[0] if len(parts) == 1 else text


def _words(line: str) -> Iterator[Word]:
    start: int | None = None
    position = 0
    open_at: list[tuple[str, int]] = []
    while position < len(line):
        char = line[position]
        if char.isspace() and not open_at:
            if start is not None:
                yield Word(line[start:position], start, position)
                start = None
            position += 1
            continue
        start = position if start is None else start
        if char in "'\"" and _opens_quote(line, position):
            position = _after_quote(line, position)
            continue
        if char in _CLOSING:
            open_at.append((char, position))
        elif open_at and char == _CLOSING[open_at[-1][0]]:
            open_at.pop()
        position += 1
    if open_at:
        bracket, place = open_at[0]
        msg = f"the bracket {bracket!r} isn't closed"
        raise pointed(msg, line, place)
    if start is not None:
        yield Word(line[start:], start, len(line))


def _opens_quote(line: str, position: int) -> bool:
    """An apostrophe inside a word ("o'clock") is no quote."""
    return position == 0 or not line[position - 1].isalnum() or line[position] == '"'


def _after_quote(line: str, position: int) -> int:
    quote = line[position]
    end = position + 1
    while end < len(line) and line[end] != quote:
        end += 2 if line[end] == "\\" else 1
    if end >= len(line):
        msg = f"the quote {quote} isn't closed"
        raise pointed(msg, line, position)
    return end + 1
