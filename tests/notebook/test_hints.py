"""What error messages point at."""

from __future__ import annotations

from rocket_magic.notebook._hints import caret, did_you_mean


def test_closest_word_is_named() -> None:
    """A near miss names the word, a far one nothing."""
    assert " (did you mean 'daily'?)" == did_you_mean("dialy", ["daily", "weekly"])
    assert "" == did_you_mean("xyz", ["daily"])


def test_caret_stands_under_the_place() -> None:
    """Also in a text too long to be shown whole."""
    assert "    evry 10 s\n    ^^^^" == caret("evry 10 s", 0, 4)
    shown, mark = caret("a" * 200 + "!" + "b" * 200, 200).splitlines()
    assert "!" == shown[mark.index("^")]
