"""What the code of a program or notebook finds in `__main__` while it runs in a worker."""

from __future__ import annotations

import functools
import sys
from typing import Any

import pytest

from rocket_magic.execution.process._main_module import call_in_main

PROGRAM = """
import functools, multiprocessing, pickle, sys

class Point:
    def __init__(self, x):
        self.x = x

    def __call__(self):
        return pickle.loads(pickle.dumps(self)).x

    def shift(self):
        return pickle.loads(pickle.dumps(Point(self.x + 1))).x

def double(x):
    return 2 * x

def map_forked():
    with multiprocessing.get_context("fork").Pool(2) as pool:
        return pool.map(double, [1, 2, 3])

def pickle_own_class():
    return pickle.loads(pickle.dumps(Point(5))).x

def decorate(function):
    @functools.wraps(function)
    def outer():
        return function()
    return outer

decorated = decorate(pickle_own_class)

async def pickle_later():
    return pickle_own_class()

def define_and_pickle():
    global Later
    class Later:
        pass
    return type(pickle.loads(pickle.dumps(Later()))).__qualname__

def names():
    return sorted(name for name in vars(sys.modules["__main__"]) if name in ("Point", "double"))

def set_name():
    import __main__
    __main__.kept = 1
    return __main__.kept
"""


@pytest.fixture
def program() -> dict[str, Any]:
    """The globals of a program's main module."""
    space: dict[str, Any] = {"__name__": "__main__"}
    exec(PROGRAM, space)
    return space


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.parametrize("reuse", [False, True])
def test_a_programs_functions_and_classes_are_found_by_name(
    make_rig: Any, program: dict[str, Any], *, reuse: bool
) -> None:
    """As they are by whatever the program itself calls."""
    rig = make_rig("process", process_reuse=reuse)
    point = program["Point"](7)
    for call, value in [
        (program["map_forked"], [2, 4, 6]),
        (program["pickle_own_class"], 5),
        (program["decorated"], 5),
        (program["pickle_later"], 5),
        (program["define_and_pickle"], "Later"),
        (functools.partial(functools.partial(program["pickle_own_class"])), 5),
        (point, 7),
        (point.shift, 8),
        (program["set_name"], 1),
    ]:
        outcome = rig.run(call)
        assert outcome.value == value, outcome.exc_text


def test_nothing_of_a_run_is_left(make_rig: Any, program: dict[str, Any]) -> None:
    """A worker that is used again starts with its own `__main__`."""
    rig = make_rig("process", process_reuse=True)
    assert rig.run(program["map_forked"]).value == [2, 4, 6]
    assert rig.run(lambda: hasattr(sys.modules["__main__"], "double")).value is False


def test_other_code_changes_nothing() -> None:
    """Functions of modules are found where they are; what is odd about a callable does no harm."""

    class Odd:
        func = __wrapped__ = property(lambda self: self)

        def __call__(self) -> None:
            """Do nothing."""

    seen: list[Any] = []
    before = sys.modules["__main__"]
    for call in (dict, locals, functools.partial(len, ()), Odd(), Odd, lambda: None):
        call_in_main(call, lambda _: seen.append(sys.modules["__main__"]))
    assert seen == [before] * 6


def test_what_is_missing_is_said_as_python_says_it(program: dict[str, Any]) -> None:
    """Names of the program are there, others and the module's own are not taken from it."""
    program["__spec__"] = "the program's"

    def look(_: Any) -> Any:
        module: Any = sys.modules["__main__"]
        assert module.__getattr__("Point") is program["Point"]
        assert module.__spec__ is None
        with pytest.raises(AttributeError, match="module '__main__' has no attribute 'nothing'"):
            module.nothing  # noqa: B018  asking is the test
        return module

    module = call_in_main(program["pickle_own_class"], look)
    assert sys.modules["__main__"] is not module
