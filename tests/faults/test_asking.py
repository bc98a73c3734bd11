"""Conditions, arguments and schedules that raise, hang, go in circles or make no sense."""

from __future__ import annotations

import json
import logging
import threading
from pathlib import Path

import pytest

from rocket_magic import Rocketry, VirtualClock
from rocket_magic.args import Arg, FuncArg, Return
from rocket_magic.conds import after_success, cron, daily, every, running, succeeded
from rocket_magic.exc import RocketMagicError
from rocket_magic.instants import SECOND
from tests.crash.oracle import violations
from tests.faults.support import Heart, actions, wait_for

CASES = json.loads((Path(__file__).parent.parent / "data" / "time_cases.json").read_text())


def told(caplog, words: str) -> list[str]:
    """The messages with these words."""
    return [record.getMessage() for record in caplog.records if words in record.getMessage()]


def test_a_condition_that_raises_for_long_is_told_once(caplog):
    """F19, I3, I4: on its task and on the logger, not a thousand times; it starts when it answers again."""
    app = Rocketry(execution="main", silence_cond_check=True, time_func=VirtualClock("2026-01-01"))
    state = {"broken": True}

    @app.cond("is odd")
    def is_odd():
        if state["broken"]:
            raise ValueError("no number")
        return True

    app.task("is odd", name="odd", func=lambda: None)
    app.task(every("1 min"), name="other", func=lambda: None)
    app.step("10 min")
    assert len(told(caplog, "no number")) == 1
    assert "no number" in app.session.snapshot_task("odd").problem
    assert len(actions(app, "other")) == 22
    assert actions(app, "odd") == []
    state["broken"] = False
    app.session["odd"].start_cond = "is odd & every 1 hour"
    app.step("1 min")
    assert actions(app, "odd") == ["run", "success"]
    assert app.session.snapshot_task("odd").problem is None
    app.session.stop()


def test_an_end_condition_that_raises_for_long_is_told_once(caplog):
    """F20, I4: the run goes on and ends as it would have."""
    app = Rocketry(execution="thread", silence_cond_check=True, time_func=VirtualClock("2026-01-01"))

    @app.cond()
    def broken():
        raise ValueError("no number")

    def long(clock):
        clock.sleep(600)

    app.task(None, name="long", func=long, end_cond=broken, parameters={"clock": app.session.clock})
    app.session["long"].run()
    app.step("20 min")
    assert actions(app, "long") == ["run", "success"]
    assert len(told(caplog, "no number")) == 1
    app.session.stop()


def slow_once(app, seconds):
    """A condition that takes its time when it is first asked, and whether it was."""
    asked = threading.Event()

    @app.cond()
    def slow():
        if not asked.is_set():
            asked.set()
            threading.Event().wait(seconds)
        return False

    return slow, asked


def test_a_slow_condition_makes_others_late_and_loses_nothing(machine):
    """F21: each start that was due while it took its time is made, once."""
    app = Rocketry(execution="thread")
    slow, asked = slow_once(app, 0.5)
    app.task(slow, name="never", func=lambda: None)
    app.task(every("1 hour"), name="due", func=lambda: None)
    heart = Heart(app)
    app.session.start_thread()
    assert asked.wait(5)
    begun = app.session.clock.uptime()
    app.session.snapshot()
    assert app.session.clock.uptime() - begun < (0.25 + machine.lag) * SECOND
    heart.goes_on()
    wait_for(lambda: actions(app, "due") == ["run", "success"])
    assert app.session.stop(wait=5)
    assert violations(app.session.get_task_log()) == []


def test_a_slow_condition_is_named(caplog):
    """F21: "condition of 'never' has taken n s", while it does or right after."""
    app = Rocketry(execution="thread")
    slow, asked = slow_once(app, 1.2)
    app.task(slow, name="never", func=lambda: None)
    heart = Heart(app)
    with caplog.at_level(logging.WARNING, "rocketry.scheduler"):
        app.session.start_thread()
        assert asked.wait(5)
        heart.goes_on()
        heart.goes_on()
        assert app.session.stop(wait=5)
    assert told(caplog, "never")
    assert "has taken 1.2 s" in told(caplog, "never")[0]


def test_a_pipeline_of_a_task_that_is_missing():
    """F22: not true, and `why` says so; it works as soon as the task is there."""
    app = Rocketry(execution="main", time_func=VirtualClock("2026-01-01"))
    app.task(after_success("nope"), name="next", func=lambda: None)
    app.step("1 hour")
    assert actions(app, "next") == []
    assert "nope" in str(app.session.explain("next"))
    assert "does not exist" in str(app.session.explain("next"))
    app.task(every("1 hour"), name="nope", func=lambda: None)
    app.step("10 min")
    assert actions(app, "next") == ["run", "success"]
    app.session.stop()


