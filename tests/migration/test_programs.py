"""Programs written for Rocketry, by its documented API: unchanged but for the import (J8)."""

from __future__ import annotations

import datetime as dt
import re
import sys
import textwrap
from pathlib import Path

import pytest

from rocket_magic import CommandTask, FuncTask, Grouper, Rocketry, Scheduler, Session
from rocket_magic._default_session import default_session, set_default_session
from rocket_magic.args import Arg, EnvArg, FuncArg, Return, SimpleArg, TaskLogger, argument
from rocket_magic.args import Session as SessionArg
from rocket_magic.args import Task as TaskArg
from rocket_magic.conditions import FuncCond, TaskCond
from rocket_magic.conds import (
    after_all_success,
    after_any_fail,
    after_fail,
    after_finish,
    after_success,
    condition,
    cron,
    daily,
    every,
    false,
    finished,
    hourly,
    running,
    scheduler_cycles,
    scheduler_running,
    succeeded,
    time_of_day,
    true,
    weekly,
)
from rocket_magic.core import BaseArgument, BaseCondition, Parameters, Task, TimePeriod
from rocket_magic.core import Scheduler as CoreScheduler
from rocket_magic.exc import TaskInactionException
from rocket_magic.log import MinimalRecord
from rocket_magic.repos import MemoryRepo
from rocket_magic.time import TimeOfDay


@pytest.fixture(autouse=True)
def no_default_session():
    """Programs set the process's default session; it is forgotten afterwards."""
    set_default_session(None)
    yield
    set_default_session(None)


def ran(app: Rocketry, task: str) -> list[str]:
    """The actions of a task's records."""
    return [str(row.action) for row in app.session.get_task_log(task_name=task)]


def test_quick_start():
    """Conditions from text and from objects, a shut condition, main execution."""
    app = Rocketry(config={"task_execution": "main"})
    order = []

    @app.task("daily")
    def do_daily():
        order.append("daily")

    @app.task("after task 'do_daily'")
    def do_after():
        order.append("after")

    @app.task(every("10 seconds"))
    def do_often():
        order.append("often")

    @app.task(hourly & time_of_day.between("00:00", "24:00"))
    def do_hourly():
        order.append("hourly")

    @app.task(cron("* * * * *"))
    def do_cron():
        order.append("cron")

    app.session.config.shut_cond = succeeded(task=do_after) & scheduler_cycles(more_than=1)
    app.run()
    assert sorted(order) == ["after", "cron", "daily", "hourly", "often"]


def test_pipelines_with_return_values():
    """`after_success`, `after_all_success`, `after_fail`, `Return` by function and by name."""
    app = Rocketry(execution="main")

    @app.task(daily)
    def extract():
        return [3, 1, 2]

    @app.task(after_success(extract))
    def transform(rows=Return(extract)):
        return sorted(rows)

    @app.task(after_success("transform"))
    def break_down(rows=Return("transform")):
        raise RuntimeError("too many", len(rows))

    @app.task(after_fail(break_down))
    def mend():
        return "mended"

    @app.task(after_all_success(extract, transform) & after_finish(mend))
    def report(rows=Return(transform), mended=Return(mend), other=Return("nobody", default="-")):
        return rows, mended, other

    @app.task(after_any_fail("extract", "report"))
    def alarm():
        pytest.fail("nothing failed that it waits for")

    app.session.config.shut_cond = finished(task=report)
    app.run()
    assert app.session.returns[report] == ([1, 2, 3], "mended", "-")
    assert ran(app, "alarm") == []


def test_task_classes_with_a_session():
    """`FuncTask` as a class and a decorator, `CommandTask`; each leads to itself in the session."""
    session = Session(config={"task_execution": "main"})

    @FuncTask(start_cond="every 1 hour", name="decorated", session=session, execution="main")
    def work():
        return 5

    FuncTask(lambda: 6, name="made", start_cond=true, session=session, execution="main")
    CommandTask([sys.executable, "-c", "print('hello')"], name="command", start_cond=daily, session=session)
    session.config.shut_cond = finished(task="decorated") & finished(task="made") & finished(task="command")
    session.start()
    assert session["decorated"].status == "success"
    assert session[work].name == "decorated"
    assert session.returns["made"] == 6
    assert session.returns["command"].strip() == b"hello"
    assert "made" in session
    assert "nobody" not in session
    with pytest.raises(KeyError):
        session["nobody"]


