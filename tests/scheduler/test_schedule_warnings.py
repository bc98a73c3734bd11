"""Schedules that can't have been meant are told when the scheduler starts, and when a task is added."""

from __future__ import annotations

import logging

import pytest

from rocket_magic.conds import daily, time_of_day, true, weekly
from rocket_magic.core import BaseCondition
from rocket_magic.testing import rehearsal


def _warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [
        one.getMessage()
        for one in caplog.records
        if one.name == "rocketry.scheduler" and one.levelname == "WARNING"
    ]


def test_odd_schedules_are_told_with_what_was_meant(caplog: pytest.LogCaptureFixture) -> None:
    """At the start and when one is added; each once, sound ones not at all."""
    app = rehearsal(execution="main")
    app.task(daily & weekly.on("Sat") & weekly.on("Sun"), name="never")(print)
    app.task(time_of_day.between("10:00", "12:00"), name="again")(print)
    app.task(daily, name="sound")(print)
    app.step("1 s")
    never, again = _warnings(caplog)
    assert never.startswith("Task 'never': ")
    assert "can never be true" in never or "never open at once" in never
    assert "'daily between 10:00 and 12:00' starts it once" in again
    caplog.clear()
    app.task(true, name="busy", disabled=True)(print)
    app.step("1 s")
    assert ["Task 'busy': 'true' is always true: the task starts again as soon as it has ended"] == _warnings(
        caplog
    )


def test_a_forecast_warns_of_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """It is a question about tasks whose owner has been told."""
    app = rehearsal(execution="main")
    app.task(time_of_day.between("10:00", "10:01") & daily.at("10:00"), name="once")(print)
    app.task(time_of_day.after("23:59"), name="again")(print)
    app.forecast("1 hour")
    assert [] == _warnings(caplog)


def test_a_schedule_that_cannot_be_checked_starts_all_the_same(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Advice never stops a scheduler; a user's period may raise when it is asked for decades."""

    def fail(condition: BaseCondition) -> list[str]:
        raise ValueError(str(condition))

    monkeypatch.setattr("rocket_magic.scheduler._schedule_warnings.lint_schedule", fail)
    app = rehearsal(execution="main")
    app.task(daily, name="sound")(lambda: 7)
    with caplog.at_level(logging.DEBUG, "rocketry.scheduler"):
        app.step("1 s")
    assert app.session["sound"].status == "success"
    assert "The schedule of task 'sound' can't be checked: daily" in caplog.text
