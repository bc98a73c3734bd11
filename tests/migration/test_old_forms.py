"""Forms that programs written for Rocketry use beside its documented API, or that it let pass."""

from __future__ import annotations

import asyncio
import csv
import functools
import importlib
import json
import logging
import subprocess
import sys
import threading

import pytest

from rocket_magic import FuncTask, Rocketry, Session, VirtualClock
from rocket_magic._old_paths import VIEWS
from rocket_magic.args import Arg, Config, FuncArg, Task, TaskLogger
from rocket_magic.args import Session as SessionArg
from rocket_magic.conditions import SchedulerStarted, TaskRunning
from rocket_magic.conds import (
    cron,
    daily,
    every,
    false,
    finished,
    hourly,
    retry,
    running,
    scheduler_cycles,
    scheduler_running,
    succeeded,
    true,
)
from rocket_magic.exc import ConfigError, ScheduleError, TaskError, TaskSetupError
from rocket_magic.log import MinimalRecord, RunRecord
from rocket_magic.repos import CSVFileRepo, JSONDirectoryRepo, MemoryRepo, SQLRepo
from rocket_magic.testing import rehearse
from rocket_magic.time import TimeDelta, TimeOfDay, TimeSpanDelta


@pytest.fixture
def app() -> Rocketry:
    """Runs on the calling thread and ends by itself."""
    return Rocketry(execution="main", shut_cond=scheduler_cycles(more_than=2))


@pytest.mark.parametrize("path", sorted(VIEWS))
def test_deep_import_paths_resolve(path):
    """Each is importable, also first and alone, and hands on what lives elsewhere."""
    assert importlib.import_module(f"rocket_magic.{path}").__name__ == f"rocket_magic.{path}"


@pytest.mark.parametrize(
    ("path", "name", "home"),
    [
        ("conditions.api", "every", "conds"),
        ("conditions.api", "time_of_week", "conds"),
        ("conditions.task.task", "DependSuccess", "conditions"),
        ("conditions.scheduler", "SchedulerCycles", "conditions"),
        ("core.task", "Task", "core"),
        ("core.condition", "AlwaysTrue", "conditions"),
        ("core.parameters", "Parameters", "core"),
        ("core.time.base", "TimeDelta", "time"),
        ("log.log_record", "TaskRunRecord", "log"),
        ("parse", "parse_condition", "conditions"),
        ("args.builtin", "Return", "args"),
        ("time.interval", "TimeOfDay", "time"),
    ],
)
def test_a_name_has_one_home(path, name, home):
    """The old path gives the very object of the public one."""
    old = getattr(importlib.import_module(f"rocket_magic.{path}"), name)
    assert old is getattr(importlib.import_module(f"rocket_magic.{home}"), name)


