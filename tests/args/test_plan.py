"""The four levels of parameters (S43 to S60)."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import pytest

from rocket_magic.args import (
    Arg,
    FuncArg,
    ParameterPlan,
    SimpleArg,
    argument,
    call,
    check_batch,
    combine,
)
from rocket_magic.exc import ParameterError
from tests.args.fakes import FakeSession


def run(
    session: FakeSession,
    func: Any,
    task: Mapping[str, Any] | None = None,
    batch: Mapping[str, Any] | None = None,
) -> Any:
    """Run a function as a task of the session would."""
    plan = ParameterPlan(func)
    return plan.build(session.parameters, task or {}, batch or {}, session.env(), "post")()


def echo(arg: Any = "plain") -> Any:
    """Give back the parameter."""
    return arg


def echo_argument(arg: Any = SimpleArg("function")) -> Any:
    """Give back the parameter, an argument by default."""
    return arg


def test_levels_override_each_other(session: FakeSession):
    """Batch over task over the signature's argument over session over plain default (S44)."""
    assert run(session, echo) == "plain"
    session.parameters["arg"] = "session"
    assert run(session, echo) == "session"
    assert run(session, echo_argument) == "function"
    assert run(session, echo_argument, {"arg": "task"}) == "task"
    assert run(session, echo_argument, {"arg": "task"}, {"arg": "batch"}) == "batch"


@pytest.mark.parametrize("levels", list(itertools.product([False, True], repeat=4)))
@pytest.mark.parametrize("required", [False, True])
def test_the_strongest_level_wins(session: FakeSession, levels: tuple[bool, ...], required: bool):
    """Of the levels that set a key, the first in the documented order decides (S44, S57)."""
    batch, task, signature, from_session = levels
    plain = (lambda arg: arg) if required else echo
    func = echo_argument if signature else plain
    session.parameters.update({"arg": "session"} if from_session else {})
    names = ["batch", "task", "function", "session", "plain"]
    expected = next((name for name, there in zip(names, levels, strict=False) if there), "plain")
    given = ({"arg": "task"} if task else {}, {"arg": "batch"} if batch else {})
    if required and not any(levels):
        with pytest.raises(TypeError, match="missing 1 required positional argument: 'arg'"):
            run(session, func, *given)
    else:
        assert run(session, func, *given) == expected


def test_levels_combine(session: FakeSession):
    """Only equal keys override: one run can use all levels (S45)."""

    def task(a: Any, b: Any, c: Any = SimpleArg("function"), d: Any = 0, e: Any = "plain") -> Any:
        return a, b, c, d, e

    session.parameters["d"] = "session"
    assert run(session, task, {"b": "task"}, {"a": "batch"}) == (
        "batch",
        "task",
        "function",
        "session",
        "plain",
    )


def test_any_value_or_argument_on_each_level(session: FakeSession):
    """Values may be any object or an argument on every level (S43)."""
    thing = object()
    assert run(session, echo, {"arg": thing}) is thing
    assert run(session, echo, {"arg": SimpleArg(1)}) == 1
    assert run(session, echo, {}, {"arg": FuncArg(lambda: 2)}) == 2
    session.parameters["arg"] = SimpleArg(3)
    assert run(session, echo) == 3


def test_kwargs_function_gets_task_and_batch_only(session: FakeSession):
    """`**kwargs` takes what task and batch say, never the session's parameters."""

    def task(named: Any = 0, **kwargs: Any) -> Any:
        return named, kwargs

    session.parameters.update(named=1, other=2)
    assert run(session, task, {"t": 3}, {"b": 4}) == (1, {"t": 3, "b": 4})


def test_combine_leaves_arguments_alone(session: FakeSession):
    """combine() tells who wins without asking any argument."""
    winner = SimpleArg(1)
    assert combine({"arg": 1, "other": 2}, echo, {}, {}) == {"arg": 1}
    assert combine({}, echo, {"arg": 1}, {"arg": winner})["arg"] is winner


@pytest.mark.parametrize(
    ("func", "keys", "message"),
    [
        (echo, ["agr"], "echo doesn't take parameter 'agr' (did you mean 'arg'?): it takes arg"),
        (lambda: None, ["x", "y"], "<lambda> doesn't take parameters 'x', 'y': it takes none"),
    ],
)
def test_unknown_batch_keys(func: Any, keys: list[str], message: str):
    """Unknown batch keys are refused when they are queued."""
    with pytest.raises(ParameterError) as caught:
        check_batch(func, keys)
    assert str(caught.value) == message


