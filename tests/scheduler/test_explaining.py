"""Why a task runs or doesn't: everything that holds it, and its condition's tree, now and in the past."""

from __future__ import annotations

import pytest

from rocket_magic import Rocketry, VirtualClock
from rocket_magic._protocols import Action
from rocket_magic.args import Clock
from rocket_magic.conds import (
    after_all_success,
    after_any_fail,
    after_crash,
    after_fail,
    after_finish,
    after_inaction,
    after_success,
    after_terminate,
    crashed,
    cron,
    daily,
    every,
    failed,
    finished,
    hourly,
    inacted,
    minutely,
    monthly,
    retry,
    running,
    scheduler_cycles,
    scheduler_running,
    started,
    succeeded,
    terminated,
    time_of_day,
    time_of_hour,
    time_of_minute,
    time_of_month,
    time_of_week,
    true,
    weekly,
)
from rocket_magic.execution import Outcome
from rocket_magic.forecast import SimulatedExecutor
from rocket_magic.instants import HOUR, MINUTE, NEVER, POLL


def holding(app: Rocketry, name: str) -> dict[str, str]:
    """What holds a task, beside its condition."""
    return {node.text: node.reason for node in app.session.explain(name).children[:-1]}


def test_a_disabled_task_says_so(app):
    """Beside its condition, which is true."""
    app.task("true", name="a", func=lambda: None, disabled=True)
    app.step(1)
    why = app.session.explain("a")
    assert (why.state, why.reason) == (False, "the task is disabled")
    assert why.children[-1].state is True


def test_a_scheduler_that_does_not_run_holds_everything(app):
    """Before its start."""
    app.task("true", name="a", func=lambda: None)
    assert holding(app, "a") == {"scheduler runs": "the scheduler is stopped"}


def test_a_held_scheduler_holds_everything(app):
    """Until it is resumed."""
    app.task(hourly, name="a", func=lambda: None)
    app.step(1)
    app.session.scheduler.on_hold = True
    app.step("2 hours")
    assert holding(app, "a") == {"scheduler not on hold": "the scheduler is on hold"}
    assert app.session.explain("a").children[-1].state is True


def test_a_run_in_flight_holds_the_next_one():
    """And says that it was asked to end."""
    app = Rocketry(time_func=VirtualClock("2026-01-01"), execution="thread", timeout="never")
    app.task(hourly, name="a", func=lambda clock=Clock(): clock.sleep(36_000))
    app.step("90 min")
    assert holding(app, "a") == {"not running": "1 run of it in flight"}
    app.session["a"].terminate()
    app.step(1, wait_for_runs=False)
    assert "asked to end" in holding(app, "a")["not running"]
    app.step("12 hours", wait_for_runs=False)
    app.session.stop(force=True)


def test_the_process_limit_is_named():
    """With its number."""
    app = Rocketry(time_func=VirtualClock("2026-01-01"), execution="thread", max_process_count=1)
    for name in "ab":
        app.task("daily", name=name, func=lambda: None, execution="process")

    class Endless:
        def next_run(self, run_id, task_name):
            return HOUR, Outcome(run_id, Action.SUCCESS)

    clock = app.session.clock
    app.session.executors.register("process", lambda _: SimulatedExecutor("process", clock, Endless()))
    app.step("1 min")
    assert holding(app, "b") == {"free to start": "max_process_count: 1 process runs are in flight"}


def test_a_condition_error_is_told(app):
    """The node has no state, and the problem is named."""

    @app.cond()
    def broken():
        raise OSError("no such disk")

    app.session.config.silence_cond_check = True
    app.task(broken, name="a", func=lambda: None)
    app.step(1)
    why = app.session.explain("a")
    assert why.children[-1].state is None
    assert "no such disk" in why.children[-1].reason
    assert "no such disk" in holding(app, "a")["no problem"]


def test_a_barred_task_says_why(app):
    """It isn't started by itself."""
    app.task(hourly, name="a", func=lambda: None)
    app.session["a"].barred = "its last 3 runs were cut off"
    app.step(1)
    assert holding(app, "a")["safe to start"] == "its last 3 runs were cut off"


def test_startup_tasks_are_no_part_of_the_schedule(app):
    """Said in words."""
    app.task(None, name="a", func=lambda: None, on_startup=True)
    app.step(1)
    assert holding(app, "a") == {"part of the schedule": "it runs only at startup or shutdown"}


def test_a_queued_run_by_hand_starts(app):
    """Whatever the condition says."""
    app.task(None, name="a", func=lambda: None)
    app.step(1)
    app.session.scheduler.on_hold = True
    app.session["a"].run()
    app.step(1)
    why = app.session.explain("a")
    assert (why.state, why.reason) == (True, "1 run by hand queued")


