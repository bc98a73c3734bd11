"""Splitting the line of a magic."""

from __future__ import annotations

import pytest
from IPython.core.error import UsageError

from rocket_magic.notebook._line import assignment, unquoted, words


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("run load", ["run", "load"]),
        ("run 'my task'", ["run", "my task"]),
        ('run "it\'s"', ["run", "it's"]),
        ("run load prices=Return('load') n=[1, 2]", ["run", "load", "prices=Return('load')", "n=[1, 2]"]),
        ("five o'clock", ["five", "o'clock"]),
        ("  spaced   out ", ["spaced", "out"]),
        ("", []),
        ("k='a b'", ["k='a b'"]),
    ],
)
def test_words(line: str, expected: list[str]) -> None:
    """Quotes and brackets hold a word together; assignments keep the quotes of their value."""
    assert expected == [word.value for word in words(line)]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("run 'load", "the quote ' isn't closed\n    run 'load\n        ^"),
        ("run load k=(1, 2", "the bracket '(' isn't closed\n    run load k=(1, 2\n               ^"),
    ],
)
def test_unclosed(line: str, message: str) -> None:
    """The caret stands under what isn't closed."""
    with pytest.raises(UsageError) as caught:
        words(line)
    assert message == str(caught.value)


def test_assignment() -> None:
    """A comparison is no assignment."""
    assert ("k", "1 + 1") == assignment("k = 1 + 1".replace(" = ", "=", 1))
    assert assignment("k==1") is None
    assert assignment("1k=2") is None


def test_unquoted() -> None:
    """One pair of quotes goes, two pieces stay as they are."""
    assert "a b" == unquoted("'a b'")
    assert "'a' 'b'" == unquoted("'a' 'b'")
    assert "'a" == unquoted("'a")
