"""The shut condition: what is said of one that can't be met."""

from __future__ import annotations

import logging

import pytest

from rocket_magic import Rocketry
from rocket_magic.conds import after_success, daily, every, running, scheduler_cycles, succeeded, time_of_day


@pytest.mark.parametrize(
    ("condition", "part"),
    [
        (daily, "daily"),
        (every("10 min"), "every 10 min"),
        (after_success("work"), "after task 'work'"),
        (running | time_of_day.after("10:00"), "running"),
        (~succeeded(), "has succeeded"),
    ],
    ids=str,
)
def test_a_condition_about_no_task(condition, part, caplog):
    """It asks about the task it belongs to, and the scheduler is none: that is said."""
    app = Rocketry(execution="main", shut_cond=condition)
    app.task(None, name="work", func=app.session.shut_down)
    app.session["work"].run()
    with caplog.at_level(logging.WARNING, "rocketry.scheduler"):
        app.run()
    (said,) = [text for text in caplog.messages if "shut_cond" in text]
    assert f"{part!r} asks about the task it belongs to, and the scheduler is none; name the task" in said


@pytest.mark.parametrize(
    "condition", [scheduler_cycles(1), succeeded(task="work"), time_of_day.after("00:00")]
)
def test_a_condition_that_can_be_met(condition, caplog):
    """Nothing is said."""
    app = Rocketry(execution="main", shut_cond=condition)
    app.task("true", name="work", func=int)
    with caplog.at_level(logging.WARNING, "rocketry.scheduler"):
        app.run()
    assert not [text for text in caplog.messages if "shut_cond" in text]
