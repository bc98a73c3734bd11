"""Modules that are loaded on first use."""

from __future__ import annotations

import gc
import os
import subprocess
import sys

import pytest

from rocket_magic._lazy import LazyModule, load_at_once


def test_a_module_is_loaded_when_it_is_asked_for_something():
    """Making the stand-in loads nothing; the first question does."""
    sys.modules.pop("this_needs_no_test", None)
    module = LazyModule("sndhdr_of_nobody")
    assert "sndhdr_of_nobody" in repr(module)
    with pytest.raises(ModuleNotFoundError):
        module.anything  # noqa: B018  the question is the point


def test_it_answers_as_the_module_does():
    """What is asked comes from the module, and what it lacks is an error as ever."""
    module = LazyModule("fractions")
    assert module.Fraction is module.Fraction
    with pytest.raises(AttributeError, match="nothing_such"):
        module.nothing_such  # noqa: B018  the question is the point


def test_inspection_does_not_load_it():
    """Looking for special names, as inspect and mock do, finds nothing and loads nothing."""
    module = LazyModule("nobody_has_this_module")
    assert not hasattr(module, "__wrapped__")


def test_the_collector_waits_while_a_module_loads_and_goes_on(monkeypatch):
    """Also when the module can't be loaded; one that was off stays off."""
    seen = []
    monkeypatch.setattr("importlib.import_module", lambda name: seen.append((name, gc.isenabled())))
    load_at_once("many.modules")
    assert seen == [("many.modules", False)]
    assert gc.isenabled()
    gc.disable()
    try:
        load_at_once("more")
        assert not gc.isenabled()
    finally:
        gc.enable()
    monkeypatch.undo()
    with pytest.raises(ModuleNotFoundError):
        load_at_once("sndhdr_of_nobody")
    assert gc.isenabled()


def test_a_session_is_made_without_the_slow_modules():
    """A program that only registers tasks loads no event loop, no pickling and no process machinery."""
    code = (
        "import sys; from rocket_magic import Rocketry; app = Rocketry();"
        "app.task('daily', func=print, name='a'); print(sorted(sys.modules))"
    )
    # Measuring coverage in child processes loads some of them itself.
    env = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env)
    slow = ("asyncio", "cloudpickle", "multiprocessing", "importlib.metadata", "sqlite3", "statistics")
    assert [] == [name for name in slow if f"'{name}'" in done.stdout]
