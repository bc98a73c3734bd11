"""The callable that a cell becomes, here and in another process."""

from __future__ import annotations

import asyncio
import inspect
import pickle
import threading
from typing import Any

import cloudpickle
import pytest

from rocket_magic.args import ParameterPlan, RunEnv, current_run
from rocket_magic.clock import VirtualClock
from rocket_magic.notebook._cell_code import compile_cell
from rocket_magic.notebook._cell_function import CellFunction
from rocket_magic.notebook._sink import RunSink
from rocket_magic.notebook._travel import what_stays_behind


def cell_of(body: str, namespace: dict[str, Any], *params: str) -> CellFunction:
    """Make a cell's function."""
    namespace.setdefault("__name__", "__main__")
    return CellFunction("load", compile_cell(body, f"%%task\n{body}", "<task load>"), namespace, params)


def test_globals_can_be_given_as_parameters() -> None:
    """Every global that the body reads is an optional parameter; builtins are not."""
    function = cell_of("print; path + str(n)", {"path": "a", "n": 1}, "n")
    assert ["n", "path"] == list(inspect.signature(function).parameters)
    assert ("n", "path") == ParameterPlan(function).spec.names
    assert "a2" == function(n=2)
    assert "b2" == function(n=2, path="b")


def test_the_value_is_displayed_to_the_run() -> None:
    """The last expression goes to the run's sink, unless muted."""
    sink = RunSink()
    token = current_run.set(RunEnv("1", "load", None, VirtualClock(), sink))
    try:
        cell_of("41 + 1", {})()
        cell_of("43;", {})()
        asyncio.run(cell_of("import asyncio\nawait asyncio.sleep(0)\n44", {})())
    finally:
        current_run.reset(token)
    assert "42\n44\n" == sink.text()


def test_it_travels_with_exactly_what_it_reads() -> None:
    """Neither names that it binds first nor names it doesn't use go along."""
    lock = threading.Lock()
    scope: dict[str, Any] = {"k": 3, "connection": lock, "unused": lock, "In": [], "get_ipython": lock}
    function = cell_of("connection = 5\n[i * k + connection for i in range(2)]", scope)
    assert {"k": 3} == function.used_globals()
    there = pickle.loads(cloudpickle.dumps(function))
    assert [5, 8] == there()
    assert lock is scope["connection"]
    assert [5, 105] == there(k=100)


def test_it_travels_with_the_values_of_now() -> None:
    """What the notebook holds when the run starts counts, not what it held at registration."""
    scope: dict[str, Any] = {"k": 1}
    function = cell_of("k", scope)
    scope["k"] = 2
    assert 2 == pickle.loads(cloudpickle.dumps(function))()


def test_a_deleted_name_fails_naming_it() -> None:
    """`%reset` or `del` in the foreground is a NameError in the run."""
    scope: dict[str, Any] = {"k": 1}
    function = cell_of("k", scope)
    del scope["k"]
    with pytest.raises(NameError, match="name 'k' is not defined"):
        function()


def helper() -> object:
    """Stands for a function of the notebook."""
    return GUARD


GUARD = threading.Lock()


def test_what_stays_behind_is_named() -> None:
    """The name, its type and the reason, also behind a function."""
    helper.__module__ = "__main__"
    found = what_stays_behind({"fine": 1, "lock": threading.Lock(), "helper": helper})
    assert [
        "lock (lock): cannot pickle '_thread.lock' object",
        "helper → GUARD (lock): cannot pickle '_thread.lock' object",
    ] == list(map(str, found))