def test_known_batch_keys():
    """Known keys pass, and every key of a `**kwargs` function."""
    check_batch(echo, ["arg"])
    check_batch(dict, ["anything"])
    with pytest.raises(ParameterError, match="task 'report' doesn't take"):
        ParameterPlan(echo).check(["x"], "task 'report'")


def test_plain_call_is_shared(session: FakeSession):
    """A function without parameters costs nothing per run: its call is made once."""
    plan = ParameterPlan(lambda: 1)
    session.parameters["x"] = 1
    first = plan.build(session.parameters, {}, {}, session.env(), "post")
    assert first is plan.build(session.parameters, {}, {}, session.env(), "post")
    assert first.describe() is None


def test_error_tells_the_parameter(session: FakeSession):
    """An argument that fails keeps its exception, with a note of where."""

    def broken() -> None:
        raise ValueError("no luck")

    with pytest.raises(ValueError, match="no luck") as caught:
        ParameterPlan(echo).build({}, {"arg": FuncArg(broken)}, {}, session.env(), "pre")
    assert caught.value.__notes__ == ["while finding parameter 'arg' (FuncArg(broken)) of echo"]


def test_describe(session: FakeSession):
    """The parameters of a run as text: values short, arguments as written."""
    made = ParameterPlan(echo).build({}, {"arg": "x" * 200}, {}, session.env(), "post")
    assert made.describe() == f"arg='{'x' * 78}…"
    made = ParameterPlan(echo).build({}, {"arg": Arg("k", default="a\nb")}, {}, session.env(), "post")
    assert made.describe() == r"arg=Arg('k', default='a\nb')"


# The examples of the page about parameters


def test_page_batch_parameters(session: FakeSession):
    """A batch gives one run other parameters than it normally runs with (S46 to S51)."""

    def do_things(arg: Any) -> Any:
        return arg

    check_batch(do_things, ["arg"])
    assert run(session, do_things, batch={"arg": "a value"}) == "a value"


def test_page_task_parameters(session: FakeSession):
    """Task parameters (S53)."""

    def do_things(arg: Any) -> Any:
        return arg

    assert run(session, do_things, {"arg": "a value"}) == "a value"


def test_page_function_parameters(session: FakeSession):
    """An argument in the signature (S54)."""

    def do_things(arg: Any = SimpleArg("a value")) -> Any:
        return arg

    assert run(session, do_things) == "a value"


def test_page_session_parameters(session: FakeSession):
    """Session parameters, given or returned by a function (S55 to S57)."""

    def do_things(arg: Any) -> Any:
        return arg

    session.parameters.update(arg=SimpleArg("a value"))
    assert run(session, do_things) == "a value"

    @argument()
    def get_arg() -> str:
        return "another value"

    session.parameters["arg"] = get_arg
    assert run(session, do_things) == "another value"
    assert run(session, do_things, {"arg": "task"}) == "task"


def test_page_parameters_in_conditions_and_parameters(session: FakeSession):
    """`Arg` in a custom condition and in another parameter (S58, S59)."""
    session.parameters["my_arg"] = "Hello world"

    def is_foo(arg: Any = Arg("my_arg")) -> bool:
        assert arg == "Hello world"
        return True

    def get_my_arg(arg: Any = Arg("my_arg")) -> str:
        assert arg == "Hello world"
        return "Hello world 2"

    assert call(is_foo, session.env(), {}) is True
    session.parameters["my_arg_2"] = FuncArg(get_my_arg)
    assert run(session, lambda my_arg_2: my_arg_2) == "Hello world 2"


def test_page_infinite_recursion(session: FakeSession):
    """Argument A requests argument B and B requests A: an error that names both (S60)."""

    def get_a(arg: Any = Arg("b")) -> Any:
        return arg

    def get_b(arg: Any = Arg("a")) -> Any:
        return arg

    session.parameters.update(a=FuncArg(get_a), b=FuncArg(get_b))
    for materialize in ("pre", "post"):
        with pytest.raises(ParameterError, match="a -> b -> a"):
            ParameterPlan(lambda a: a).build(session.parameters, {}, {}, session.env(), materialize)()
