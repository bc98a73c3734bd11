"""The page "Parameters": its examples and what it says of the levels."""

from __future__ import annotations

import pytest

from rocket_magic import Rocketry
from rocket_magic.args import Arg, FuncArg, SimpleArg
from rocket_magic.conds import every, failed, finished, minutely, succeeded
from rocket_magic.exc import ParameterError, TaskSetupError
from tests.reference.support import MODES, actions, run_until


def test_batch_parameters():
    """S46 to S51: queued before the start, one run each, oldest first; none queued, none used."""
    app = Rocketry(execution="main")
    seen = []

    @app.task()
    def do_things(arg="nothing"):
        seen.append(arg)

    # Getting a task instance
    task = app.session[do_things]

    # Setting batch run
    task.run(arg="a value")
    task.run(arg="another")
    task.run()
    assert [dict(batch) for batch in task.batches] == [{"arg": "a value"}, {"arg": "another"}, {}]
    run_until(app, succeeded(task=do_things) >= 3)
    assert seen == ["a value", "another", "nothing"]
    assert not task.batches
    assert actions(app, do_things) == ["run", "success"] * 3


def test_the_metatask():
    """S52: a `main` task on `minutely` sets another one running with a dict of parameters."""
    app = Rocketry()
    seen = []

    @app.task(execution="main")
    def do_things(arg):
        seen.append(arg)

    def get_task_to_run():
        return {"name": "do_things", "params": {"arg": "a value"}}

    @app.task(minutely, execution="main")
    def manual_run():
        # Get the task to run and its parameters
        task_to_run = get_task_to_run()
        task_name = task_to_run["name"]
        params = task_to_run["params"]

        # Set the task running with the given
        # parameters
        task = app.session[task_name]
        task.run(params)

    run_until(app, finished(task=do_things) >= 1)
    assert seen == ["a value"]


@pytest.mark.parametrize("mode", MODES)
def test_task_parameters(mode):
    """S43, S53: any object or an argument."""
    app = Rocketry(execution=mode)

    @app.task(every("1 hour"), parameters={"arg": "a value", "other": SimpleArg([1, 2])})
    def do_things(arg, other):
        return arg, other

    run_until(app, finished(task=do_things) >= 1)
    assert app.session.returns[do_things] == ("a value", [1, 2])


@pytest.mark.parametrize("mode", MODES)
def test_function_parameters(mode):
    """S54: an argument as a default in the signature."""
    app = Rocketry(execution=mode)

    @app.task(every("1 hour"))
    def do_things(arg=SimpleArg("a value")):
        return arg

    run_until(app, finished(task=do_things) >= 1)
    assert app.session.returns[do_things] == "a value"


@pytest.mark.parametrize("mode", MODES)
def test_session_parameters(mode):
    """S55, S56: values, arguments, and what a function returns."""
    app = Rocketry(execution=mode)
    app.params(arg=SimpleArg("a value"), plain=1)

    @app.param("my_arg")
    def get_arg():
        return "a value"

    @app.task(every("1 hour"))
    def do_things(arg, plain=Arg("plain"), third=Arg("my_arg"), missing=Arg("missing", default="none")):
        return arg, plain, third, missing

    run_until(app, finished(task=do_things) >= 1)
    assert app.session.returns[do_things] == ("a value", 1, "a value", "none")


def test_the_levels_override_each_other():
    """S44, S45, S57: batch over task over function over session; only equal keys, all in one run."""
    app = Rocketry(execution="main")
    app.params(a="session", b="session", c="session", d="session")

    @app.task(parameters={"a": "task", "b": "task"})
    def do_things(
        a=SimpleArg("function"), b=SimpleArg("function"), c=SimpleArg("function"), d="plain", e="plain"
    ):
        return a, b, c, d, e

    app.session[do_things].run(a="batch")
    run_until(app, finished(task=do_things) >= 1)
    assert app.session.returns[do_things] == ("batch", "task", "function", "session", "plain")


def test_parameters_in_a_condition():
    """S58: by the name of the session parameter, from text too."""
    app = Rocketry(execution="main")
    app.params(my_arg="Hello world")

    @app.cond("is foo")
    def is_foo(arg=Arg("my_arg")):
        assert arg == "Hello world"
        return True

    app.task("is foo", name="by text", func=lambda: None)
    app.task(is_foo, name="by object", func=lambda: None)
    run_until(app, (finished(task="by text") >= 1) & (finished(task="by object") >= 1))


@pytest.mark.parametrize("mode", MODES)
def test_parameters_in_parameters(mode):
    """S59: an argument that needs another one."""
    app = Rocketry(execution=mode)
    app.params(my_arg="Hello world")

    @app.param("my_arg_2")
    def get_my_arg(arg=Arg("my_arg")):
        assert arg == "Hello world"
        return "Hello world 2"

    @app.task(every("1 hour"))
    def do_things(arg=Arg("my_arg_2")):
        return arg

    run_until(app, finished(task=do_things) >= 1)
    assert app.session.returns[do_things] == "Hello world 2"


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("silent", [True, False])
def test_arguments_in_a_circle(mode, silent):
    """S60: named in the run's error instead of a recursion error."""
    app = Rocketry(execution=mode, silence_task_prerun=silent)

    @app.param("a")
    def get_a(b=Arg("b")):
        return b

    @app.param("b")
    def get_b(a=Arg("a")):
        return a

    @app.task(every("1 hour"))
    def do_things(a=Arg("a")):
        pytest.fail("it must not run")

    try:
        run_until(app, failed(task=do_things) >= 1)
    except (TaskSetupError, ParameterError):
        assert not silent
    text = app.session.get_task_log(task_name="do_things", action="fail")[0].exc_text
    assert "'a' -> 'b' -> 'a'" in text.replace("Arg(", "").replace(")", "") or "a -> b -> a" in text
    assert "RecursionError" not in text


def test_a_function_that_asks_for_itself():
    """The same for `FuncArg`."""
    app = Rocketry(execution="main", silence_task_prerun=True)

    def loop(x=Arg("loop")):
        return x

    app.params(loop=FuncArg(loop))
    app.task(every("1 hour"), name="work", func=lambda x=Arg("loop"): x)
    run_until(app, failed(task="work") >= 1)
    text = app.session.get_task_log(task_name="work", action="fail")[0].exc_text
    assert "loop" in text
    assert "RecursionError" not in text


def test_unknown_batch_keys_are_refused_when_queued():
    """With the task named."""
    app = Rocketry(execution="main")

    @app.task()
    def do_things(arg):
        return arg

    with pytest.raises(ParameterError, match="do_things"):
        app.session[do_things].run(argument=1)