class TestReferencesToThemselves:
    """F23: named, or harmless; the scheduler lives."""

    @pytest.fixture
    def app(self, clock):
        app = Rocketry(execution="main", time_func=clock, silence_task_prerun=True)
        app.task(every("10 min"), name="other", func=lambda: None)
        yield app
        assert app.session.scheduler.state == "running"
        assert len(actions(app, "other")) == 14
        app.session.stop()

    def test_a_task_after_itself(self, app, caplog):
        """F23: it can never start, and a warning says so."""
        app.task(after_success("x"), name="x", func=lambda: None)
        app.step("1 hour")
        assert actions(app, "x") == []
        assert "x" in str(app.session.explain("x"))

    @pytest.mark.parametrize("names", [("x",), ("x", "y"), ("x", "y", "z")])
    def test_a_circle_of_after_draws_a_warning(self, app, caplog, names):
        """F23: it names the circle."""
        for i, name in enumerate(names):
            app.task(after_success(names[(i + 1) % len(names)]), name=name, func=lambda: None)
        app.step("1 hour")
        circle = " -> ".join((*names, names[0]))
        assert told(caplog, circle) or circle in str(app.session.snapshot_task("x").problem)

    def test_two_tasks_after_each_other_can_be_set_off_by_hand(self, app):
        """F23: a circle is a schedule once somebody starts it; each start has its cause."""
        app.task(after_success("y"), name="x", func=lambda: None)
        app.task(after_success("x"), name="y", func=lambda: None)
        app.step("30 min")
        assert actions(app, "x") == actions(app, "y") == []
        app.step("30 min")
        app.session["x"].disabled = True
        app.session["x"].run()
        app.step(1)
        assert actions(app, "y") == ["run", "success"]

    @pytest.mark.parametrize(
        "schedule", ["daily & task 'x' has succeeded this hour", succeeded(task="x") >= 1, running("x")]
    )
    def test_a_condition_about_the_task_itself(self, app, schedule):
        """F23: just a condition that isn't true yet."""
        app.task(schedule, name="x", func=lambda: None)
        app.step("1 hour")
        assert actions(app, "x") == []

    def test_return_of_itself(self, app):
        """F23: there is none at the first run, so it fails and says which; then by default."""
        app.task(every("1 hour"), name="x", func=lambda v=Return("x"): v)
        app.task(every("1 hour"), name="y", func=lambda v=Return("y", default=0): v + 1)
        app.step("1 hour")
        rows = app.session.get_task_log(task_name="x", action="fail")
        assert "'x'" in rows[0].exc_text
        assert app.session.returns["y"] == 2

    def test_an_argument_function_that_calls_itself(self, app):
        """F23, S60: the run fails and the error draws the circle."""

        def own(v=None):
            return v

        argument = FuncArg(own)
        argument.kwargs["v"] = argument
        app.task(every("1 day"), name="x", func=lambda v=argument: v)
        app.step("1 hour")
        assert "own -> own" in app.session.get_task_log(task_name="x", action="fail")[0].exc_text

    def test_a_parameter_that_is_itself(self, app):
        """F23, S60."""
        app.params(p=Arg("p"), a=Arg("b"), b=Arg("a"))
        app.task(every("1 day"), name="x", func=lambda p: p)
        app.task(every("1 day"), name="y", func=lambda a: a)
        app.step("1 hour")
        assert "p -> p" in app.session.get_task_log(task_name="x", action="fail")[0].exc_text
        assert "b -> a -> b" in app.session.get_task_log(task_name="y", action="fail")[0].exc_text


def test_a_condition_inside_itself():
    """F23: one that asks itself ends in an error of its own task; the others go on."""
    app = Rocketry(execution="main", time_func=VirtualClock("2026-01-01"), silence_cond_check=True)

    @app.cond()
    def endless():
        return endless.observe(session=app.session)

    app.task(endless, name="x", func=lambda: None)
    app.task(every("10 min"), name="other", func=lambda: None)
    app.step("3 s")
    assert actions(app, "x") == []
    assert "endless" in app.session.snapshot_task("x").problem
    assert actions(app, "other") == ["run", "success"]
    app.session.stop()


def test_an_argument_that_fails_with_a_long_message():
    """F9: the text of a run that couldn't be started is cut like any other."""
    app = Rocketry(execution="main", time_func=VirtualClock("2026-01-01"), silence_task_prerun=True)

    def shout():
        raise ValueError("x" * 5_000_000)

    app.task(daily, name="x", func=lambda v=FuncArg(shout): v, execution="thread")
    app.session.config.param_materialize = "pre"
    app.step(1)
    app.session.stop()
    row = app.session.get_task_log(task_name="x", action="fail")[0]
    assert len(row.exc_text) < 70_000
    assert len(row.reason) < 70_000
    assert "rocket_magic/scheduler" not in row.exc_text


BAD = sorted({row["schedule"] for row in CASES if row["id"].startswith("bad-")})


@pytest.mark.parametrize("text", BAD)
def test_a_bad_schedule_is_refused_at_registration(text):
    """F24, T9: the task isn't there, and the others run on."""
    app = Rocketry(execution="main", time_func=VirtualClock("2026-01-01"))
    app.task(daily, name="other", func=lambda: None)
    app.step(1)
    for schedule in (lambda: cron(text), lambda: f"cron {text}"):
        with pytest.raises(RocketMagicError):
            app.task(schedule(), name="bad", func=lambda: None)
    assert "bad" not in app.session
    app.step("1 day")
    assert len(actions(app, "other")) == 4
    app.session.stop()
