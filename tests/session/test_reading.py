"""Conditions are read once, and equal ones are shared where equality is sameness."""

from __future__ import annotations

import pytest

from rocket_magic.conditions import BaseCondition, CustomPhrase, FuncCond
from rocket_magic.conds import daily, every, true
from rocket_magic.session import _reading
from rocket_magic.session._reading import ConditionReader


def test_equal_texts_share_one_condition() -> None:
    """Ten thousand tasks with one text keep one condition."""
    reader = ConditionReader()
    assert reader.read("daily between 10:00 and 12:00", ()) is reader.read(
        "daily between 10:00 and 12:00", ()
    )


@pytest.mark.parametrize("condition", [every("1 min"), FuncCond(lambda: True)], ids=str)
def test_what_may_hold_a_users_object_is_taken_as_it_is(condition: BaseCondition) -> None:
    """Only kinds whose equality is sameness in every respect are shared."""
    assert ConditionReader().read(condition, ()) is condition


def test_a_phrase_of_the_sessions_own_is_read_anew() -> None:
    """A text that became a phrase of the session's own means that phrase from then on."""
    reader, phrases = ConditionReader(), []
    with pytest.raises(ValueError, match="is sunny"):
        reader.read("is sunny", phrases)
    before = reader.read("daily", phrases)
    phrases.append(CustomPhrase("is sunny", lambda: true))
    assert (true, before) == (reader.read("is sunny", phrases), reader.read("daily", phrases))


def test_what_is_shared_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Texts made up without end don't fill the memory."""
    monkeypatch.setattr(_reading, "_MOST_SHARED", 3)
    reader = ConditionReader()
    for minute in range(10):
        reader.read(f"daily after 10:{minute:02}", ())
    assert len(reader._shared) <= 3
    assert daily == reader.read("daily", ())
