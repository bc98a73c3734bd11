"""What a function takes."""

from __future__ import annotations

import functools
import gc
import sys
import weakref
from typing import TYPE_CHECKING, Annotated, Any

import pytest

from rocket_magic.args import Arg, ParameterPlan, TerminationFlag, call, signature_arguments
from rocket_magic.exc import ParameterError
from tests.args.fakes import FakeSession

if TYPE_CHECKING:
    from decimal import Decimal


def test_default_and_annotated():
    """Arguments are found as defaults and in Annotated, also in the text of an annotation."""
    first = Arg("a")

    def task(a: Any = first, b: Alias = 1, c: int = 2, *, d: Annotated[int, Arg("d")]) -> None: ...

    found = signature_arguments(task)
    assert list(found) == ["a", "b", "d"]
    assert found["a"] is first
    assert repr(found["b"]) == "Arg('b') >> 1"
    assert repr(found["d"]) == "Arg('d')"


def test_annotated_with_default(session: FakeSession):
    """A plain default beside Annotated counts when the argument finds no value."""

    def task(a: Annotated[int, Arg("a")] = 5) -> int:
        return a

    assert call(task, session.env(), {}) == 5
    session.parameters["a"] = 6
    assert call(task, session.env(), {}) == 6


def test_unreadable_annotations():
    """Names for type checkers only are left alone; where an argument hides behind them it is an error."""

    def fine(a: Decimal, b: list[Decimal] | None = None) -> None: ...

    def hidden(a: Annotated[Decimal, Arg("a")]) -> None: ...

    assert signature_arguments(fine) == {}
    with pytest.raises(ParameterError, match=r"parameter 'a' of hidden: the annotation .* can't be read"):
        signature_arguments(hidden)


def test_argument_without_parentheses():
    """The class of an argument as default is a slip that is told."""

    def task(flag: Any = TerminationFlag) -> None: ...

    def noted(flag: Annotated[Any, TerminationFlag]) -> None: ...

    for function in (task, noted):
        with pytest.raises(ParameterError, match=r"write TerminationFlag\(\.\.\.\)"):
            ParameterPlan(function)


Alias = Annotated[int, Arg("b")]


class Machine:
    """Callables of every kind."""

    def method(self, a: Any, b: Any = Arg("b")) -> Any:
        return a, b

    @classmethod
    def of_class(cls, a: Any, b: Any = Arg("b")) -> Any:
        return a, b

    @staticmethod
    def static(a: Any, b: Any = Arg("b")) -> Any:
        return a, b

    def __call__(self, a: Any, b: Annotated[Any, Arg("b")]) -> Any:
        return a, b


def function(a: Any, b: Any = Arg("b")) -> Any:
    """A plain function."""
    return a, b


@functools.lru_cache
def cached(a: Any, b: Any = Arg("b")) -> Any:
    """A function behind a wrapper written in C."""
    return a, b


@functools.wraps(function)
def wrapper(*args: Any, **kwargs: Any) -> Any:
    """A decorated function."""
    return function(*args, **kwargs)


@pytest.mark.parametrize(
    "callee",
    [
        function,
        Machine().method,
        Machine.of_class,
        Machine.static,
        Machine(),
        functools.partial(function),
        functools.partial(Machine().method),
        cached,
        wrapper,
        lambda a, b=Arg("b"): (a, b),
    ],
)
def test_every_kind_of_callable(session: FakeSession, callee: Any):
    """Functions, methods, callable objects, partials and wrappers are filled alike."""
    session.parameters.update(a=1, b=2)
    for _ in range(2):  # the second time from memory
        made = ParameterPlan.of(callee).build(session.parameters, {}, {}, session.env(), "post")
        assert made() == (1, 2)


def test_partial_keeps_what_it_fixed(session: FakeSession):
    """What a partial fixed by name isn't overridden by a session parameter, but by the task's."""
    session.parameters.update(a=1, b=2)
    plan = ParameterPlan(functools.partial(function, a="fixed"))
    assert plan.build(session.parameters, {}, {}, session.env(), "post")() == ("fixed", 2)
    assert plan.build(session.parameters, {"a": "task"}, {}, session.env(), "post")() == ("task", 2)


def test_unreadable_signature(session: FakeSession):
    """A callable without a readable signature takes what task and batch give."""
    plan = ParameterPlan(dict)
    session.parameters["a"] = 1
    assert plan.build(session.parameters, {"b": 2}, {"c": 3}, session.env(), "post")() == {"b": 2, "c": 3}
    plan.check(["anything"])


def test_positional_only(session: FakeSession):
    """Positional-only parameters are filled by name too."""

    def task(a: Any, b: Any = Arg("b"), /, c: Any = 0) -> Any:
        return a, b, c

    session.parameters.update(b=2)
    assert ParameterPlan(task).build(session.parameters, {"a": 1}, {"c": 3}, session.env(), "post")() == (
        1,
        2,
        3,
    )


def test_memory_is_weak():
    """A redefined cell's old function isn't kept alive."""

    def old(a: Any = Arg("a")) -> None: ...

    ParameterPlan.of(old)
    watch = weakref.ref(old)
    del old
    gc.collect()
    assert watch() is None


def test_partials_of_one_function_share_what_was_read():
    """Partials that fix the same parameters share a spec; one that fixes an argument has its own."""

    def task(a, b=1): ...

    first, second = ParameterPlan(functools.partial(task, a=1)), ParameterPlan(functools.partial(task, a=2))
    assert first.spec is second.spec
    assert ParameterPlan(functools.partial(task, 1)).spec.names == ("b",)
    argument = Arg("x")
    assert {"a": argument} == dict(ParameterPlan(functools.partial(task, a=argument)).spec.arguments)


def test_a_wrapped_function_without_parameters_is_read_through():
    """A wrapper that takes nothing itself but stands for a function with parameters takes those."""

    def task(a, b): ...

    @functools.wraps(task)
    def wrapper(): ...

    assert ParameterPlan(wrapper).spec.names == ("a", "b")
    partial = functools.update_wrapper(functools.partial(lambda: None), task)
    assert ParameterPlan(partial).spec.names == ("a", "b")


@pytest.mark.skipif(sys.version_info < (3, 14), reason="older Pythons evaluate annotations where they stand")
def test_annotations_of_names_that_only_a_type_checker_knows():
    """What can't be evaluated says nothing about arguments, and does not refuse the function (PEP 649)."""
    source = "def task(frame: DataFrame, n: Annotated[Series, Arg('n')], m: int | Series = 1): return n"
    names = {"Annotated": Annotated, "Arg": Arg}
    code = compile(source, "<task>", "exec", dont_inherit=True)  # as in a module without the future import
    exec(code, names)
    found = signature_arguments(names["task"])
    assert {name: repr(argument) for name, argument in found.items()} == {"n": "Arg('n')"}
