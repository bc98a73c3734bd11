"""Floor 9: what an error message points at: the closest choice, the place in the text."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from rocket_magic.notebook._text import one_line

__all__ = ["caret", "closest", "did_you_mean"]


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