def test_the_default_session_is_made_when_it_is_needed():
    """A task class without a session; the application's is the default while it runs."""
    task = FuncTask(lambda: 1, name="lonely", start_cond=false, execution="main")
    assert default_session()["lonely"] is task
    session = Session()
    session.set_as_default()
    assert FuncTask(lambda: 1, name="other").session is session
    app = Rocketry(execution="main")
    app.session.config.shut_cond = true
    app.run()
    assert default_session() is app.session


def test_hooks_of_a_session():
    """All five, functions and generators, in the documented order."""
    app = Rocketry(execution="main")
    told = []

    @app.setup()
    def set_up():
        told.append("setup")

    @app.session.hook_startup()
    def start_up():
        told.append("startup")
        yield
        told.append("started")

    @app.session.hook_shutdown()
    def shut_down(session=SessionArg()):
        told.append("shutdown")
        yield
        told.append("gone")

    @app.session.hook_scheduler_cycle()
    def cycle():
        if "cycle" not in told:
            told.append("cycle")
        yield

    @app.session.hook_task_init()
    def made(task=TaskArg()):
        told.append(f"made {task.name}")

    @app.session.hook_task_execute()
    def execute(task=TaskArg()):
        told.append(f"before {task.name}")
        exc_type, _exc, _tb = yield
        told.append(f"after {task.name} {exc_type.__name__ if exc_type else None}")

    app.task(daily, name="good", func=lambda: None)
    app.task(daily, name="bad", func=lambda: 1 / 0)
    app.task(name="last", func=lambda: None, on_shutdown=True)
    app.session.config.shut_cond = finished(task="good") & finished(task="bad")
    app.run()
    assert told[:7] == ["made good", "made bad", "made last", "setup", "startup", "started", "cycle"]
    assert told[-4:] == ["shutdown", "before last", "after last None", "gone"]
    good = [line for line in told if line.split()[1:2] == ["good"]]
    bad = [line for line in told if line.split()[1:2] == ["bad"]]
    assert good == ["made good", "before good", "after good None"]
    assert bad == ["made bad", "before bad", "after bad ZeroDivisionError"]


def test_conditions_of_ones_own(clock):
    """Subclass, decorator, `app.cond` with text and regex, parametrised."""

    class FileExists(BaseCondition):
        def __init__(self, path):
            self.path = path

        def get_state(self, session=SessionArg()):
            assert session is not None
            return Path(self.path).exists()

    @condition()
    def is_ready(state=Arg("state")):
        return state == "ready"

    app = Rocketry(config={"time_func": clock, "execution": "main", "cycle_sleep": 1800})
    app.params(state="ready")

    @app.cond("is weekend")
    def is_weekend():
        return clock.now() and dt.datetime.fromtimestamp(clock(), dt.UTC).weekday() >= 5

    @app.cond(re.compile(r"number (?P<n>\d+) is up"))
    def is_up(n):
        return int(n) == 7

    app.task(daily & FileExists(__file__), name="there", func=lambda: None)
    app.task(daily & FileExists("/nowhere/at/all"), name="missing", func=lambda: None)
    app.task(daily & is_ready, name="ready", func=lambda: None)
    app.task("daily & is weekend", name="weekend", func=lambda: None)
    app.task("daily & number 7 is up", name="seven", func=lambda: None)
    app.task("daily & number 8 is up", name="eight", func=lambda: None)
    app.task(daily & FuncCond(lambda: True), name="func", func=lambda: None)
    app.step("4 days")
    runs = {task.name: ran(app, task.name).count("run") for task in app.session.task_list()}
    assert runs == {"there": 5, "missing": 0, "ready": 5, "weekend": 2, "seven": 5, "eight": 0, "func": 5}
    app.session.stop()


def test_a_condition_that_is_a_task():
    """`TaskCond` keeps the last answer of its check."""
    app = Rocketry(execution="main")

    @TaskCond(session=app.session, syntax="data arrived", start_cond=every("1 hour"), active_time="10 min")
    def arrived():
        return True

    app.task("data arrived", name="work", func=lambda: None)
    app.session.config.shut_cond = finished(task="work")
    app.run()


