"""The page "Session Configuration": its example and what it says of each option."""

from __future__ import annotations

import asyncio
import os
import threading
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pydantic
import pytest

from rocket_magic import Rocketry
from rocket_magic.args import FuncArg, TerminationFlag
from rocket_magic.conds import daily, every, failed, false, finished, started, succeeded, time_of_day
from rocket_magic.exc import (
    ConditionError,
    ConfigError,
    DuplicateTaskError,
    TaskLoggingError,
    TaskSetupError,
    TaskTerminationException,
)
from tests.reference.support import MODES, actions, run_until, wait_for


class BrokenRepo:
    """A repository that can't be written."""

    def add(self, item: Any) -> None:
        raise OSError(28, "no space left on device")

    def filter_by(self, **query: Any) -> Any:
        return self

    def all(self) -> list[Any]:
        return []


def test_the_example_of_the_page():
    """S1, S2, S3: a dict, read back, an instance of a pydantic model."""
    app = Rocketry(
        config={
            "task_execution": "process",
            "task_pre_exist": "raise",
            "force_status_from_logs": True,
            "silence_task_prerun": False,
            "silence_task_logging": False,
            "silence_cond_check": False,
            "max_process_count": 5,
            "restarting": "replace",
            "cycle_sleep": 0.1,
        }
    )
    assert app.session.config.task_execution == "process"
    assert app.session.config.max_process_count == 5
    assert isinstance(app.session.config, pydantic.BaseModel)
    app.session.config.cycle_sleep = 0.2
    assert app.session.config.cycle_sleep == 0.2


def test_options_change_while_running():
    """S4: at the next wake-up."""
    app = Rocketry(execution="main")
    where = []

    @app.task(None)
    def work():
        where.append(threading.current_thread().name)

    app.session.start_thread()
    app.session[work].run()
    wait_for(lambda: len(where) == 1)
    app.session.config.execution = "thread"
    app.session[work].run()
    wait_for(lambda: len(where) == 2)
    app.session.config.shut_cond = succeeded(task=work) >= 2
    wait_for(lambda: app.session.scheduler.state == "stopped")
    assert where[0] != where[1]


@pytest.mark.parametrize("mode", MODES)
def test_the_execution_of_tasks_that_name_none(mode):
    """S5, S6, S8: in place, on the loop, on another thread, in another process."""
    app = Rocketry(config={"task_execution": mode})

    @app.task(every("1 hour"))
    def where():
        return os.getpid(), threading.get_ident()

    run_until(app, finished(task=where) >= 1)
    pid, thread = app.session.returns[where]
    assert (pid == os.getpid()) == (mode != "process")
    if mode != "process":
        assert (thread == threading.get_ident()) == (mode != "thread")


def test_unknown_modes_are_refused():
    """S6: with the four that there are."""
    with pytest.raises(ConfigError, match=r"main.*async.*thread.*process"):
        Rocketry(config={"task_execution": "fast"})


def test_main_gives_no_parallelism():
    """S6: one after the other."""
    app = Rocketry(config={"task_execution": "main"})
    alive, most = [], []
    for name in "abc":

        @app.task(every("1 hour"), name=name)
        def work():
            alive.append(1)
            most.append(len(alive))
            alive.pop()

    run_until(app, finished(task="c") >= 1)
    assert most == [1, 1, 1]


def test_async_tasks_run_beside_each_other():
    """S7: both are in flight when either goes on."""
    app = Rocketry(config={"task_execution": "async"})
    here = []

    async def meet():
        here.append(1)
        while len(here) < 2:  # noqa: ASYNC110  a turn of the loop is what is meant
            await asyncio.sleep(0.001)

    app.task(every("1 hour"), name="a", func=meet)
    app.task(every("1 hour"), name="b", func=meet)
    run_until(app, (finished(task="a") >= 1) & (finished(task="b") >= 1))
    assert actions(app, "a") == actions(app, "b") == ["run", "success"]


def test_the_default_execution():
    """S9: process, as the page says."""
    assert Rocketry().session.config.task_execution == "process"


