"""The page "Termination" (both copies): its examples and every way to end a run."""

from __future__ import annotations

import asyncio
import os
import threading
from datetime import timedelta

import pytest

from rocket_magic import Rocketry, VirtualClock
from rocket_magic.args import TerminationFlag
from rocket_magic.conds import every, failed, false, finished, started, succeeded, time_of_day
from rocket_magic.exc import ConditionError, ConfigError, TaskError, TaskTerminationException
from tests.reference.support import actions, run_until, wait_for

ENDABLE = ["async", "thread", "process"]


def do_thread(flag=TerminationFlag()):
    """The example of the page."""
    while True:
        flag.wait(0.005)  # Do something
        if flag.is_set():
            raise TaskTerminationException


async def do_async():
    """The example of the page, for ever."""
    while True:  # noqa: ASYNC110  the page's example
        # Do things
        await asyncio.sleep(0)
        # Do more


def do_things():
    """A process that is never done by itself."""
    threading.Event().wait(60)


BODIES = {"async": do_async, "thread": do_thread, "process": do_things}


def start(mode: str, app: Rocketry, **policy: object) -> None:
    """Run the session in the background with one endless run in flight."""
    app.task(None, name="long", func=BODIES[mode], execution=mode, **policy)
    app.session.start_thread()
    app.session["long"].run()
    wait_for(lambda: app.session["long"].is_running and actions(app, "long") == ["run"])


def stopped(app: Rocketry) -> bool:
    """Whether the scheduler has ended, well or not."""
    return app.session.scheduler.state in {"stopped", "crashed"}


@pytest.mark.parametrize("mode", ENDABLE)
def test_a_task_past_its_timeout_is_terminated(mode):
    """S61, S65, S66: with the reason in the record."""
    app = Rocketry()
    app.task(every("1 hour"), name="long", func=BODIES[mode], execution=mode, timeout=0.1)
    run_until(app, finished(task="long") >= 1)
    assert actions(app, "long") == ["run", "terminate"]
    assert "timeout" in app.session.get_task_log(task_name="long")[-1].reason


@pytest.mark.parametrize("mode", ENDABLE)
def test_a_task_whose_end_condition_is_true_is_terminated(mode):
    """S62."""
    app = Rocketry()
    app.task(
        every("1 hour"),
        name="long",
        func=BODIES[mode],
        execution=mode,
        end_cond=started(task="production") >= 1,
    )
    app.task(started(task="long") >= 1, name="production", func=lambda: None, execution="main")
    run_until(app, finished(task="long") >= 1)
    assert actions(app, "long") == ["run", "terminate"]
    assert "end condition" in app.session.get_task_log(task_name="long")[-1].reason


def test_main_runs_cannot_be_terminated():
    """S64: they hold the scheduler's thread."""
    clock = VirtualClock("2026-01-05")
    app = Rocketry(time_func=clock)
    late = timedelta(seconds=5)
    app.task(every("1 hour"), name="work", func=lambda: clock.jump(late), execution="main", timeout=1)
    app.step("1 min")
    assert actions(app, "work") == ["run", "success"]


@pytest.mark.parametrize("value", [0.1, "100 ms", "0.1 s", timedelta(milliseconds=100)])
@pytest.mark.parametrize("level", ["task", "session"])
def test_forms_of_a_timeout(value, level):
    """S67 to S71: number, text and timedelta, at both levels."""
    app = Rocketry(config={"timeout": value} if level == "session" else {})
    policy = {"timeout": value} if level == "task" else {}
    app.task(every("1 hour"), name="long", func=do_thread, execution="thread", **policy)
    run_until(app, finished(task="long") >= 1)
    assert actions(app, "long") == ["run", "terminate"]


