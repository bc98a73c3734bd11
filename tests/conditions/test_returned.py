"""Tests of conditions on what a task returned, in a session: checks, forecasts, the past."""

from __future__ import annotations

import pytest

from rocket_magic import Rocketry, VirtualClock
from rocket_magic.conditions import TaskReturned
from rocket_magic.forecast import forecast
from rocket_magic.instants import HOUR


@pytest.fixture
def app():
    """A check each hour whose answers alternate, and a task that asks for them."""
    app = Rocketry(time_func=VirtualClock("2026-01-01", "UTC"), timezone="UTC", execution="main")
    answers = iter([True, False] * 50)
    app.task("every 1 hour", name="check", func=lambda: next(answers))
    app.task("every 20 min & task 'check' has returned true in past 30 min", name="work", func=lambda: None)
    yield app
    app.session.stop()


def minutes(app, name):
    """When it ran, in minutes from the start."""
    first = app.session.get_task_log()[0].created
    return [(row.created - first) / 60 for row in app.session.get_task_log(task_name=name, action="run")]


def test_results_count_for_their_time(app):
    """The task runs while the last result is true and young enough."""
    app.step("3 hours")
    assert minutes(app, "work") == [0, 20, 120, 140]
    why = app.session["work"].explain()
    assert "task 'check' returned a false value today at 03:00" in str(why)


def test_a_forecast_takes_checks_to_go_on_as_they_were(app):
    """Before the first run they are taken to be true; the forecast says so."""
    told = forecast(app.session, "2 hours")
    assert told.runs_per_task == {"work": 5, "check": 3}
    assert told.notes == ("'check' is taken to return true each time",)
    app.step("1 hour 5 min")
    told = forecast(app.session, "2 hours")
    assert "work" in told.never
    assert told.notes == ("'check' is taken to return false each time",)
    assert app.session.returns["check"] is False


def test_a_task_may_ask_for_its_own_result(app):
    """It goes on until it returns something false."""
    answers = iter([3, 2, 1, 0, 5])
    app.task("has returned true & every 1 min | daily", name="own", func=lambda: next(answers))
    app.step("1 hour")
    assert minutes(app, "own") == [0, 1, 2, 3]
    assert "'own' is taken to return false each time" in forecast(app.session, "1 hour").notes


def test_the_past_is_not_invented(app):
    """Results are not in the log: asked about an earlier time, the explanation says that it can't know."""
    app.step("2 hours")
    then = "2026-01-01 01:30"
    told = app.session.explain("work", at=then)
    assert "what task 'check' returned is not known any more" in str(told)


def test_equality():
    """By task and time."""
    assert TaskReturned("a", HOUR) == TaskReturned("a", HOUR)
    assert TaskReturned("a", HOUR) != TaskReturned("a")
