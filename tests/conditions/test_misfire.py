"""Tests of what is told of a start that came too late for its `misfire_grace_time`."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rocket_magic import Rocketry, VirtualClock


@pytest.fixture
def late():
    """Tasks at 09:00, and a task that keeps the scheduler's thread from 08:30 to 13:00."""
    clock = VirtualClock("2026-01-01 08:00", "UTC")
    app = Rocketry(time_func=clock, timezone="UTC", execution="main", misfire_grace_time="10 min")
    app.task("daily at 08:30", name="block", func=lambda: clock.jump(timedelta(hours=4.5)))
    for name, schedule, policy in [
        ("window", "daily between 09:00 and 15:00", {}),
        ("closed", "daily between 09:00 and 10:00", {}),
        ("interval", "every 1 hour", {}),
        ("cron", "cron 0 9 * * *", {"misfire_grace_time": "1 hour"}),
        ("patient", "daily between 09:00 and 10:00", {"misfire_grace_time": "1 day"}),
        ("strict", "daily at 12:30", {"misfire_grace_time": 0}),
    ]:
        app.task(schedule, name=name, func=lambda: None, **policy)
    app.step("1 hour")
    yield app
    app.session.stop()


NEXT = "ended today at 13:00; next tomorrow at "
MISSED = "the start due today at {} was missed by misfire_grace_time: {} late, {} allowed"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("window", NEXT + "09:00; " + MISSED.format("09:00", "4 hours", "10 min")),
        ("closed", "opens tomorrow at 09:00; " + MISSED.format("09:00", "4 hours", "10 min")),
        ("cron", "next tomorrow at 09:00; " + MISSED.format("09:00", "4 hours", "1 hour")),
        ("strict", NEXT + "12:30; " + MISSED.format("12:30", "30 min", "0 s")),
        ("interval", "last start today at 13:00; due today at 14:00; "
         + MISSED.format("09:00", "4 hours", "10 min")),
    ],
)  # fmt: skip
def test_the_explanation_tells_of_the_missed_start(late, name, expected):
    """Why the task has not run: when it was due, how late that was, what was allowed; and when it is next."""
    told = late.session[name].explain()
    assert (told.state, told.reason) == (False, expected)
    assert "missed" not in told.children[-1].reason
    row = late.session.get_task_log(task_name=name)[-1]
    assert (str(row.action), row.reason) == ("inaction", expected[expected.index("missed") :])


def test_what_was_made_up_is_no_miss(late):
    """Within its grace time the start was made, late."""
    assert "missed" not in late.session["patient"].explain().reason
    assert late.session["patient"].status == "success"


def test_the_next_run_ends_it(late):
    """Once the task has run again, the miss is history; asked about the past, only what was then is told."""
    late.session["block"].disabled = True
    late.step("1 day")
    assert "missed" not in late.session["closed"].explain().reason
    assert late.session["closed"].status == "success"


def test_an_inaction_is_no_miss(late):
    """A task that found nothing to do was not missed."""
    from rocket_magic.exc import TaskInactionException

    def nothing():
        raise TaskInactionException("missed nothing")

    late.task("daily at 14:00", name="idle", func=nothing)
    late.step("2 hours")
    assert late.session["idle"].status == "inaction"
    assert "the start due" not in late.session["idle"].explain().reason
