"""Schedules as phrases and as Python expressions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from IPython.core.error import UsageError

from rocket_magic import conds
from rocket_magic.notebook._python import evaluate
from rocket_magic.notebook._schedule import read_condition, with_retries


def read(text: str, namespace: dict[str, Any] | None = None) -> Any:
    """Read a schedule that is the whole line."""
    return read_condition(text, namespace or {}, (), text, 0, "schedule")


def test_phrases() -> None:
    """The phrase language needs no quotes."""
    assert conds.every("10 s") == read("every 10 s")
    assert read("") is None


def test_expressions_need_no_import() -> None:
    """The short names of conditions are known; the user's own names win."""
    assert (conds.daily.at("10:00") | conds.retry(3)) == read('daily.at("10:00") | retry(3)')
    mine = conds.every("1 s")
    assert mine == read("mine", {"mine": mine})
    assert (conds.daily & mine) == read("daily & mine", {"mine": mine})


def test_retries() -> None:
    """`--retry` is OR-ed to the schedule, and stands alone without one."""
    assert (conds.daily | conds.retry(2)) == with_retries(conds.daily, 2)
    assert conds.retry(2) == with_retries(None, 2)
    assert conds.daily == with_retries(conds.daily, None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "evry 10 s",
            (
                "bad schedule: expected a condition, like 'daily' or 'every 10 min' at 1, got 'evry'; "
                "did you mean 'every 10 s'?\n    evry 10 s\n    ^^^^"
            ),
        ),
        (
            "dialy.at('10:00')",
            (
                "bad schedule: name 'dialy' is not defined (did you mean 'daily'?)\n"
                "    dialy.at('10:00')\n    ^^^^^^^^^^^^^^^^^"
            ),
        ),
    ],
)
def test_mistakes(text: str, message: str) -> None:
    """A bad schedule is a line, a caret and the closest valid phrase."""
    with pytest.raises(UsageError) as caught:
        read(text)
    assert message == str(caught.value)


def test_expressions_that_raise() -> None:
    """What a condition refuses is told without a traceback."""
    with pytest.raises(UsageError, match="bad schedule: "):
        read("every('nonsense')")
    with pytest.raises(UsageError, match="bad schedule: "):
        read("number", {"number": 5})


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('touch CANARY')",
        "open('CANARY', 'w')",
        "daily.__class__.__mro__[1].__subclasses__()",
        "exec('1')",
    ],
)
def test_phrases_are_not_code(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Text with unknown names or private attributes is refused, never evaluated."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError):
        read(text)
    assert not (tmp_path / "CANARY").exists()


def test_evaluate() -> None:
    """Parameters are Python in the user's namespace; argument classes need no import."""
    assert 6 == evaluate("x * 2", {"x": 3}, "--param k")
    assert "Return" in repr(evaluate("Return('load')", {}, "--param k"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 +", "--param k: invalid syntax\n    1 +\n       ^"),
        ("Retrun('x')", "--param k: name 'Retrun' is not defined (did you mean 'Return'?)\n"),
        ("1 / 0", "--param k: ZeroDivisionError: division by zero\n    1 / 0\n    ^^^^^"),
    ],
)
def test_bad_parameters(text: str, message: str) -> None:
    """Each mistake is told with a caret."""
    with pytest.raises(UsageError) as caught:
        evaluate(text, {}, "--param k")
    assert str(caught.value).startswith(message)
