"""Tests of the links between tasks."""

from __future__ import annotations

import dataclasses

import pytest

from rocket_magic import Rocketry
from rocket_magic.conditions import DependFailure, DependFinish, DependSuccess
from rocket_magic.conds import after_any_fail, after_finish, after_success, daily, every
from rocket_magic.dependencies import Dependencies, Link, get_dependencies


def shown(app):
    """The links as text."""
    return [str(link) for link in get_dependencies(app.session)]


def test_links_of_a_pipeline():
    """Of conditions in Python and in text, below `&`, `|` and `~`, each once."""
    app = Rocketry()
    load = app.task(daily, name="load", func=lambda: None)
    check = app.task("after task 'load' & time of day after 10:00", name="check", func=lambda: None)
    app.task(
        daily & (after_any_fail("load", check) | ~after_finish("check")) | after_any_fail(check, "check"),
        name="report",
        func=lambda: None,
    )
    found = get_dependencies(app.session)
    assert found[0] == Link(load, check, DependSuccess)
    assert [link.relation for link in found] == [DependSuccess, DependFailure, DependFailure, DependFinish]
    assert shown(app) == [
        "'load' -> 'check' (DependSuccess)",
        "'load' -> 'report' (DependFailure)",
        "'check' -> 'report' (DependFailure)",
        "'check' -> 'report' (DependFinish)",
    ]
    assert len(found) == 4
    assert found.missing == ()


def test_what_is_missing_is_told_apart():
    """A name that is no task makes no link; a function becomes one when it is a task."""
    app = Rocketry()

    def late():
        """Not a task yet."""

    waits = app.task(after_success(late) & after_success("nobody"), name="waits", func=lambda: None)
    assert get_dependencies(app.session) == Dependencies((), (("late", waits), ("nobody", waits)))
    app.task(name="early")(late)
    assert shown(app) == ["'early' -> 'waits' (DependSuccess)"]
    assert get_dependencies(app.session).missing == (("nobody", waits),)


def test_nothing_else_is_a_link():
    """Schedules, and conditions on records of other tasks, make none."""
    app = Rocketry()
    app.task(every("1 hour"), name="a", func=lambda: None)
    app.task("task 'a' has succeeded today & daily", name="b", func=lambda: None)
    assert not get_dependencies(app.session)


def test_a_link_is_a_value():
    """Frozen and hashable."""
    app = Rocketry()
    task = app.task(daily, name="a", func=lambda: None)
    link = Link(task, task, DependSuccess)
    assert len({link, Link(task, task, DependSuccess)}) == 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        link.parent = None
