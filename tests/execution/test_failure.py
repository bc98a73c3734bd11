"""Exceptions as text."""

from __future__ import annotations

import pytest

from rocket_magic.execution._failure import LONGEST_TEXT, exception_message, exception_text
from tests.execution import bodies


def caught(body: object) -> BaseException:
    """What calling the body raises."""
    with pytest.raises(BaseException) as info:
        body()
    return info.value


def test_long_texts_are_cut_in_the_middle() -> None:
    """The head, the tail and how much was cut."""
    text = exception_text(ValueError("a" * 100_000 + "the end"))
    assert len(text) < LONGEST_TEXT + 50
    assert text.startswith("ValueError: aaa")
    assert text.endswith("the end\n")
    assert "characters cut …]" in text


def test_an_exception_without_text() -> None:
    """`__str__` that raises is said so."""
    assert "MuteError" in exception_text(caught(bodies.mute))
    assert exception_message(caught(bodies.mute)) == (
        "MuteError: (its text can't be shown: __str__ raised RuntimeError)"
    )


def test_deep_recursion() -> None:
    """Repeated frames are folded."""
    text = exception_text(caught(bodies.recurse))
    assert "Previous line repeated" in text
    assert "RecursionError" in text


def test_lone_surrogates_are_escaped() -> None:
    """The text can be encoded."""
    assert "a\\ud800b" in exception_text(caught(bodies.surrogate))


def test_groups_and_causes() -> None:
    """Each part is shown."""
    text = exception_text(caught(bodies.group))
    assert "ValueError: first" in text
    assert "KeyError: 'second'" in text
    text = exception_text(caught(bodies.chained))
    assert "direct cause of the following exception" in text
    assert text.index("ValueError: broken") < text.index("RuntimeError: while handling")


def test_hostile_exceptions() -> None:
    """An exception that can't be taken apart at all still gives a text."""

    class HostileError(Exception):
        @property
        def __cause__(self) -> None:
            raise SystemExit

    assert exception_text(HostileError()) == "HostileError: (its traceback can't be shown: SystemExit)\n"


def test_message_is_one_short_line() -> None:
    """Line breaks become spaces, long ones are cut, empty ones show the type."""
    assert exception_message(ValueError("a\n  b")) == "ValueError: a b"
    assert exception_message(ValueError()) == "ValueError"
    assert len(exception_message(ValueError("x" * 10_000))) < 2100
