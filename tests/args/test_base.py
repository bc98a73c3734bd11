"""Arguments: custom ones, pipes, circles."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rocket_magic.args import Arg, ArgumentEnv, BaseArgument, FuncArg, ParameterPlan, Pipe, SimpleArg, resolve
from rocket_magic.exc import ParameterError
from tests.args.fakes import FakeSession


class Both(BaseArgument):
    """Asks for task and session."""

    def get_value(self, task: Any, session: Any) -> Any:
        return task.name, len(session.parameters)


class OnlyTask(BaseArgument):
    """Asks for the task alone."""

    def get_value(self, task: Any) -> Any:
        return task.name


class Nothing(BaseArgument):
    """Asks for nothing."""

    def get_value(self) -> Any:
        return "nothing"


class Everything(BaseArgument):
    """Takes what there is."""

    def get_value(self, **kwargs: Any) -> Any:
        return sorted(kwargs)


class WithArgument(BaseArgument):
    """Has an argument of its own."""

    def get_value(self, session: Any, other: Any = Arg("x")) -> Any:
        return other


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        (Both(), ("report", 1)),
        (OnlyTask(), "report"),
        (Nothing(), "nothing"),
        (Everything(), ["run", "session", "task"]),
        (WithArgument(), 7),
    ],
)
def test_custom_signatures(session: FakeSession, argument: BaseArgument, expected: Any):
    """get_value gets what its signature asks for, arguments as defaults too."""
    session.parameters["x"] = 7
    assert resolve(argument, session.env()) == expected


def test_custom_argument_that_gives_an_argument(session: FakeSession):
    """A value that is an argument is asked again."""

    class Redirect(BaseArgument):
        def get_value(self) -> Any:
            return Arg("x")

    session.parameters["x"] = SimpleArg(3)
    assert resolve(Redirect(), session.env()) == 3


def test_incomplete_argument():
    """A subclass without get_value says what is missing."""

    class Empty(BaseArgument):
        pass

    with pytest.raises(NotImplementedError, match=r"Empty is no complete argument: define get_value"):
        resolve(Empty(), ArgumentEnv())


def test_builtin_argument_extended(session: FakeSession):
    """A subclass of a built-in argument may build on its get_value."""

    class Doubled(Arg):
        def get_value(self, task: Any = None, session: Any = None, **kwargs: Any) -> Any:
            return 2 * super().get_value(task=task, session=session)

    session.parameters["x"] = 4
    assert resolve(Doubled("x"), session.env()) == 8


def test_get_value_by_hand(session: FakeSession):
    """Rocketry's public form, with a session or a task that knows one."""
    session.parameters["x"] = FuncArg(lambda y=Arg("y"): y + 1)
    session.parameters["y"] = 1
    assert Arg("x").get_value(session=session) == 2
    task = session.add("a")
    task.session = session
    assert Arg("x").get_value(task=task) == 2


def test_pipe_first_value_wins(session: FakeSession):
    """`a >> b >> c` is the first that doesn't raise KeyError."""
    pipe = Arg("a") >> Arg("b") >> SimpleArg("c")
    assert isinstance(pipe, Pipe)
    assert resolve(pipe, session.env()) == "c"
    session.parameters["b"] = "b"
    assert resolve(pipe, session.env()) == "b"
    session.parameters["a"] = None
    assert resolve(pipe, session.env()) is None


def test_pipe_flattens_and_takes_a_plain_end(session: FakeSession):
    """Pipes of pipes are one pipe; a plain value may end it."""
    pipe = Arg("a") >> (Arg("b") >> Arg("c")) >> 5
    assert repr(pipe) == "Arg('a') >> Arg('b') >> Arg('c') >> 5"
    assert resolve(pipe, session.env()) == 5


def test_pipe_without_value(session: FakeSession):
    """An empty-handed pipe names every member's reason, and is a KeyError for an outer pipe."""
    with pytest.raises(ParameterError) as caught:
        resolve(Arg("a") >> Arg("b"), session.env())
    assert isinstance(caught.value, KeyError)
    assert str(caught.value) == (
        "no member of Arg('a') >> Arg('b') has a value: "
        "there is no session parameter 'a': set it with app.params(a=...) or give Arg('a', default=...); "
        "there is no session parameter 'b': set it with app.params(b=...) or give Arg('b', default=...)"
    )


