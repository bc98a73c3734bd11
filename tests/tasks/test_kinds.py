"""Kinds of tasks: functions in every form, files, programs and source text."""

from __future__ import annotations

import functools
import sys

import pytest

from rocket_magic import CodeTask, CommandTask, FuncTask, Rocketry, Session
from rocket_magic.conds import daily, every, finished
from rocket_magic.exc import TaskError
from rocket_magic.tasks import Restart, ShutDown, Task

HOUR = every("1 hour")


class Greeter:
    """A bound method and a callable object."""

    def greet(self, name="you"):
        return f"hello {name}"

    def __call__(self):
        return "called"


def run_one(app: Rocketry, name: str):
    """Run until the task has ended; its value."""
    app.session.config.shut_cond = finished(task=name) >= 1
    app.run()
    rows = app.session.get_task_log(task_name=name)
    assert [str(row.action) for row in rows] == ["run", "success"], rows[-1].exc_text
    return app.session.returns[name]


@pytest.mark.parametrize("mode", ["main", "thread", "process"])
@pytest.mark.parametrize(
    ("func", "expected"),
    [
        (Greeter().greet, "hello you"),
        (functools.partial(Greeter().greet, "ann"), "hello ann"),
        (Greeter(), "called"),
        (lambda: 5, 5),
    ],
    ids=["bound method", "partial", "callable object", "lambda"],
)
def test_anything_callable_can_be_a_task(mode, func, expected):
    """In any execution (weakness B12 of Rocketry)."""
    app = Rocketry(execution=mode)
    app.task(HOUR, name="work", func=func)
    assert run_one(app, "work") == expected


@pytest.mark.parametrize("mode", ["main", "thread", "process"])
def test_a_function_in_a_file_is_imported_when_it_runs(mode, tmp_path):
    """Together with its neighbours; the file may come later than the task (B23)."""
    app = Rocketry(execution=mode)
    app.task(HOUR, name="work", path=tmp_path / "job.py", func_name="go", parameters={"x": 2})
    assert app.session["work"].is_delayed()
    (tmp_path / "neighbour.py").write_text("FACTOR = 21\n")
    (tmp_path / "job.py").write_text("import neighbour\n\ndef go(x):\n    return x * neighbour.FACTOR\n")
    assert run_one(app, "work") == 42


@pytest.mark.parametrize("mode", ["thread", "process"])
@pytest.mark.parametrize(("argform", "options"), [("-", "-a 1"), ("long", "--a 1")])
def test_a_program_gets_parameters_as_options(mode, argform, options):
    """Its stdout is the value."""
    app = Rocketry(execution=mode)
    code = "import sys; print(*sys.argv[1:])"
    app.task(HOUR, name="cmd", command=[sys.executable, "-c", code], argform=argform, parameters={"a": 1})
    assert run_one(app, "cmd").decode().strip() == options
    assert isinstance(app.session["cmd"], CommandTask)


def test_a_program_that_fails_fails_the_run():
    """With its exit code and the end of its stderr."""
    app = Rocketry(execution="thread")
    code = "import sys; print('no disk', file=sys.stderr); sys.exit(3)"
    app.task(HOUR, name="cmd", command=[sys.executable, "-c", code])
    app.session.config.shut_cond = finished(task="cmd") >= 1
    app.run()
    last = app.session.get_task_log(task_name="cmd")[-1]
    assert last.action == "fail"
    assert "no disk" in last.exc_text


@pytest.mark.parametrize("mode", ["main", "thread", "process"])
def test_source_text_can_be_a_task(mode):
    """Its functions see its imports (B23)."""
    app = Rocketry(execution=mode)
    code = "import math\ndef area():\n    return math.floor(math.pi * r * r)\nreturn_value = area()\n"
    app.task(HOUR, name="code", code=code, parameters={"r": 2})
    assert isinstance(app.session["code"], CodeTask)
    assert run_one(app, "code") == 12


def test_bad_definitions_are_refused_when_made():
    """Not when they run."""
    session = Session()
    with pytest.raises(TaskError, match="is not Python"):
        CodeTask("def", name="x", session=session)
    with pytest.raises(TaskError, match="argform must be one of"):
        CommandTask("ls", argform="+", session=session)
    with pytest.raises(TaskError, match="needs something callable"):
        FuncTask(5, session=session)
    with pytest.raises(TaskError, match="needs a name"):
        Task(session=session)
    assert session.tasks == set()


def test_func_task_is_a_decorator_too():
    """With the module in its default name."""
    session = Session()

    @FuncTask(session=session, start_cond="daily")
    def report():
        """Make the report."""

    task = session[report]
    assert task.name == f"{__name__}:report"
    assert task.description == "Make the report."
    assert task.start_cond == daily


def test_restart_and_shutdown_are_tasks(app):
    """Always carried out in place."""
    ShutDown(session=app.session, start_cond="daily at 10:00")
    Restart(session=app.session)
    assert app.session["shutdown"].execution == "main"
    app.step("11 hours")
    assert app.session.scheduler.state == "stopped"


def test_a_task_shows_itself_as_data(app):
    """Conditions as text."""
    app.task("daily between 10:00 and 12:00", name="report", func=lambda: None, timeout="5 min")
    task = app.session["report"]
    assert task.dict()["start_cond"] == "daily between 10:00 and 12:00"
    assert '"timeout": "0:05:00"' in task.json()
    assert repr(task) == "<FuncTask 'report': daily between 10:00 and 12:00>"


def test_renaming_keeps_function_and_order(app):
    """Records keep the old name."""
    first = app.task("daily", name="a", func=lambda: None)
    app.task("daily", name="b", func=lambda: None)
    first.name = "c"
    assert [task.name for task in app.session.task_list()] == ["c", "b"]
    assert app.session[first.func] is first
