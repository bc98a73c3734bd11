"""Completion inside the magics' lines."""

from __future__ import annotations

from typing import Any

import pytest
from IPython.core.completer import provisionalcompleter

from rocket_magic.notebook._complete import complete_rocket, complete_task


@pytest.fixture
def tasks(notebook: Any) -> Any:
    """A notebook with two tasks."""
    for name in ("load", "my report"):
        notebook.session.create_task(func=print, name=name)
    return notebook


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("st", ["status", "start", "stop", "step"]),
        ("run ", ["load", "'my report'"]),
        ("run 'my", ["'my report'"]),
        ("run l", ["load"]),
        ("run load ", []),
        ("log --a", ["--action"]),
        ("log --action f", ["fail"]),
        ("config exec", ["execution="]),
        ("clock v", ["virtual"]),
        ("step n", ["next"]),
        ("repo sq", ["sqlite:///"]),
        ("help ou", ["output"]),
        ("nonsense x", []),
        ("stop --", ["--force", "--help"]),
    ],
)
def test_rocket(tasks: Any, text: str, expected: list[str]) -> None:
    """Commands, options, tasks, actions, config keys."""
    assert expected == complete_rocket(tasks, text)[1]


@pytest.mark.parametrize(
    ("text", "some"),
    [
        ("dai", "daily"),
        ("every 10 s --ret", "--retry"),
        ("--execution pr", "process"),
        ("daily --end aft", "after"),
        ("every 10 s --now ", "--name"),
    ],
)
def test_task(tasks: Any, text: str, some: str) -> None:
    """Phrases before the options, options, and values of options."""
    assert some in complete_task(tasks, text)[1]


def test_task_names_within_phrases(tasks: Any) -> None:
    """A pipeline's task is completed by name."""
    assert any("load" in text for text in complete_task(tasks, "after task ")[1])


def test_the_shell_gives_our_words_only(loaded: Any) -> None:
    """No builtins are mixed in, also on the first line of a longer cell."""

    def candidates(text: str) -> list[str]:
        with provisionalcompleter():
            return [found.text for found in loaded.Completer.completions(text, len(text))]

    assert ["status"] == candidates("%rocket stat")
    assert ["--retry"] == candidates("%%task --retr")
    assert "print" in candidates("prin")
    assert "print" in candidates("%%task daily\nprin")
