"""How a task stands."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace

import pytest

from rocket_magic.notebook._standing import status_note, status_word
from tests.dashboard.fakes import FakeTask


@pytest.mark.parametrize(
    ("task", "word", "note"),
    [
        (FakeTask("a"), "not run yet", ""),
        (FakeTask("a", status="success", last_error="an old one"), "succeeded", ""),
        (FakeTask("a", status="fail", last_error="ValueError: 1"), "failed", "ValueError: 1"),
        (FakeTask("a", status="success", problem="never true"), "succeeded", "never true"),
        (FakeTask("a", status="fail", disabled=True), "disabled", ""),
    ],
)
def test_word_and_note(task: FakeTask, word: str, note: str) -> None:
    """The note tells of what is wrong now, not of an error that a later success has healed."""
    assert (word, note) == (status_word(task), status_note(task))


def test_a_termination_says_why() -> None:
    """The reason of the newest run."""
    ended = [SimpleNamespace(reason="terminate() was called"), SimpleNamespace(reason="timeout: 1 s")]
    task = dataclasses.replace(FakeTask("a", status="terminate"), recent=ended)
    assert ("terminated", "timeout: 1 s") == (status_word(task), status_note(task))
