"""Untrusted text, made fit to travel and to be shown."""

from __future__ import annotations

import pytest

from rocket_magic.notebook.dashboard._text import clip, one_line, plain, plain_output


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b]8;;http://host\x07link\x1b]8;;\x07", "link"),
        ("\x1b[2J\x1b[Hgone", "gone"),
        ("\x9b31mred", "red"),
        (" 10%\r 50%\r100%\n", "100%\n"),
        ("half\r", "half"),
        ("windows\r\nlines", "windows\nlines"),
        ("a\u202eb", "a\\u202eb"),
        ("bell\x07", "bell\\x07"),
        ("lone \ud800", "lone \\ud800"),
        ("<b>\ttab & text</b>", "<b>\ttab & text</b>"),
    ],
)
def test_plain_output_leaves_what_a_terminal_would(text: str, shown: str) -> None:
    """Escapes and overwritten lines go, what can't be seen is spelt, markup stays what it is: text."""
    assert plain_output(text) == shown


def test_an_open_escape_swallows_no_more_than_its_line() -> None:
    """A link that is never closed must not hide the lines after it."""
    assert plain_output("\x1b]8;;evil\nnext") == "\nnext"


def test_one_line_spells_breaks() -> None:
    """A newline in a name can't forge a second row."""
    assert one_line("a\nb\r\u2066c\td", 40) == "a\\nb\\r\\u2066c d"


def test_long_text_is_cut() -> None:
    """A limit holds, and says that something is missing."""
    assert one_line("x" * 500, 10) == "x" * 9 + "…"
    assert clip("short", 10) == "short"


def test_plain_keeps_line_breaks() -> None:
    """Tracebacks need their lines."""
    assert plain("a\n\tb") == "a\n\tb"