@pytest.mark.parametrize(
    ("config", "names"),
    [
        ({}, None),
        ({"task_pre_exist": "raise"}, None),
        ({"task_pre_exist": "rename"}, ["work", "work - 1", "work - 2"]),
        ({"task_pre_exist": "ignore"}, ["work"]),
    ],
)
def test_a_name_that_exists(config, names):
    """S10, S11, S12: an error, a number after the name, or nothing inserted."""
    app = Rocketry(config=config)
    app.task(false, name="work", func=lambda: 1)
    if names is None:
        with pytest.raises(DuplicateTaskError):
            app.task(false, name="work", func=lambda: 2)
        return
    for _ in range(2):
        app.task(false, name="work", func=lambda: 2)
    assert [task.name for task in app.session.task_list()] == names
    assert app.session["work"].func() == 1


@pytest.mark.parametrize(("from_logs", "known"), [(True, False), (False, True)])
def test_where_statuses_come_from(clock, from_logs, known):
    """S13, S14: records deleted from the repository are forgotten at once, or not."""
    app = Rocketry(config={"force_status_from_logs": from_logs, "time_func": clock, "task_execution": "main"})
    app.task(daily, name="work", func=lambda: None)
    app.step("1 hour")
    assert app.session["work"].last_run is not None
    app.session.get_repo().filter_by(task_name="work").delete()
    assert (app.session["work"].last_run is not None) is known


def broken_prerun(app: Rocketry) -> None:
    """A task whose argument fails, and one that goes well."""

    def no_value():
        raise ValueError("no value")

    @app.task(every("1 hour"), priority=1)
    def bad(x=FuncArg(no_value, materialize="pre")):
        pytest.fail("it must not run")

    @app.task(every("1 hour"), execution="main")
    def good():
        return 1


@pytest.mark.parametrize("mode", MODES)
def test_prerun_errors_are_survived_when_silenced(mode):
    """S15, S17: the task doesn't run and counts as failed; the others do."""
    app = Rocketry(config={"silence_task_prerun": True, "task_execution": mode})
    broken_prerun(app)
    run_until(app, (failed(task="bad") >= 1) & (finished(task="good") >= 1))
    assert actions(app, "bad")[-1] == "fail"
    assert "no value" in app.session.get_task_log(task_name="bad")[-1].exc_text


@pytest.mark.parametrize("mode", MODES)
def test_prerun_errors_stop_the_scheduler_by_default(mode):
    """S16: with the error, also in async (B5)."""
    app = Rocketry(config={"task_execution": mode})
    broken_prerun(app)
    with pytest.raises(TaskSetupError, match="no value"):
        run_until(app, failed(task="bad") >= 1)
    assert actions(app, "bad")[-1] == "fail"
    assert app.session.scheduler.state == "crashed"


def test_what_cannot_be_pickled_does_not_run():
    """S17: the parameter is named."""
    app = Rocketry(config={"silence_task_prerun": True, "task_execution": "process"})
    app.task(every("1 hour"), name="bad", func=print, parameters={"end": threading.Lock()})
    run_until(app, failed(task="bad") >= 1)
    assert "end" in app.session.get_task_log(task_name="bad")[-1].exc_text


def test_log_errors_are_survived_when_silenced():
    """S18, S20: nothing starts without its record; starts go on when the log can be written."""
    app = Rocketry(config={"silence_task_logging": True, "task_execution": "main"})
    seen = []
    app.task(every("1 hour"), name="work", func=lambda: seen.append(1))
    app.session.set_repo(BrokenRepo(), delete_existing=True)
    app.session.start_thread()
    wait_for(lambda: "no space left" in (app.session.snapshot().problem or ""))
    assert app.session.scheduler.state == "held"
    assert seen == []
    app.session.set_repo("memory:", delete_existing=True)
    wait_for(lambda: seen)
    assert app.session.stop(force=True, wait=10)


def test_log_errors_stop_the_scheduler_by_default():
    """S19: with the cause chained."""
    app = Rocketry(config={"task_execution": "main"})
    app.task(every("1 hour"), name="work", func=lambda: pytest.fail("it must not run"))
    app.session.set_repo(BrokenRepo(), delete_existing=True)
    with pytest.raises(TaskLoggingError, match="no space left"):
        run_until(app, false)


