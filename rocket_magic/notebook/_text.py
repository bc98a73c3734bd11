"""Floor 9: text that came from users, tasks and logs, made safe to show.

Nothing a task prints or is called may move the cursor, reverse the reading direction, forge a table
row or become markup: terminal escapes, bidirectional overrides, lone surrogates and other characters that
act instead of being seen are spelt out. Every view of the notebook goes through these functions.
"""

from __future__ import annotations

import html
import re

__all__ = ["as_html", "clip", "one_line", "printable", "terminal_text"]

_LONGEST_CELL = 120
_UNSEEN = re.compile(
    "["
    "\x00-\x08\x0b-\x1f\x7f-\x9f\xad"  # controls but tab and newline; the soft hyphen
    "\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"  # directions, joints, marks
    "\u2028\u2029"  # line breaks of Unicode
    "\ud800-\udfff"  # halves of characters
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0001"
    "]"
)
"""What can't be seen, but not the joiners U+200C and U+200D, which scripts and emoji need."""
_ESCAPE_SEQUENCES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor moves
    r"|\x1b[\]PX^_][^\x07\x1b\n]*(?:\x07|\x1b\\)?"  # OSC (links, titles), DCS, SOS, PM, APC
    r"|\x9b[0-?]*[ -/]*[@-~]"  # CSI in one byte
    r"|\x1b[ -/]*[0-~]"  # the short ones
)
_OVERWRITTEN = re.compile(r"^[^\n]*\r(?=[^\r\n])", re.MULTILINE)


def printable(text: str) -> str:
    """Spell what can't be seen; newlines and tabs stay."""
    if text.isascii() and text.isprintable():
        return text
    return _UNSEEN.sub(_spell, text)


def one_line(text: str, limit: int = _LONGEST_CELL) -> str:
    """The same on one line of at most `limit` characters: a newline in a task's name can't forge a row."""
    line = printable(clip(text, limit * 2)).replace("\n", "\\n").replace("\t", "\\t")
    return clip(line, limit)


def clip(text: str, limit: int) -> str:
    """The first `limit` characters, the last of them "…" when some are left out."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def as_html(text: str) -> str:
    """Escape for HTML text or an attribute value, after `printable`."""
    return html.escape(printable(text), quote=True)


def terminal_text(text: str) -> str:
    r"""What a terminal would leave of `text`: no escape sequences, of a line that `\r` overwrote the last."""
    text = _ESCAPE_SEQUENCES.sub("", text).replace("\r\n", "\n")
    if "\r" in text:
        text = _OVERWRITTEN.sub("", text).replace("\r", "")
    return printable(text)


def _spell(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape", "surrogatepass").decode("ascii")
