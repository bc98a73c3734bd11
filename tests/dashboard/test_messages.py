"""What a page may say."""

from __future__ import annotations

from typing import Any

import pytest

from rocket_magic.notebook.dashboard._messages import Refused, RunWith, SetOption, Show, TaskCommand, read


def test_messages_become_objects() -> None:
    """The page's own messages are read."""
    assert read({"type": "run", "view": "v1", "id": 3, "task": "load"}) == TaskCommand(
        type="run", view="v1", id=3, task="load"
    )
    assert isinstance(read({"type": "show", "view": "v1", "tab": "tasks"}), Show)
    typed = read({"type": "run_with", "view": "v1", "task": "load", "values": {"day": "'mon'"}})
    assert isinstance(typed, RunWith)
    assert typed.values == {"day": "'mon'"}
    place = {"at": 5, "run": "r1", "action": "fail", "task": "load"}
    older = read({"type": "show", "view": "v1", "tab": "log", "log_after": place})
    assert isinstance(older, Show)
    assert older.log_after is not None
    assert older.log_after.at == 5.0
    assert isinstance(read({"type": "set", "view": "v", "option": "x", "value": True}), SetOption)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "The dashboard refused a message that is not one of its own."),
        ([1], "The dashboard refused a message that is not one of its own."),
        ({}, "The dashboard refused a command that it does not know."),
        (
            {"type": "eval", "view": "v", "code": "1"},
            "The dashboard refused a command that it does not know.",
        ),
        ({"type": ["run"], "view": "v"}, "The dashboard refused a command that it does not know."),
        (
            {"type": "run", "view": "v", "task": 3},
            "The dashboard refused the field 'task': Input should be a valid string.",
        ),
        ({"type": "run", "view": "v"}, "The dashboard refused the field 'task': Field required."),
        (
            {"type": "run", "view": "v", "task": "a", "__proto__": {"x": 1}},
            "The dashboard refused the field '__proto__': Extra inputs are not permitted.",
        ),
        (
            {"type": "run", "view": "<b>", "task": "a"},
            "The dashboard refused the field 'view': String should match pattern '^[A-Za-z0-9-]+$'.",
        ),
        (
            {"type": "show", "view": "v", "limit": 10**9},
            "The dashboard refused the field 'limit': Input should be less than or equal to 200.",
        ),
        (
            {"type": "show", "view": "v", "offset": True},
            "The dashboard refused the field 'offset': Input should be a valid integer.",
        ),
        (
            {"type": "run", "view": "v", "task": "x" * 10_000_000},
            "The dashboard refused the field 'task': String should have at most 1000 characters.",
        ),
    ],
)
def test_everything_else_is_refused_with_a_sentence(content: Any, told: str) -> None:
    """A refusal names the field and the rule, and never repeats what was sent."""
    with pytest.raises(Refused) as refusal:
        read(content)
    assert str(refusal.value) == told


@pytest.mark.parametrize(
    "content",
    [
        {"type": "show", "view": "v", "sort": "__class__"},
        {"type": "set", "view": "v", "option": "x", "value": {"a": 1}},
        {"type": "set", "view": "v", "option": "x", "value": "y" * 3000},
        {"type": "run", "view": "v", "task": ""},
        {"type": "run_with", "view": "v", "task": "a", "values": {"x": 1}},
        {"type": "run_with", "view": "v", "task": "a", "values": {"x": "1" * 20_000}},
        {"type": "run_with", "view": "v", "task": "a", "values": {str(n): "1" for n in range(200)}},
        {"type": "show", "view": "v", "log_after": {"at": float("nan"), "run": "", "action": "", "task": ""}},
        {"type": "show", "view": "v", "log_after": {"at": 1.0}},
        {"type": "run", "view": "v", "task": None},
        {"type": "run", "view": "v", "task": "a", "id": -1},
        {"type": "run", "view": "v", "task": "a", "id": 1.5},
        {str(n): n for n in range(1000)},
        {"type": "run", "view": "v", "task": "a" * 5, 3: 4},
    ],
)
def test_wrong_types_and_sizes_are_refused(content: Any) -> None:
    """No shape of message gets past the schema."""
    with pytest.raises(Refused):
        read(content)
