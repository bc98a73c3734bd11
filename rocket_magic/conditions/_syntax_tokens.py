"""The words of the phrase language: a tokenizer with positions. Floor 2, pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from rocket_magic.exc import ScheduleError

LONGEST_TEXT: Final = 8_000
"""Characters; a longer text is refused before it is read."""

OPERATORS: Final = "&|~(),"
END: Final = ""

_QUOTED = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"", re.DOTALL)
_WORD = re.compile(r"[^\s&|~(),]+")
_BLANK = re.compile(r"\s+")
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))", re.DOTALL)
_PLAIN = {"n": "\n", "r": "\r", "t": "\t"}


@dataclass(frozen=True, slots=True)
class Token:
    """A word, a quoted name, an operator, or the end.

    Attributes:
        text: As written; for a quoted name its content.
        start: Index of the first character.
        end: Index behind the last character.
        is_name: Whether it was quoted.
    """

    text: str
    start: int
    end: int
    is_name: bool = False

    @property
    def key(self) -> str:
        """The word in lower case, to compare with keywords; "" for a quoted name."""
        return "" if self.is_name else self.text.lower()


def tokenize(text: str) -> list[Token]:
    """Split a text into tokens, the last of which is the end.

    Raises:
        ScheduleError: The text is too long, or a quote is never closed.
    """
    if len(text) > LONGEST_TEXT:
        msg = (
            f"a schedule has at most {LONGEST_TEXT} characters, got {len(text)}: split it into several tasks"
        )
        raise ScheduleError(msg, text=text[:80], position=LONGEST_TEXT)
    tokens: list[Token] = []
    position = 0
    while position < len(text):
        token = _next(text, position)
        if token is not None:
            tokens.append(token)
            position = token.end
        else:
            blank = _BLANK.match(text, position)
            position = blank.end() if blank else position + 1
    tokens.append(Token(END, len(text), len(text)))
    return tokens


def _next(text: str, position: int) -> Token | None:
    letter = text[position]
    if letter in OPERATORS:
        return Token(letter, position, position + 1)
    if letter in "'\"":
        return _quoted(text, position)
    word = _WORD.match(text, position)
    return Token(word.group(), position, word.end()) if word else None


def _quoted(text: str, position: int) -> Token:
    match = _QUOTED.match(text, position)
    if match is None:
        quote = text[position]
        place = f"{clip(text)!r}: the quote that opens at {position + 1}"
        msg = f"{place} is never closed, add {quote} behind the name"
        raise ScheduleError(msg, text=text, position=position)
    return Token(_ESCAPE.sub(_unescape, match.group()[1:-1]), position, match.end(), is_name=True)


def _unescape(match: re.Match[str]) -> str:
    code = match[1] or match[2] or match[3]
    if code:
        number = int(code, 16)
        return chr(number) if number < 0x110000 else match.group()  # noqa: PLR2004  Unicode ends there
    return _PLAIN.get(match[4], match[4])


def clip(text: str) -> str:
    """Shorten a text for a message."""
    longest = 80
    return text if len(text) <= longest else text[: longest - 1] + "…"