@pytest.mark.parametrize("where", ["start_cond", "end_cond", "shut_cond"])
@pytest.mark.parametrize("silent", [True, False])
def test_condition_errors(where, silent):
    """S21, S22: wherever the condition stands."""
    app = Rocketry(config={"silence_cond_check": silent, "task_execution": "thread"})
    asked = []

    @app.cond("broken")
    def broken():
        asked.append(1)
        raise RuntimeError("can't tell")

    ran = threading.Event()
    conds = {
        "start_cond": every("1 hour"),
        "end_cond": None,
        **({where: broken} if where != "shut_cond" else {}),
    }
    app.task(conds["start_cond"], name="work", end_cond=conds["end_cond"], func=lambda: ran.wait(1))
    app.task(every("1 hour"), name="other", func=ran.set)
    if silent:
        app.session.config.shut_cond = broken if where == "shut_cond" else None
        app.session.start_thread()
        wait_for(lambda: actions(app, "other") == ["run", "success"] and asked)
        assert app.session.scheduler.state == "running"
        assert app.session.stop(wait=5)
    else:
        with pytest.raises(ConditionError, match="can't tell"):
            run_until(app, broken if where == "shut_cond" else false)


@pytest.mark.parametrize(
    ("session", "own", "most"),
    [(False, None, 1), (True, None, 3), (True, False, 1), (False, True, 3)],
)
def test_multilaunch(session, own, most):
    """S23, S24, S25: off, on, and the task's own value wins."""
    app = Rocketry(config={"multilaunch": session, "task_execution": "thread"})
    release, alive = threading.Event(), []

    @app.task(None, multilaunch=own)
    def work():
        alive.append(1)
        release.wait(5)

    app.session.start_thread()
    for _ in range(3):
        app.session[work].run()
    wait_for(lambda: len(alive) == most)
    threading.Event().wait(0.05)
    assert len(alive) == most
    release.set()
    wait_for(lambda: actions(app, work).count("success") == 3)
    assert app.session.stop(wait=5)


def test_max_process_count():
    """S26: the CPUs by default; no more at a time."""
    assert Rocketry().session.config.max_process_count == (os.cpu_count() or 1)
    app = Rocketry(config={"max_process_count": 1, "task_execution": "process"})
    for name in "abc":
        app.task(every("1 hour"), name=name, func=os.getpid)
    run_until(app, (finished(task="a") >= 1) & (finished(task="b") >= 1) & (finished(task="c") >= 1))
    assert [str(row.action) for row in app.session.get_task_log()] == ["run", "success"] * 3


@pytest.mark.parametrize("sleep", [0.1, 0.01, None])
def test_cycle_sleep(sleep):
    """S31, S32: how often what can't be waited on is asked; none: without a pause."""
    app = Rocketry(config={"cycle_sleep": sleep, "task_execution": "main"})
    asked = []

    @app.cond()
    def poll():
        asked.append(1)
        return False

    app.task(poll, name="work", func=lambda: None)
    app.session.start_thread()
    threading.Event().wait(0.25)
    assert app.session.stop(wait=5)
    assert len(asked) >= {0.1: 2, 0.01: 5, None: 50}[sleep]
    assert sleep is None or len(asked) <= 0.5 / sleep


def slow_app(**config: Any) -> Rocketry:
    """One thread run that listens to its flag, in flight."""
    app = Rocketry(config={"task_execution": "thread", **config})

    @app.task(None)
    def slow(flag=TerminationFlag()):
        if flag.wait(0.3):
            raise TaskTerminationException

    app.session.start_thread()
    app.session[slow].run()
    wait_for(lambda: app.session[slow].is_running)
    return app


def test_shutdown_waits_by_default():
    """S33."""
    app = slow_app()
    app.session.shut_down()
    wait_for(lambda: app.session.scheduler.state == "stopped")
    assert actions(app, "slow") == ["run", "success"]


