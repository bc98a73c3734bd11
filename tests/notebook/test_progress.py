"""How far something is, shown in the cell."""

from __future__ import annotations

import html.parser
import threading
from typing import Any

import pytest

from rocket_magic.notebook import _progress
from rocket_magic.notebook._progress import Progress, Stage


def test_a_stage_shows_as_bar() -> None:
    """As text and as HTML; an end that nobody knows has no share."""
    assert "[###############               ] half" == repr(Stage("half", 0.5))
    assert 'value="1.000"' in Stage("over", 7.0)._repr_html_()
    assert "soon …" == repr(Stage("soon", None))
    assert "<progress></progress>" in Stage("soon", None)._repr_html_()
    assert "" == repr(Stage("", None)) == Stage("", None)._repr_html_()


def test_names_in_a_stage_stay_text() -> None:
    """What a task is called is escaped."""
    parser = html.parser.HTMLParser()
    found: list[str] = []
    parser.handle_starttag = lambda tag, _attrs: found.append(tag)
    parser.feed(Stage("<script>\u202e", 0.1)._repr_html_())
    assert ["div", "progress"] == found


class Terminal:
    """A stream that claims to be a terminal."""

    def __init__(self) -> None:
        self.text = ""
        self.wrote = threading.Event()

    def isatty(self) -> bool:
        """It is one."""
        return True

    def write(self, text: str) -> None:
        """Keep it."""
        self.text += text
        if "there" in self.text:
            self.wrote.set()

    def flush(self) -> None:
        """Nothing waits."""


def test_a_terminal_gets_a_line_that_is_taken_away(shell: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what takes long is shown; the line is empty in the end."""
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    with Progress(shell, lambda: Stage("there", None)):
        pass
    assert "" == terminal.text
    monkeypatch.setattr(_progress, "_PATIENCE", 0.0)
    monkeypatch.setattr(_progress, "_PAUSE", 0.01)
    with Progress(shell, lambda: Stage("there", None)):
        assert terminal.wrote.wait(10)
    assert terminal.text.endswith(f"\r{'':<79}\r")
