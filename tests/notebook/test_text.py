"""Untrusted text made safe."""

from __future__ import annotations

import unicodedata

import pytest

from rocket_magic.notebook._text import as_html, clip, one_line, printable, terminal_text

PAYLOADS = [
    "<script>CANARY=1</script>",
    '"><img src=x onerror=CANARY=1>',
    "\x1b]8;;//host\x07x\x1b]8;;\x07",
    "\x1b[2J\x1b[31m",
    "a\u202eb",
    "\u2066x",
    "\n2026-01-01 00:00:00 task 'pay' success",
    "\ud800",
    "&lt;img src=x&gt;",
]


@pytest.mark.parametrize("payload", PAYLOADS)
def test_html_holds_no_markup_of_the_text(payload: str) -> None:
    """No sign of the text can open a tag, end an attribute or move the cursor."""
    html = as_html(payload)
    assert not set("<>\"'\x1b\x07\u202e\u2066\ud800") & set(html)
    assert "&lt;" not in html or "<" in payload or "&" in payload


def test_escapes_are_shown() -> None:
    """A terminal escape is seen as what it is."""
    assert r"\x1b[31mred\u202e" == printable("\x1b[31mred\u202e")


def test_newlines_stay_in_texts_and_not_in_cells() -> None:
    """A newline in a name can't forge a row."""
    assert "a\nb\tc" == printable("a\nb\tc")
    assert r"a\nb" == one_line("a\nb")


def test_long_lines_are_cut() -> None:
    """A cell of a table has a bound."""
    assert "x" * 9 + "…" == one_line("x" * 1000, 10)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b]8;;http://host\x07link\x1b]8;;\x07", "link"),
        ("\x1b[2J\x1b[Hgone", "gone"),
        ("\x9b31mred", "red"),
        ("1%\r50%\rdone\nnext\r\n", "done\nnext\n"),
        ("half\r", "half"),
        ("windows\r\nlines", "windows\nlines"),
        ("a\u202eb", "a\\u202eb"),
        ("bell\x07", "bell\\x07"),
        ("lone \ud800", "lone \\ud800"),
        ("<b>\ttab & text</b>", "<b>\ttab & text</b>"),
        ("\x1b]8;;evil\nnext", "\nnext"),
    ],
)
def test_terminal_text_is_what_a_terminal_would_leave(text: str, left: str) -> None:
    """Escapes and overwritten lines go, an open escape ends with its line, markup stays what it is: text."""
    assert left == terminal_text(text)


@pytest.mark.parametrize("text", ["naïve", "日本", "👩\u200d🔬", "می\u200cخواهم", "1\u0601", "a\u0301"])
def test_writing_of_all_kinds_is_left_alone(text: str) -> None:
    """Joiners belong to scripts and to emoji, combining marks to letters."""
    assert text == printable(text)


def test_every_character_that_acts_is_spelt() -> None:
    """All of Unicode's controls, halves and line breaks, and what turns directions."""
    acting = [
        chr(code) for code in range(0x110000) if unicodedata.category(chr(code)) in {"Cc", "Cs", "Zl", "Zp"}
    ]
    turning = {
        "\u061c",
        "\u200e",
        "\u200f",
        *map(chr, range(0x202A, 0x202F)),
        *map(chr, range(0x2066, 0x206A)),
    }
    assert {"\t", "\n"} == {char for char in {*acting, *turning} if printable(char) == char}


def test_a_limit_holds() -> None:
    """And says that something is missing."""
    assert "x" * 9 + "…" == clip("x" * 500, 10)
    assert "short" == clip("short", 10)