def test_the_tasks_timeout_wins():
    """S67: as in the page's example."""
    app = Rocketry(config={"timeout": 0.1})

    @app.task(every("1 hour"), timeout="1 hour", execution="process")
    def do_things():
        threading.Event().wait(0.3)
        return os.getpid()

    assert app.session[do_things].timeout == timedelta(hours=1)
    run_until(app, finished(task=do_things) >= 1)
    assert actions(app, do_things) == ["run", "success"]


@pytest.mark.parametrize("value", [0, "0 s", -1])
def test_a_timeout_of_nothing_is_refused(value):
    """S68: it isn't silently the session's (B20)."""
    with pytest.raises(TaskError, match="timeout"):
        Rocketry().task(false, name="work", func=do_things, timeout=value)
    with pytest.raises(ConfigError, match="timeout"):
        Rocketry(config={"timeout": value})


def test_never_at_both_levels():
    """B: the word was understood on tasks only."""
    assert Rocketry(config={"timeout": "never"}).session.config.timeout is None
    Rocketry().task(false, name="work", func=do_things, timeout="never")


def test_the_end_condition_of_the_page(clock):
    """S72: a run is ended when its forbidden window opens."""
    from rocket_magic.args import Clock

    app = Rocketry(time_func=clock, execution="thread", timeout="never")

    @app.task(every("30 days"), end_cond=time_of_day.between("08:00", "18:00"))
    def do_things(clock=Clock(), flag=TerminationFlag()):
        while not flag.is_set():
            clock.sleep(60)
        raise TaskTerminationException

    app.step("10 hours", wait_for_runs=False)
    wait_for(lambda: len(app.session.get_task_log()) == 2 or app.step("1 min") is None)
    last = app.session.get_task_log()[-1]
    assert last.action == "terminate"
    assert "time of day between 08:00 and 18:00" in last.reason
    app.session.stop()


@pytest.mark.parametrize("how", ["shut_down", "shut_cond"])
def test_a_clean_shutdown_waits(how):
    """S73: for the run's own end."""
    app = Rocketry(execution="thread")
    go = threading.Event()
    app.task(None, name="work", func=lambda: go.wait(10))
    app.session.start_thread()
    app.session["work"].run()
    wait_for(lambda: app.session["work"].is_running)
    if how == "shut_down":
        app.session.shut_down()
    else:
        app.session.config.shut_cond = started(task="work") >= 1
    wait_for(lambda: app.session.scheduler.state == "stopping")
    assert actions(app, "work") == ["run"]
    go.set()
    wait_for(lambda: stopped(app))
    assert actions(app, "work") == ["run", "success"]


@pytest.mark.parametrize("mode", ENDABLE)
@pytest.mark.parametrize("how", ["force", "twice", "instant", "crash"])
def test_an_immediate_shutdown_terminates(mode, how):
    """S63, S74, S75, S76, S77: every run in flight, whatever its execution."""
    app = Rocketry(instant_shutdown=how == "instant")

    @app.cond()
    def broken():
        raise RuntimeError("fatal")

    start(mode, app)
    if how == "crash":
        app.task(broken, name="broken", func=do_things)
    elif how == "force":
        app.session.shut_down(force=True)
    else:
        app.session.shut_down()
        if how == "twice":
            app.session.shut_down()
    wait_for(lambda: stopped(app))
    assert actions(app, "long") == ["run", "terminate"]
    assert app.session.scheduler.state == ("crashed" if how == "crash" else "stopped")


def test_a_fatal_error_comes_out_of_run():
    """S74: after all runs have been ended."""
    app = Rocketry()

    @app.cond()
    def broken(never=False):
        if started(task="long").observe(session=app.session):
            raise RuntimeError("fatal")
        return False

    app.task(every("1 hour"), name="long", func=do_thread, execution="thread")
    app.task(broken, name="broken", func=do_things, execution="main")
    with pytest.raises(ConditionError, match="fatal"):
        app.run()
    assert actions(app, "long") == ["run", "terminate"]
    assert not failed(task="long").observe(session=app.session)
    assert not succeeded(task="long").observe(session=app.session)
