"""Floor 9: text that came from users, tasks and logs, made safe to show.

Nothing a task prints or is called may move the cursor, reverse the reading direction, forge a table
row or become markup. Every view of this folder goes through these functions.
"""

from __future__ import annotations

import difflib
import html
import re
import unicodedata
from collections.abc import Iterable

_KEPT = {"\n", "\t"}
_BAD_CATEGORIES = {"Cc", "Cf", "Cs", "Zl", "Zp"}
_JOINERS = {"\u200c", "\u200d"}  # needed by scripts and emoji; they can't reorder text
_OVERWRITTEN = re.compile(r"[^\n]*\r(?!\n)")
_LONGEST_CELL = 120


def printable(text: str) -> str:
    """Escape control characters, terminal escapes and bidi marks; keep newlines and tabs."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_visible, text))


def _visible(char: str) -> str:
    if char in _KEPT or char in _JOINERS or unicodedata.category(char) not in _BAD_CATEGORIES:
        return char
    return char.encode("unicode_escape", "surrogatepass").decode("ascii")


def one_line(text: str, limit: int = _LONGEST_CELL) -> str:
    """The same on one line: a newline in a task's name can't forge a row."""
    line = printable(text).replace("\n", "\\n").replace("\t", "\\t")
    return line if len(line) <= limit else line[: limit - 1] + "…"


def as_html(text: str) -> str:
    """Escape for HTML text or an attribute value, after `printable`."""
    return html.escape(printable(text), quote=True)


def stream_text(text: str) -> str:
    """What a terminal would still show of `text`: progress bars overwrite their line."""
    return _OVERWRITTEN.sub("", text.replace("\r\n", "\n"))


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """Say the closest choice as " (did you mean 'x'?)", or nothing when none is close."""
    close = closest(word, choices)
    return "" if close is None else f" (did you mean {one_line(close)!r}?)"


def closest(word: str, choices: Iterable[str]) -> str | None:
    """The closest choice, or None."""
    found = difflib.get_close_matches(word, list(choices), n=1, cutoff=0.6)
    return found[0] if found else None


def caret(text: str, position: int, width: int = 1) -> str:
    """Two lines: the text, and a caret under `position`; a long text is shown around the place."""
    start = max(0, position - 60)
    piece = one_line(text[start : start + 100], 120)
    shift = len(one_line(text[start:position], 120))
    lead = "…" if start else ""
    return f"    {lead}{piece}\n    {' ' * (len(lead) + shift)}{'^' * max(1, width)}"