def test_a_deep_path_may_be_the_first_import():
    """It works before anything else of the package is loaded, and changes no home's spec."""
    code = (
        "from rocket_magic.conditions.api import cron; from rocket_magic.core.task import Task;"
        "import rocket_magic.conds; print(rocket_magic.conds.__spec__.name, Task.__module__)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["rocket_magic.conds", "rocket_magic.tasks._base"]


def test_unknown_options_of_the_application_are_refused():
    """A misspelt option ran under Rocketry, without effect; its author now learns the right name."""
    with pytest.raises(ConfigError, match="no config option 'executation': did you mean 'execution'"):
        Rocketry(executation="thread")


def test_unknown_options_of_a_task_are_refused(app):
    """As those of the application; nothing is registered."""
    with pytest.raises(TaskError, match="task 'work' has no option 'multilanch': did you mean 'multilaunch'"):

        @app.task(running <= 4, multilanch=True)
        def work(): ...

    assert "work" not in app.session


def test_an_option_of_a_condition_is_sent_there(app):
    """What `every` takes was also written beside it, where Rocketry dropped it."""
    with pytest.raises(
        TaskError, match=r"no option 'based', it belongs.*write every\('10 seconds', based='fin"
    ):
        app.task(every("10 s"), name="work", func=print, based="finish")
    with pytest.raises(TaskError, match=r"no option 'xyz'; there are .*multilaunch.*timeout"):
        app.task(every("10 s"), name="work", func=print, xyz=1)


def test_an_application_hands_on_that_nobody_chose_an_execution():
    """Subclasses of it pass their own `execution=None`."""
    default = Rocketry().session.config.execution
    assert Rocketry(execution=None).session.config.execution == default
    assert Rocketry(config={"task_execution": "main"}, execution=None).session.config.execution == "main"
    with pytest.raises(ConfigError, match="'execution' must be one of"):
        Rocketry().session.config.execution = None


def test_a_decorator_takes_its_own_parameters_of_a_batch(app):
    """It shows the function's signature, and takes out what is its own before it calls the function."""
    seen = []

    def traced(function):
        @functools.wraps(function)
        def wrapper(*args, **given):
            seen.append(given.pop("trace", None))
            return function(*args, **given)

        return wrapper

    @app.task()
    @traced
    def work(n, m=2):
        seen.append((n, m))

    app.session["work"].run(n=1, trace="a")
    app.run()
    assert seen == ["a", (1, 2)]
    app.session["work"].run(n=1, mm=2)
    app.run()
    assert app.session["work"].status == "fail"


def test_tasks_of_files_are_named_after_their_place(app, tmp_path, monkeypatch):
    """Two files of one name in two folders make two tasks."""
    monkeypatch.chdir(tmp_path)
    for folder in ("courses", "lists"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "tasks.py").write_text(f"def main():\n    return {folder!r}\n")
        app.task(every("1 day"), path=f"{folder}/tasks.py")
    app.run()
    assert {name: app.session.returns[name] for name in ("courses.tasks:main", "lists.tasks:main")} == {
        "courses.tasks:main": "courses",
        "lists.tasks:main": "lists",
    }


def test_a_partial_is_named_after_its_function(app):
    """It has no name and no module of its own."""
    task = app.task(every("1 day"), func=functools.partial(json.dumps, {}))
    assert task.name == "dumps"
    assert FuncTask(functools.partial(json.dumps, {}), session=app.session).name == "json:dumps"


@pytest.mark.parametrize("counted", ["shut_cond", "start_cond"])
def test_cycles_go_by_while_the_time_stands_still(counted):
    """A `time_func` that gives one moment for ever is how people test their programs."""
    app = Rocketry(execution="main", time_func=lambda: 1_700_000_000.0, cycle_sleep=0.01)
    app.task(daily, name="work", func=print)
    if counted == "shut_cond":
        app.session.config.shut_cond = scheduler_cycles(more_than=4)
    else:
        app.task(scheduler_cycles >= 4, name="end", func=app.session.shut_down)
    app.run()
    assert app.session.scheduler.n_cycles in (4, 5)
    assert app.session["work"].status == "success"
    assert len(app.session.get_task_log(task_name="work", action="run")) == 1


def test_conditions_of_ones_own_are_asked_while_the_time_stands_still():
    """Each cycle, as ever."""
    answers = iter([False, False, False, True])
    app = Rocketry(execution="main", time_func=lambda: 1_700_000_000.0, cycle_sleep=0.01)

    @app.cond()
    def ready():
        return next(answers)

    app.task(ready, name="work", func=app.session.shut_down)
    app.run()
    assert app.session["work"].status == "success"


def test_options_without_a_field_are_taken(app):
    """Fields of Rocketry's tasks that have no meaning here do no harm."""
    app.task(func=print, name="work", status=None, lock=None)
    assert app.session["work"].status is None


def test_force_run_queues_one_run(app):
    """Setting it is `run()`, asking it is asking whether a run is queued."""
    ran = []

    @app.task()
    def work():
        ran.append(1)

    task = app.session["work"]
    assert not task.force_run
    for _ in range(2):
        with pytest.warns(DeprecationWarning, match=r"write task\.run\(\) instead"):
            task.force_run = True
    assert task.force_run
    app.run()
    assert (ran, task.force_run, task.status) == ([1], False, "success")
    with pytest.warns(DeprecationWarning, match=r"task\.run"):
        forced = FuncTask(print, name="forced", force_run=True, session=app.session)
    assert forced.force_run
    with pytest.warns(DeprecationWarning, match=r"task\.run"):
        forced.force_run = False
    assert not forced.force_run
    queued = FuncTask(lambda x: ran.append(x + 1), name="queued", batches=[{"x": 2}], session=app.session)
    assert queued.batches == [{"x": 2}]


def test_force_termination_ends_the_runs_in_flight():
    """Setting it is `terminate()`."""
    app = Rocketry(execution="async")

    @app.task(every("1 day"))
    async def long():
        await asyncio.sleep(30)

    @app.task(every("20 ms"))
    async def stop():
        task = app.session["long"]
        if task.is_running and not task.force_termination:
            task.force_termination = True
        elif task.status == "terminate":
            app.session.shut_down()

    app.run()
    assert app.session["long"].status == "terminate"
    assert not app.session["long"].force_termination


def test_a_task_is_shown_as_data(app):
    """By `dict(...)`, with keys left out, and as JSON; web frameworks show the set of tasks by it."""
    app.task("daily", name="work", func=print, timeout=90, description="prints")
    task = app.session["work"]
    assert {"force_run", "force_termination", "batches", "last_run", "status"} <= set(task.dict())
    assert "start_cond" not in task.dict(exclude={"start_cond", "end_cond"})
    assert task.dict(include={"name", "timeout"}) == {"name": "work", "timeout": task.timeout}
    assert dict(task)["description"] == "prints"
    assert json.loads(task.json(exclude={"last_run"}))["timeout"] == "0:01:30"


def test_the_function_of_a_task_can_be_set(app):
    """Also after it ran: a cookbook recipe sets functions that do nothing, to try a schedule."""
    app.task(every("1 day"), name="work", func=lambda: "old")
    task = app.session["work"]
    app.run()
    assert app.session.returns[task] == "old"
    task.func = lambda: "new"
    task.run()
    app.run()
    assert (app.session.returns[task], task.func()) == ("new", "new")


def test_a_task_runs_outside_the_scheduler(app):
    """By `start()`, and by `start_async()` on a running loop."""
    app.task(name="work", func=lambda n=1: n + 1)
    task = app.session["work"]
    task.start()
    asyncio.run(task.start_async(n=2))
    assert app.session.returns[task] == 3


def test_a_setup_hook_gets_the_logger_of_the_whole_log(app, tmp_path):
    """The tutorial's way to choose a repository: there is no task there."""

    @app.setup()
    def set_up(logger=TaskLogger(), config=Config()):
        logger.set_repo(CSVFileRepo(filename=tmp_path / "log.csv", model=MinimalRecord))
        logger.info("set up")
        config.silence_cond_check = True

    app.task(every("1 day"), name="work", func=print)
    app.task(every("1 day"), name="play", func=print)
    app.run()
    rows = list(csv.DictReader((tmp_path / "log.csv").read_text().splitlines()))
    assert sorted({(row["task_name"], row["action"]) for row in rows}) == [
        ("play", "run"), ("play", "success"), ("work", "run"), ("work", "success"),
    ]  # fmt: skip
    assert app.session.config.silence_cond_check
    logger = app.session.task_logger(None)
    assert (logger.filter_by(action="run").count(), logger.get_latest(action="run").action) == (2, "run")


def test_a_handler_that_filters_is_no_log(app):
    """Its filters hold: such a handler is a listener beside the session's own log."""
    seen = []

    class Repo:
        """Looks like a repository."""

        def filter_by(self, **_):
            raise AssertionError

    class Handler(logging.Handler):
        repo = Repo()

        def emit(self, record):
            seen.append(record.action)

    handler = Handler()
    handler.addFilter(lambda record: record.action != "run")
    logger = logging.getLogger("rocketry.task")
    logger.addHandler(handler)
    try:
        app.task(every("1 day"), name="work", func=print)
        app.run()
        app.session.log.flush()
    finally:
        logger.removeHandler(handler)
    assert (seen, app.session["work"].status) == (["success"], "success")


def test_running_takes_durations_by_keyword():
    """Both spellings of the documentation mean one condition."""
    assert running(more_than="2 minutes") == running.more_than("2 minutes")
    assert running("work", less_than="1 min") == running("work").less_than("1 min")
    assert running("work", more_than="1 s", less_than="1 min") == running("work").between("1 s", "1 min")
    assert isinstance(running(), TaskRunning)


def test_the_schedulers_start_in_a_period():
    """The class takes the stretch of time in which the scheduler started, as `scheduler_running` its ends."""
    assert SchedulerStarted(period=TimeDelta("10 min")) == scheduler_running(less_than="10 min")
    assert SchedulerStarted(period=TimeSpanDelta("1 min")) == scheduler_running(more_than="1 min")
    between = SchedulerStarted(period=TimeSpanDelta("1 min", "5 min"))
    assert between == scheduler_running(more_than="1 min", less_than="5 min")
    with pytest.raises(ScheduleError, match=r"a TimeDelta like TimeDelta\('10 min'\).*got TimeOfDay.*write"):
        SchedulerStarted(period=TimeOfDay("10:00", "12:00"))


def test_a_task_waits_until_the_scheduler_has_run_for_a_while(app):
    """Negated, the start's period keeps a task from running at once after each start."""
    app.session.config.shut_cond = None
    app.task(every("6 hours") & ~SchedulerStarted(period=TimeDelta("10 min")), name="back up", func=print)
    with rehearse(app):
        app.step("9 min")
        assert app.session["back up"].status is None
        app.step("1 min")
        assert app.session["back up"].status == "success"


def test_a_run_that_is_not_forced_tells_nothing(app, recwarn):
    """Settings that people keep in a model name the option also where it says no."""
    app.task(func=print, name="work", force_run=False)
    assert not recwarn.list
    assert not app.session["work"].force_run


@pytest.mark.parametrize("kind", ["csv", "json", "memory", "sql"])
def test_the_time_can_be_the_key_of_a_repository(tmp_path, kind):
    """Records of one instant get times of their own then, a microsecond apart, and stay readable."""
    model, key = MinimalRecord, "created"
    if kind == "sql":
        engine = pytest.importorskip("sqlalchemy").create_engine(f"sqlite:///{tmp_path / 'log.db'}")
        repo = SQLRepo(engine=engine, table="tasks", model=model, id_field=key, if_missing="create")
    elif kind == "csv":
        repo = CSVFileRepo(filename=tmp_path / "log.csv", model=model, id_field=key)
    elif kind == "json":
        repo = JSONDirectoryRepo(path=tmp_path, model=model, id_field=key)
    else:
        repo = MemoryRepo(model=model, id_field=key)
    frozen = 1_700_000_000.0
    app = Rocketry(execution="main", logger_repo=repo, time_func=lambda: frozen)
    app.session.config.shut_cond = scheduler_cycles(more_than=2)
    app.task(daily, name="work", func=print)
    app.task(daily, name="play", func=print)
    app.run()
    app.session.log.flush()
    times = sorted(row.created for row in app.session.get_repo().filter_by().all())
    assert len(set(times)) == len(times) == 4
    assert times[0] == frozen
    assert times[-1] - frozen < 0.001
    assert app.session["work"].status == app.session["play"].status == "success"


@pytest.mark.parametrize("by_a_task", [True, False])
def test_a_renamed_task_keeps_its_past(by_a_task):
    """A once-per-hour task doesn't run again for a new name; status, times and return value stay its own."""
    app = Rocketry(execution="main", time_func=VirtualClock("2024-03-01 10:05"))
    ran = []
    app.task(hourly, name="old", func=lambda: ran.append(app.session.get_time()) or "value")
    if by_a_task:
        app.task(cron("20 10 * * *"), func=lambda: setattr(app.session["old"], "name", "new"), name="meta")
        app.step("30 min")
    else:
        app.step("15 min")
        app.session["old"].name = "new"
        app.step("15 min")
    task = app.session["new"]
    assert [at.minute for at in ran] == [5]
    assert (task.status, task.last_success.minute) == ("success", 5)
    assert app.session.returns[task] == app.session.returns["new"] == "value"
    app.step("30 min")
    assert [at.minute for at in ran] == [5, 0]


def test_a_task_renamed_while_it_runs_keeps_its_past():
    """The run ends under the name it began with, and still counts."""
    app = Rocketry(execution="async")
    ran = []

    @app.task(hourly, name="old")
    async def work(task=Task()):
        ran.append(task.name)
        task.name = "new"

    with rehearse(app, "2024-03-01 10:05"):
        app.step("30 min")
        assert ran == ["old"]
        assert app.session["new"].status == "success"
        app.step("30 min")
        assert ran == ["old", "new"]
        assert app.session["new"].status == "success"


def test_main_runs_follow_each_other(tmp_path):
    """Of several that are due at once each starts when the one before is over, and its record says so."""
    app = Rocketry(execution="main", shut_cond=scheduler_cycles(more_than=3))
    seen = []

    @app.task(daily, priority=1)
    def first():
        seen.append((app.session["second"].status, app.session["second"].is_running))
        threading.Event().wait(0.05)

    @app.task(daily)
    def second(): ...

    app.run()
    assert seen == [(None, False)]
    rows = [(row.task_name, str(row.action)) for row in app.session.get_task_log()]
    assert rows == [("first", "run"), ("first", "success"), ("second", "run"), ("second", "success")]
    log = {row.task_name: row for row in app.session.get_task_log(action="success")}
    assert log["first"].runtime >= 0.05 > log["second"].runtime
    assert log["second"].start >= log["first"].end


def test_a_main_task_decides_about_those_after_it():
    """A metatask of high priority disables, removes, changes and puts off what is due at the same moment."""
    app = Rocketry(execution="main", shut_cond=scheduler_cycles(more_than=3))
    ran = []

    @app.task(daily, priority=1)
    def manage(session=SessionArg()):
        session["disabled"].disabled = True
        session.remove_task("removed")
        session["changed"].start_cond = false
        session.parameters["free"] = False

    @app.cond()
    def is_free(free=Arg("free")):
        return free

    app.params(free=True)
    for name in ("disabled", "removed", "changed", "untouched"):
        app.task(daily, name=name, func=lambda name=name: ran.append(name))
    app.task(daily & ~succeeded(task="manage"), name="not after it", func=lambda: ran.append("after"))
    app.run()
    assert ran == ["untouched"]


def test_text_beside_a_condition_is_refused_on_both_sides():
    """An interval that was read from the environment is text, and Python alone tells of operand types."""
    for combine in (lambda: "every 5 min" | retry(3), lambda: "every 5 min" & retry(3)):
        with pytest.raises(
            TypeError, match=r"got text 'every 5 min': write all of it as text \('every 5 min [|&]"
        ):
            combine()
    with pytest.raises(TypeError, match=r"write all of it as text \('daily [|] every 5 min'\)"):
        daily | "every 5 min"


def test_a_condition_is_asked_for_a_function(app):
    """`observe` takes the task as everything else does: itself, its function or its name."""

    @app.task(every("1 day"))
    def work(): ...

    for given in (work, "work", app.session["work"]):
        assert daily.observe(task=given, session=app.session)
        assert not finished.observe(task=given, session=app.session)
    app.run()
    for given in (work, "work", app.session["work"]):
        assert not daily.observe(task=given, session=app.session)
        assert finished.observe(task=given, session=app.session)


def test_parameters_become_a_dict():
    """By Rocketry's name for it."""
    assert Session(parameters={"a": 1}).parameters.to_dict() == {"a": 1}


@pytest.mark.parametrize("url", ["csv:{}", None])
def test_a_log_goes_on_in_a_second_application(app, tmp_path, url):
    """One program plays the restart: the first scheduler has stopped, the second takes its file over."""
    path = tmp_path / "log.csv"

    def keep():
        return url.format(path) if url else CSVFileRepo(filename=path, model=RunRecord)

    apps = [app, Rocketry(execution="main", shut_cond=scheduler_cycles(more_than=2))]
    ran = []
    for one in apps:
        one.session.set_repo(keep())
        one.task(daily, name="work", func=lambda: ran.append(1))
        one.run()
        assert one.session["work"].status == "success"
    assert ran == [1]
    app.session["work"].run()
    app.run()
    assert ran == [1, 1]
    assert len(app.session.get_task_log(action="run")) == 2


def test_a_single_run_that_obeys_conditions_runs_once(app):
    """`session.run(..., obey_cond=True)` is one look at each task, though a condition stays true."""
    ran = []
    app.task(true, name="work", func=lambda: ran.append(1))
    app.session.run("work", obey_cond=True)
    assert ran == [1]


@pytest.mark.parametrize("execution", ["main", "async"])
def test_an_argument_that_fails_beside_the_scheduler_is_a_failed_start(execution):
    """Where no thread or process is started, arguments are made before: the option about starts decides."""

    def fail():
        raise RuntimeError

    def work(value=FuncArg(fail)):
        raise AssertionError(value)

    app = Rocketry(execution=execution, shut_cond=scheduler_cycles(more_than=2))
    app.task(every("1 day"), name="work", func=work)
    with pytest.raises(TaskSetupError, match="'work' could not be started"):
        app.run()
    assert app.session["work"].status == "fail"
    silent = Rocketry(execution=execution, silence_task_prerun=True, shut_cond=scheduler_cycles(more_than=2))
    silent.task(every("1 day"), name="work", func=work)
    silent.run()
    assert silent.session["work"].status == "fail"


def test_records_can_be_read_like_the_stdlibs(app):
    """The default repository's records have the fields that people print."""

    def fail():
        raise ValueError

    app.task(every("1 day"), name="work", func=fail)
    app.run()
    started, failed = app.session.get_task_log()
    assert (started.levelname, started.levelno, started.name) == ("INFO", 20, "rocketry.task")
    assert (failed.levelname, failed.msg, failed.formatted_message) == (
        "ERROR",
        failed.message,
        failed.message,
    )


def test_the_time_by_its_old_name(app):
    """`get_current_time` is `get_time`."""
    assert abs((app.session.get_current_time() - app.session.get_time()).total_seconds()) < 1
