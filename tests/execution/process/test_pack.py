"""Packing of runs: the quick way is taken only where it gives what cloudpickle would."""

from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import cloudpickle
import pytest

from rocket_magic.args._call import Call
from rocket_magic.clock import VirtualClock
from rocket_magic.execution import RunOrder
from rocket_magic.execution.process._pack import Home, _as_found_by_name, pack_call
from tests.execution import bodies


class Odd(dict[str, int]):
    """No plain dictionary."""


def test_a_function_of_a_module_is_found_by_name() -> None:
    """With plain parameters it goes through the C pickler, and comes back as itself."""
    given = {"seconds": 0.5, "more": [1, ("x", None)], "by": {"a": b"b"}}
    call = _as_found_by_name(Call(bodies.sleep_so_long, given, given=given))
    assert isinstance(call, partial)
    assert (call.func, call.keywords) == (bodies.sleep_so_long, given)
    assert _as_found_by_name(Call(os.getpid)) is os.getpid
    assert _as_found_by_name(bodies.give_five) is bodies.give_five


@pytest.mark.parametrize(
    "call",
    [
        lambda: 1,
        Call(lambda: 1),
        Call(bodies.sleep_so_long, {"seconds": object()}),
        Call(bodies.sleep_so_long, {"seconds": Odd()}),
        Call(bodies.sleep_so_long, {"seconds": [[[[1]]]]}),
        Call(bodies.sleep_so_long, {"seconds": [0] * 1000}),
        Call(bodies.sleep_so_long, {"seconds": {object: 1}}),
        Call(bodies.sleep_so_long, args=(1,)),
        Call(partial(bodies.sleep_so_long, 1)),
    ],
)
def test_everything_else_takes_the_long_way(call: Callable[[], Any]) -> None:
    """What has a class of its own, is large, or has no name of its own."""
    assert _as_found_by_name(call) is None
    assert callable(pickle.loads(pack_call(RunOrder("r", "t", call)))[0])


def test_main_travels_with_its_globals(monkeypatch: pytest.MonkeyPatch) -> None:
    """A function of `__main__`, or of a module registered by value, is not left to its name."""
    main = sys.modules["__main__"]
    function = eval("lambda: 1", main.__dict__)
    function.__qualname__ = "rm_function"
    monkeypatch.setattr(main, "rm_function", function, raising=False)
    assert function.__module__ == "__main__"
    assert _as_found_by_name(function) is None
    cloudpickle.register_pickle_by_value(bodies)
    try:
        assert _as_found_by_name(bodies.give_five) is None
    finally:
        cloudpickle.unregister_pickle_by_value(bodies)


def test_only_the_systems_clock_stays_at_home() -> None:
    """Others travel with the run."""
    assert pickle.loads(pack_call(RunOrder("r", "t", bodies.give_five)))[1] is None
    clock = VirtualClock("2026-03-01")
    packed = pack_call(RunOrder("r", "t", bodies.give_five, clock=clock))
    assert pickle.loads(packed)[1].clock() == clock()


def test_the_place_follows_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What changed since the beginning is told, and no longer when it is changed back."""
    monkeypatch.setenv("RM_GONE", "1")
    home = Home()
    assert home.place()[2:] == ({}, [])
    monkeypatch.setenv("RM_NEW", "yes")
    monkeypatch.delenv("RM_GONE")
    assert home.place()[2:] == home.place()[2:] == ({"RM_NEW": "yes"}, ["RM_GONE"])
    monkeypatch.delenv("RM_NEW")
    monkeypatch.setenv("RM_GONE", "1")
    assert home.place()[2:] == ({}, [])