def test_timeouts_strike_while_shutdown_waits():
    """S34."""
    app = slow_app(timeout=0.1)
    app.session.shut_down()
    wait_for(lambda: app.session.scheduler.state == "stopped")
    assert actions(app, "slow") == ["run", "terminate"]


def test_end_conditions_strike_while_shutdown_waits():
    """S34."""
    app = Rocketry(config={"task_execution": "thread"})

    @app.task(None, end_cond=started(task="other") >= 1)
    def slow(flag=TerminationFlag()):
        flag.wait(10)
        raise TaskTerminationException

    app.task(None, name="other", func=lambda: None, on_shutdown=True)
    app.session.start_thread()
    app.session[slow].run()
    wait_for(lambda: app.session[slow].is_running)
    app.session.shut_down()
    wait_for(lambda: app.session.scheduler.state == "stopped")
    assert actions(app, slow) == ["run", "terminate"]


def test_instant_shutdown_ends_the_runs():
    """S35, S75; S36: threads are waited for until they have seen their flag."""
    app = slow_app(instant_shutdown=True)
    app.session.shut_down()
    wait_for(lambda: app.session.scheduler.state == "stopped")
    assert actions(app, "slow") == ["run", "terminate"]
    assert not [one for one in threading.enumerate() if "slow" in one.name]


@pytest.mark.parametrize("mode", ["thread", "process"])
@pytest.mark.parametrize(
    ("session", "own", "here"),
    [
        ("pre", None, True),
        ("post", None, False),
        (None, None, False),
        ("post", "pre", True),
        ("pre", "post", False),
    ],
)
def test_param_materialize(mode, session, own, here):
    """S37, S38, S39: before the thread or process is made or in it; the argument's own setting wins."""
    config = {"task_execution": mode, **({} if session is None else {"param_materialize": session})}
    app = Rocketry(config=config)

    def where():
        return os.getpid(), threading.get_ident()

    @app.task(every("1 hour"))
    def work(made=FuncArg(where, materialize=own)):
        return made

    run_until(app, finished(task=work) >= 1)
    assert (app.session.returns[work] == (os.getpid(), threading.get_ident())) is here


def test_timezone(clock):
    """S40: in conditions and in what is shown."""
    zone = timezone(timedelta(hours=5))
    app = Rocketry(config={"timezone": zone, "time_func": clock, "task_execution": "main"})
    app.task(daily & time_of_day.after("06:00"), name="work", func=lambda: None)
    app.step("3 hours")
    assert app.session["work"].last_run == datetime(2026, 1, 1, 6, 0, tzinfo=zone)
    assert app.session["work"].last_run.astimezone(UTC).hour == 1
    app.session.stop()


def test_time_func():
    """S41: it is asked for conditions and for the log."""
    now = [1_800_000_000.0]
    app = Rocketry(config={"time_func": lambda: now[0], "task_execution": "main", "cycle_sleep": 0.001})
    app.task(every("1 hour"), name="work", func=lambda: None)

    @app.task(every("1 hour"))
    def leap():
        now[0] += 3600

    run_until(app, succeeded(task="work") >= 2)
    first, second = app.session.get_task_log(task_name="work", action="run")[:2]
    assert first.created in {1_800_000_000.0, 1_800_003_600.0}
    assert second.created >= first.created + 3600


def test_cls_lock():
    """S42: a class of one's own is taken, held and let go."""
    used = []

    class Lock:
        def __init__(self) -> None:
            self.lock = threading.Lock()

        def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
            used.append("acquire")
            return self.lock.acquire(blocking, timeout)

        def release(self) -> None:
            self.lock.release()

        def locked(self) -> bool:
            return self.lock.locked()

        def __enter__(self) -> Any:
            self.acquire()
            return self

        def __exit__(self, *args: object) -> None:
            self.release()

    app = Rocketry(config={"cls_lock": Lock, "task_execution": "main"})
    app.task(every("1 hour"), name="work", func=lambda: None)
    run_until(app, finished(task="work") >= 1)
    assert used
    assert Rocketry().session.config.cls_lock is threading.Lock
