"""The words of the phrase language: a tokenizer with positions. Floor 2, pure."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from rocket_magic.exc import ScheduleError

LONGEST_TEXT: Final = 8_000
"""Characters; a longer text is refused before it is read."""

END: Final = ""

_TOKEN = re.compile(
    r"\s+|(?P<operator>[&|~(),])|(?P<name>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")|(?P<word>[^\s&|~(),]+)",
    re.DOTALL,
)
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))", re.DOTALL)
_PLAIN = {"n": "\n", "r": "\r", "t": "\t"}


class Token(NamedTuple):
    """A word, a quoted name, an operator, or the end.

    Attributes:
        text: As written; for a quoted name its content.
        start: Index of the first character.
        end: Index behind the last character.
        is_name: Whether it was quoted.
        key: The word in lower case, to compare with keywords; "" for a quoted name.
    """

    text: str
    start: int
    end: int
    is_name: bool = False
    key: str = ""


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
    for match in _TOKEN.finditer(text):
        kind, word = match.lastgroup, match.group()
        if kind == "name":
            tokens.append(Token(_ESCAPE.sub(_unescape, word[1:-1]), match.start(), match.end(), is_name=True))
        elif kind is not None:
            if word[0] in "'\"":
                raise _unclosed(text, match.start())
            tokens.append(Token(word, match.start(), match.end(), key=word.lower()))
    tokens.append(Token(END, len(text), len(text)))
    return tokens


def _unclosed(text: str, position: int) -> ScheduleError:
    quote = text[position]
    place = f"{clip(text)!r}: the quote that opens at {position + 1}"
    msg = f"{place} is never closed, add {quote} behind the name"
    return ScheduleError(msg, text=text, position=position)


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