def test_arguments_of_ones_own():
    """Subclass of `BaseArgument`, decorator, pipes, environment, Rocketry's own objects."""

    class Environment(BaseArgument):
        def get_value(self, task=None, session=None, **kwargs):
            return f"{session.parameters['env']} for {task.name}"

    @argument()
    def answer(base=SimpleArg(40)):
        return base + 2

    app = Rocketry(execution="main", parameters={"env": "test"})
    assert app.session.env == "test"

    @app.task(daily)
    def work(
        env=Environment(),  # noqa: B008  how arguments are asked for
        n=answer,
        made=FuncArg(lambda: "made"),
        home=EnvArg("NO_SUCH_VARIABLE", default="none"),
        first=Arg("missing") >> Arg("also missing") >> SimpleArg("last"),
        task=TaskArg(),
        other=TaskArg("work"),
        session=SessionArg(),
        logger=TaskLogger(),
    ):
        assert task is other is session["work"]
        assert logger is not None
        return env, n, made, home, first

    app.session.config.shut_cond = finished(task=work)
    app.run()
    assert ran(app, "work") == ["run", "success"]
    assert app.session.returns[work] == ("test for work", 42, "made", "none", "last")


def test_groups():
    """A `Grouper` of another module, taken in."""
    group = Grouper(prefix="loads.", start_cond=true, execution="main")

    @group.task(daily)
    def first():
        return 1

    @group.task(after_success(first))
    def second(value=Return(first), word=Arg("word")):
        return value, word

    @group.param("word")
    def get_word():
        return "hello"

    @group.cond("group is ready")
    def is_ready():
        return True

    app = Rocketry()
    app.include_grouper(group)
    app.task("daily & group is ready", name="outside", func=lambda: None, execution="main")
    app.session.config.shut_cond = finished(task="loads.second") & finished(task="outside")
    app.run()
    assert app.session.returns["loads.second"] == (1, "hello")


def test_the_log_is_read_in_the_documented_ways():
    """Session, task and repository; statuses and times."""
    repo = MemoryRepo(model=MinimalRecord)
    app = Rocketry(logger_repo=repo, config={"task_execution": "main"})

    @app.task(daily)
    def work():
        raise TaskInactionException

    @app.task(after_finish("work") | daily)
    def good():
        return 1

    app.session.config.shut_cond = finished(task=good) & (scheduler_running(more_than="10 ms"))
    app.run()
    assert [str(row.action) for row in app.session.get_task_log(task_name="work")] == ["run", "inaction"]
    assert [row.task_name for row in app.session.get_repo().filter_by(action="success").all()] == ["good"]
    task = app.session[good]
    assert task.status == task.get_status() == "success"
    assert isinstance(task.last_success, dt.datetime)
    assert task.last_fail is None
    assert not task.is_running
    assert [str(row.action) for row in task.logger.get_records()] == ["run", "success"]
    assert str(task.logger.get_latest(action="run").action) == "run"
    assert app.session[work].last_inaction is not None


def test_metatasks():
    """Tasks that make, change, disable and remove tasks, and end the session."""
    app = Rocketry(execution="main")

    @app.task(daily)
    def manage(session=SessionArg()):
        session.create_task(func=lambda: 5, name="made", start_cond=daily)
        session["doomed"].disabled = True
        session.remove_task("useless")
        session["changed"].start_cond = after_success("made")
        session["manual"].run(x=1)

    app.task(false, name="changed", func=lambda: None)
    app.task(after_success("manage"), name="doomed", func=lambda: pytest.fail("disabled"))
    app.task(after_success("manage"), name="useless", func=lambda: pytest.fail("removed"))
    app.task(None, name="manual", func=lambda x: x)

    @app.task(after_success("changed") & ~running)
    def leave(session=SessionArg()):
        session.shut_down()

    app.run()
    assert ran(app, "made") == ran(app, "manual") == ["run", "success"]
    assert "useless" not in app.session
    assert {task.name for task in app.session.tasks} >= {"made", "changed", "doomed"}


def test_tasks_by_path(tmp_path):
    """A function in a file, and its name."""
    file = tmp_path / "my_script.py"
    file.write_text(
        textwrap.dedent("""
        def main():
            return "by path"

        def other():
            return "by name"
    """)
    )
    app = Rocketry(execution="main")
    app.task(daily, name="by path", path=str(file))
    app.task(daily, name="by name", path=file, func_name="other")
    app.session.config.shut_cond = finished(task="by path") & finished(task="by name")
    app.run()
    assert app.session.returns["by path"] == "by path"
    assert app.session.returns["by name"] == "by name"


def test_the_core_names():
    """What `rocket_magic.core` offers is what everything else is made of."""
    app = Rocketry()
    assert isinstance(app.session.parameters, Parameters)
    assert isinstance(app.session.scheduler, CoreScheduler)
    assert CoreScheduler is Scheduler
    assert issubclass(FuncTask, Task)
    assert isinstance(TimeOfDay("10:00", "12:00"), TimePeriod)
    assert isinstance(weekly.on("Monday") & ~daily.after("10:00"), BaseCondition)
