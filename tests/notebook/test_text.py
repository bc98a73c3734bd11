"""Untrusted text made safe."""

from __future__ import annotations

import pytest

from rocket_magic.notebook._text import as_html, caret, did_you_mean, one_line, printable, stream_text

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


def test_progress_bars_overwrite_their_line() -> None:
    """Only what a terminal would still show is left of a line that was written several times."""
    assert "done\nnext\n" == stream_text("1%\r50%\rdone\nnext\r\n")


def test_closest_word_is_named() -> None:
    """A near miss names the word, a far one nothing."""
    assert " (did you mean 'daily'?)" == did_you_mean("dialy", ["daily", "weekly"])
    assert "" == did_you_mean("xyz", ["daily"])


def test_caret_stands_under_the_place() -> None:
    """Also in a text too long to be shown whole."""
    assert "    evry 10 s\n    ^^^^" == caret("evry 10 s", 0, 4)
    shown, mark = caret("a" * 200 + "!" + "b" * 200, 200).splitlines()
    assert "!" == shown[mark.index("^")]
