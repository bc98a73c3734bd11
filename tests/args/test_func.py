"""Function arguments, when they are called, and calling users' functions."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from rocket_magic.args import Arg, ArgumentEnv, FuncArg, ParameterPlan, Task, argument, call
from rocket_magic.exc import ParameterError
from tests.args.fakes import FakeSession


def in_thread(function: Any) -> Any:
    """Call in a thread of its own."""
    values: list[Any] = []
    thread = threading.Thread(target=lambda: values.append(function()))
    thread.start()
    thread.join()
    return values[0]


def where() -> str:
    """Name the current thread."""
    return "here" if threading.current_thread() is threading.main_thread() else "there"


@pytest.mark.parametrize(
    ("own", "config", "expected"),
    [
        (None, "pre", "here"),
        (None, "post", "there"),
        ("pre", "post", "here"),
        ("post", "pre", "there"),
    ],
)
@pytest.mark.parametrize("level", ["task", "session", "through Arg"])
def test_materialize(session: FakeSession, own: Any, config: str, expected: str, level: str):
    """A "pre" function is called before the thread starts, a "post" one in it (S37 to S39)."""
    function = FuncArg(where, materialize=own)

    def task(x: Any) -> Any:
        return x

    given: dict[str, Any] = {}
    if level == "task":
        given = {"x": function}
    else:
        session.parameters["x" if level == "session" else "y"] = function
        given = {"x": Arg("y")} if level == "through Arg" else {}
    made = ParameterPlan(task).build(session.parameters, given, {}, session.env(), config)
    assert in_thread(made) == expected


def test_nested_materialize(session: FakeSession):
    """Each of nested functions is called where its own setting says."""
    inner = FuncArg(where, materialize="post")
    early = FuncArg(where, materialize="pre")
    outer = FuncArg(lambda a, b: (a, b, where()), inner, b=early, materialize="post")
    made = ParameterPlan(lambda x: x).build({}, {"x": outer}, {}, session.env(), "pre")
    assert in_thread(made) == ("there", "here", "there")


def test_pipe_with_post_member(session: FakeSession):
    """A pipe whose member is found in the run goes on there."""

    def missing() -> None:
        raise KeyError("nothing")

    pipe = Arg("absent") >> FuncArg(missing) >> FuncArg(where) >> Arg("absent")
    made = ParameterPlan(lambda x: x).build({}, {"x": pipe}, {}, session.env(), "post")
    assert in_thread(made) == "there"
    made = ParameterPlan(lambda x: x).build({}, {"x": FuncArg(missing) >> 5}, {}, session.env(), "post")
    assert made() == 5
    made = ParameterPlan(lambda x: x).build(
        {}, {"x": FuncArg(missing) >> FuncArg(missing)}, {}, session.env(), "post"
    )
    with pytest.raises(KeyError, match="no member of"):
        made()


def test_function_gives_an_argument(session: FakeSession):
    """A function that returns an argument means its value."""
    session.parameters["x"] = 4
    for when in ("pre", "post"):
        made = ParameterPlan(lambda x: x).build({}, {"x": FuncArg(lambda: Arg("x"))}, {}, session.env(), when)
        assert made() == 4


def test_decorator():
    """`argument` makes a FuncArg, with and without parentheses; it stays callable."""

    @argument
    def bare() -> str:
        return "bare"

    @argument(materialize="pre", x=3)
    def given(x: int) -> int:
        return x

    assert isinstance(bare, FuncArg)
    assert bare() == "bare"
    assert given.materialize == "pre"
    assert repr(given) == "FuncArg(given, x=3)"


def test_wrong_construction():
    """A wrong function or time is told at once."""
    with pytest.raises(ParameterError, match="FuncArg needs a function, got 3"):
        FuncArg(3)
    with pytest.raises(ParameterError, match="must be 'pre', 'post' or None, got 'later'"):
        FuncArg(where, materialize="later")


def test_coroutine_function_is_refused(session: FakeSession):
    """A coroutine function can't be asked by the scheduler; the message says what to do."""

    async def get() -> int:
        return 1

    with pytest.raises(ParameterError, match="get is a coroutine function"):
        ParameterPlan(lambda x: x).build({}, {"x": FuncArg(get)}, {}, session.env(), "pre")
    with pytest.raises(ParameterError, match="get is a coroutine function"):
        call(get, session.env(), {})


def test_call_with_arguments(session: FakeSession):
    """Conditions and hooks: what is given wins, then arguments, then session parameters where nothing is."""

    def hook(task: Any = Task(), a: Any = Arg("a"), b: Any = "plain", *, c: Any) -> Any:
        return task.name, a, b, c

    session.parameters.update(a=1, b=2, c=3)
    env = session.env()
    assert call(hook, env, {}) == ("report", 1, "plain", 3)
    assert call(hook, env, {"a": 7, "c": Arg("b")}) == ("report", 7, "plain", 2)
    assert call(where, ArgumentEnv(), {}) == "here"
