"""Sessions whose runs go to a cluster: by the session's default or a group's, and ended by a timeout."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import sys
import threading
from collections.abc import Iterator

import pytest

from rocket_magic import Grouper, Rocketry, Session
from rocket_magic.args import Clock, Config, Return, SimpleArg, TerminationFlag
from rocket_magic.clock import SystemClock, VirtualClock
from rocket_magic.conds import after_success, every, finished, succeeded
from rocket_magic.exc import ConfigError, MissingExtraError
from tests.execution.dask.clusters import cluster

sleep = SystemClock().sleep


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A cluster for the tests of this module."""
    with cluster(threads=2) as address:
        yield address


def actions(app: Rocketry, task: str) -> list[str]:
    """The actions of a task's records."""
    return [str(row.action) for row in app.session.get_task_log(task_name=task)]


def test_a_pipeline(address: str) -> None:
    """Parameters go, the value comes back and reaches the next task; a coroutine function is awaited."""
    app = Rocketry(execution="dask", dask_cluster=address)
    seen = []

    @app.task(every("1 hour"), parameters={"x": 20})
    async def load(x, y=SimpleArg(2), config=Config()):
        await asyncio.sleep(0)
        return x + y, os.getpid(), config.dask_cluster

    @app.task(after_success(load), execution="main")
    def store(value=Return(load)):
        seen.append(value)

    app.session.config.shut_cond = succeeded(task="store") >= 1
    app.run()
    ((value, pid, where),) = seen
    assert value == 22
    assert pid != os.getpid()
    assert where == address
    assert actions(app, "load") == ["run", "success"]


def test_a_group_and_ends(address: str) -> None:
    """A group's tasks run there; a timeout and an error are recorded as anywhere."""
    app = Rocketry(dask_cluster=address)
    group = Grouper(execution="dask")

    @group.task(every("1 hour"), timeout="0.5 s")
    def slow():
        sleep(60)

    @group.task(every("1 hour"), timeout="0.5 s")
    def polite(flag=TerminationFlag()):
        return "asked" if flag.wait(60) else "not asked"

    @group.task(every("1 hour"))
    def broken():
        raise ValueError("no data")

    app.include_grouper(group)
    app.session.config.shut_cond = (
        (finished(task="slow") >= 1) & (finished(task="polite") >= 1) & (finished(task="broken") >= 1)
    )
    app.run()
    assert actions(app, "slow") == ["run", "terminate"]
    assert actions(app, "polite") == ["run", "success"]
    assert app.session.returns["polite"] == "asked"
    (record,) = app.session.get_task_log(task_name="broken", action="fail")
    assert "ValueError: no data" in record.exc_text
    assert "rocket_magic/execution" not in record.exc_text


def test_what_can_not_travel_fails_the_start(address: str) -> None:
    """F59: the object is named in the record."""
    app = Rocketry(execution="dask", dask_cluster=address, silence_task_prerun=True)
    held = threading.Lock()

    @app.task(every("1 hour"))
    def work():
        return held.locked()

    app.session.config.shut_cond = finished(task="work") >= 1
    app.run()
    (record,) = app.session.get_task_log(task_name="work", action="fail")
    assert "'held'" in record.exc_text
    assert "can't go to another process" in record.exc_text


def test_without_dask(monkeypatch: pytest.MonkeyPatch) -> None:
    """A task and a session are refused, with the line that installs it."""
    monkeypatch.delitem(sys.modules, "distributed", raising=False)
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    line = r"it needs dask.distributed: pip install 'rocket_magic\[dask\]'"
    with pytest.raises(ConfigError, match=rf"config option 'execution' .* got 'dask': {line}"):
        Session(config={"execution": "dask"})
    session = Session()
    with pytest.raises(MissingExtraError, match=rf"execution of task 'work' can't be 'dask': {line}"):
        session.create_task(func=sleep, name="work", execution="dask")
    assert "work" not in session
    with pytest.raises(MissingExtraError, match=rf"execution='dask' can't be used: {line}"):
        session.executors["dask"]


def test_in_virtual_time(address: str) -> None:
    """A run takes as long as its sleeps on the session's clock; a timeout strikes in virtual time, too."""
    app = Rocketry(execution="dask", dask_cluster=address, time_func=VirtualClock("2026-03-02 00:00"))

    @app.task("daily at 10:00", timeout="never")
    def work(clock=Clock()):
        clock.sleep(7200)
        return "done"

    @app.task("daily at 10:00", timeout="1 hour")
    def long(clock=Clock()):
        clock.sleep(7200)

    app.session.step("1 day")
    app.session.stop()
    records = [
        (str(row.action), (row.end or row.start) % 86_400 / 3600)
        for name in ("work", "long")
        for row in app.session.get_task_log(task_name=name)
    ]
    assert records == [("run", 10), ("success", 12), ("run", 10), ("terminate", 11)]