class TestThePast:
    """An explanation of an earlier instant, from the log."""

    def test_the_history_is_cut_off_there(self, app):
        """Due at ten; after that run not any more."""
        app.task("daily at 10:00", name="a", func=lambda: None)
        app.step("3 days")
        at_ten = app.session.explain("a", at="2026-01-02 10:00")
        assert at_ten.state is True
        assert at_ten.reason.startswith("it was to start")
        later = app.session.explain("a", at="2026-01-02 10:01")
        assert later.state is False
        assert "2026-01-03" not in later.reason
        assert later.changes_at == app.session.clock.instant("2026-01-03 10:00")

    def test_a_run_that_was_in_flight_is_known(self):
        """It held the task then, though not now."""
        app = Rocketry(time_func=VirtualClock("2026-01-01"), execution="thread", timeout="never")
        app.task("daily at 10:00", name="a", func=lambda clock=Clock(): clock.sleep(3600))
        app.step("1 day")
        why = app.session.explain("a", at="2026-01-01 10:30")
        assert (why.state, why.reason) == (False, "1 run of it in flight")
        assert app.session.explain("a", at="2026-01-01 11:30").reason != why.reason
        app.session.stop()

    def test_a_pipeline_sees_what_had_ended_by_then(self, app):
        """The other task's records are cut off as well."""
        app.task("daily at 10:00", name="load", func=lambda: None)
        app.task(after_success("load") & time_of_day.after("12:00"), name="store", func=lambda: None)
        app.step("1 day")
        tree = app.session.explain("store", at="2026-01-01 09:00").children[-1]
        assert [part.state for part in tree.children] == [False, False]
        tree = app.session.explain("store", at="2026-01-01 11:00").children[-1]
        assert [part.state for part in tree.children] == [True, False]


CONDITIONS = [
    daily, daily.between("10:00", "12:00"), daily.after("14:00"), hourly, hourly.after("30:00"), minutely,
    weekly, weekly.on("Fri"), monthly, cron("30 */2 * * *"), every("50 min"), every("50 min", based="finish"),
    time_of_day.between("12:00", "14:00"), time_of_hour.after("30:00"), time_of_minute.before("30"),
    time_of_week.on("Thu"), time_of_month.after("5th"), retry(2), retry(1, delay="30 min"),
    after_success("load"), after_fail("load"), after_finish("load"), after_terminate("load"),
    after_inaction("load"), after_crash("load"), after_all_success("load", "own"),
    after_any_fail("load", "own"), succeeded("load").today >= 2, failed("load").this_hour,
    finished("load").past("90 min") > 1, started("load").today, inacted("load"), terminated("load"),
    crashed("load"), succeeded.today, running, running("load").more_than("10 min"),
    scheduler_running("5 hours"), scheduler_cycles() >= 3, true, daily & time_of_day.after("11:00"),
    hourly | after_success("load"),
    ~time_of_day.between("11:00", "13:00"),
]  # fmt: skip
CERTAIN = [
    daily.between("10:00", "12:00"), cron("30 */2 * * *"), every("50 min"),
    time_of_day.between("12:00", "14:00"), time_of_hour.after("30:00"), time_of_minute.before("30"),
    weekly.on("Fri"), finished("load").past("90 min") >= 1, scheduler_running("10 hours"),
    ~time_of_day.between("11:00", "13:00"),
]  # fmt: skip
"""Conditions whose answer does differ at the instant they name."""


@pytest.fixture
def lived(app):
    """An application with a morning behind it; its clock stands at 09:45:20."""
    app.task(hourly, name="load", func=lambda: None)
    app.task("every 50 min", name="own", func=lambda: None)
    app.step("585 min 20 s")
    return app


@pytest.mark.parametrize("condition", CONDITIONS, ids=str)
def test_every_condition_is_explained_and_keeps_its_promise(lived, condition):
    """Without events the answer stays as it is until `changes_at`."""
    session = lived.session
    session["own"].start_cond = condition
    context = session.context(session["own"])
    why = session.explain("own").children[-1]
    assert why.state is condition.holds(context)
    assert why.reason
    assert why.text == str(condition)
    if why.changes_at == POLL:
        return
    end = min(why.changes_at, context.now + 40 * 24 * HOUR)
    step = max((end - context.now) // 50, 1)
    moments = [*range(context.now, end, step), end - 1]
    assert {condition.holds(context.at(moment)) for moment in moments} == {why.state}


@pytest.mark.parametrize("condition", CERTAIN, ids=str)
def test_the_answer_is_another_when_the_clock_is_moved_to_changes_at(lived, condition):
    """The promise is not an empty one."""
    session = lived.session
    context = session.context(session["own"])
    session["own"].start_cond = condition
    why = session.explain("own").children[-1]
    assert context.now < why.changes_at < NEVER
    assert condition.holds(context.at(why.changes_at)) is not why.state
    assert condition.holds(context.at(why.changes_at - 1)) is why.state
    assert why.changes_at - context.now <= 24 * 60 * MINUTE