def test_pipe_passes_other_errors(session: FakeSession):
    """Only KeyError means "no value"."""

    def broken() -> None:
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        resolve(FuncArg(broken) >> SimpleArg(1), session.env())


@pytest.mark.parametrize(
    ("parameters", "path"),
    [
        ({"p": Arg("p")}, "p -> p"),
        ({"a": Arg("b"), "p": Arg("a"), "b": Arg("a")}, "a -> b -> a"),
        ({"p": FuncArg(lambda x=Arg("q"): x), "q": FuncArg(lambda x=Arg("p"): x)}, "p -> q -> p"),
        ({"p": Arg("p") >> SimpleArg(2)}, "p -> p"),
    ],
)
def test_circle_is_named(session: FakeSession, parameters: dict[str, Any], path: str):
    """Arguments that ask for each other end in an error that draws the circle (S60, F23)."""
    session.parameters.update(parameters)
    with pytest.raises(ParameterError) as caught:
        resolve(Arg("p"), session.env())
    assert "arguments ask for each other in a circle: " in str(caught.value)
    assert path in str(caught.value)
    assert not isinstance(caught.value, KeyError)


NAMES = "abcdef"
links = st.dictionaries(st.sampled_from(NAMES), st.lists(st.sampled_from(NAMES), max_size=3), min_size=1)


@settings(max_examples=60, deadline=None)
@given(links, st.booleans())
def test_any_web_of_arguments_ends(web: dict[str, list[str]], late: bool):
    """Whatever asks for whatever: a value where the web has no circle, else an error that draws one."""
    session = FakeSession()
    for name, wanted in web.items():
        session.parameters[name] = FuncArg(
            lambda *got: 1 + sum(got), *(Arg(other, default=0) for other in wanted)
        )

    def value(name: str, above: tuple[str, ...] = ()) -> int:
        if name in above:
            raise RecursionError
        return 1 + sum(value(other, (*above, name)) for other in web[name]) if name in web else 0

    for name in web:
        plan = ParameterPlan(lambda x: x)
        try:
            expected = value(name)
        except RecursionError:
            with pytest.raises(ParameterError, match=r"in a circle: .* -> "):
                plan.build({}, {"x": Arg(name)}, {}, session.env(), "post" if late else "pre")
        else:
            assert (
                plan.build({}, {"x": Arg(name)}, {}, session.env(), "post" if late else "pre")() == expected
            )


def test_function_that_asks_for_itself(session: FakeSession):
    """A function whose argument is the function is a circle too."""

    def own(x: Any = None) -> Any:
        return x

    argument = FuncArg(own)
    argument.kwargs["x"] = argument
    with pytest.raises(ParameterError, match="own -> own"):
        resolve(argument, session.env())


def test_endless_chain_of_new_arguments(session: FakeSession):
    """Arguments made anew at each step end at a depth, not in a RecursionError."""

    class Deeper(BaseArgument):
        def get_value(self) -> Any:
            return Deeper()

    with pytest.raises(ParameterError, match="more than 100 deep"):
        resolve(Deeper(), session.env())


def test_same_argument_twice_is_no_circle(session: FakeSession):
    """An argument used twice side by side isn't a circle, and one used again after an error works."""
    session.parameters["x"] = 1
    shared = Arg("x")
    assert resolve(FuncArg(lambda a, b: a + b, shared, shared), session.env()) == 2


def test_get_repr_is_what_is_drawn():
    """str() of a custom argument is its get_repr."""

    class Drawn(BaseArgument):
        def get_value(self) -> Any:
            raise AssertionError

        def get_repr(self, **kwargs: Any) -> str:
            return "a drawing"

    assert str(Drawn()) == "a drawing"
    assert repr(Drawn()) == "Drawn()"
