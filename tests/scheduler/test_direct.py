"""`task()`, `task.start()`: runs on the caller's thread that the log knows."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest

from rocket_magic import Rocketry
from rocket_magic.args import Private, Return
from rocket_magic.conds import after_success, daily
from rocket_magic.exc import TaskInactionException, TaskLoggingError
from rocket_magic.repos import MemoryLog


def actions(app: Rocketry, name: str) -> list[str]:
    """What the log says of a task."""
    return [str(row.action) for row in app.session.get_task_log(task_name=name)]


@pytest.mark.parametrize("url", ["memory:", "csv:log.csv", "sqlite:///log.db"])
def test_a_direct_call_is_recorded(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run and outcome, before the code and before the call returns; a later life knows of it."""
    monkeypatch.chdir(tmp_path)
    app = Rocketry(execution="main")
    app.session.set_repo(url)
    seen = []

    @app.task(daily, parameters={"x": 1})
    def work(x):
        seen.append(actions(app, "work"))
        return x

    assert app.session["work"]() == 1
    assert seen == [["run"]]
    assert actions(app, "work") == ["run", "success"]
    assert app.session["work"].status == "success"
    assert app.session.returns["work"] == 1
    (run, outcome) = app.session.get_task_log()
    assert (run.run_id, run.params) == (outcome.run_id, "x=1")
    assert outcome.runtime is not None
    assert not daily.observe(task=app.session["work"])
    if url != "memory:":
        again = Rocketry(execution="main")
        again.session.set_repo(url)  # the file is free again
        again.session.create_task(func=work, name="work", start_cond=daily)
        assert not again.session["work"].is_running
        again.session.log.close()
    app.session.log.close()


def test_what_it_raises_is_recorded_and_raised() -> None:
    """A failure, an inaction, an exit; secrets stay hidden."""
    app = Rocketry()

    @app.task(name="bad", parameters={"word": Private("hush")})
    def bad(word):
        raise ValueError(word)

    @app.task(name="idle")
    def idle():
        raise TaskInactionException

    with pytest.raises(ValueError, match="hush"):
        app.session["bad"]()
    with pytest.raises(TaskInactionException):
        app.session["idle"].start()
    assert (actions(app, "bad"), actions(app, "idle")) == (["run", "fail"], ["run", "inaction"])
    (failure,) = app.session.get_task_log(action="fail")
    assert "ValueError" in failure.exc_text
    assert "hush" not in failure.exc_text


def test_no_start_without_its_record() -> None:
    """When the log refuses, the code doesn't run and the caller is told."""

    class Broken(MemoryLog):
        def add_many(self, records: Any) -> None:
            raise OSError("no space")

    app = Rocketry()
    app.session.log.retry = type(app.session.log.retry)(times=0)
    app.session.set_repo(Broken(10))
    app.task(name="work", func=lambda: pytest.fail("it ran"))
    with pytest.raises(TaskLoggingError, match="no space"):
        app.session["work"]()


def test_a_living_scheduler_reacts_to_it() -> None:
    """What comes after a task comes after a direct call of it, too, and has its value."""
    app = Rocketry(execution="main")
    done = threading.Event()
    got = []
    app.task(None, name="first", func=lambda: 7)

    @app.task(after_success("first"))
    def second(value=Return("first")):
        got.append(value)
        done.set()

    app.session.start_thread()
    try:
        asyncio.run(app.session["first"].start_async())
        assert done.wait(20)
    finally:
        app.session.stop(force=True, wait=20)
    assert got == [7]


def test_main_tasks_of_a_single_run_stay_on_the_callers_thread() -> None:
    """`session.run` with a log that answers from its own thread: the code runs here all the same."""
    app = Rocketry(execution="main")
    app.session.set_repo("sqlite://")
    app.task(None, name="where", func=threading.current_thread)
    for _ in range(20):
        app.session.run("where")
        assert app.session.returns["where"] is threading.current_thread()
    app.session.log.close()


def test_a_task_may_call_another() -> None:
    """From the scheduler's own thread, with a log that has a thread of its own."""
    app = Rocketry(execution="main")
    app.session.set_repo("sqlite://")
    app.task(None, name="inner", func=lambda: 3)
    app.task(daily, name="outer", func=lambda: app.session["inner"]())  # noqa: PLW0108  made first
    app.session.run("outer")
    assert app.session.returns["outer"] == 3
    assert [(row.task_name, str(row.action)) for row in app.session.get_task_log()] == [
        ("outer", "run"), ("inner", "run"), ("inner", "success"), ("outer", "success"),
    ]  # fmt: skip
    app.session.log.close()
