"""Floor 9, dashboard: untrusted text, made fit to travel and to be shown as text.

Pure functions. What tasks print and say may hold terminal escapes, bidirectional overrides, lone
surrogates and megabytes; after `plain` nothing in it acts on a terminal or reorders a line.
"""

from __future__ import annotations

import re

__all__ = ["clip", "one_line", "plain", "plain_output"]

_ESCAPE_SEQUENCES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor moves
    r"|\x1b[\]PX^_][^\x07\x1b\n]*(?:\x07|\x1b\\)?"  # OSC (links, titles), DCS, SOS, PM, APC
    r"|\x9b[0-?]*[ -/]*[@-~]"  # CSI in one byte
    r"|\x1b[ -/]*[0-~]"  # the short ones
)
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ud800-\udfff]"
)
_OVERWRITTEN = re.compile(r"^[^\n]*\r(?=[^\r\n])", re.MULTILINE)


def plain(text: str) -> str:
    r"""Show what can't be seen: control characters and bidirectional overrides become `\x1b`, `\u202e`."""
    return _INVISIBLE.sub(_spell, text)


def plain_output(text: str) -> str:
    r"""Text as a terminal would leave it: escape sequences gone, lines that `\r` overwrote gone."""
    text = _ESCAPE_SEQUENCES.sub("", text).replace("\r\n", "\n")
    if "\r" in text:
        text = _OVERWRITTEN.sub("", text).replace("\r", "")
    return plain(text)


def one_line(text: str, limit: int) -> str:
    """`text` on one line, at most `limit` characters; line breaks are spelt, so that none can be forged."""
    text = clip(text, limit * 2)
    text = plain(text.replace("\r", "\\r").replace("\n", "\\n").replace("\t", " "))
    return clip(text, limit)


def clip(text: str, limit: int) -> str:
    """The first `limit` characters, the last of them "…" when some are left out."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _spell(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"  # noqa: PLR2004  one byte
