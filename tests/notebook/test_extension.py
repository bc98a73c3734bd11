"""Loading, reloading and unloading in a real shell."""

from __future__ import annotations

import importlib
import subprocess
import sys
import threading
from typing import Any

import pytest

from rocket_magic.notebook import _extension
from rocket_magic.notebook._router import Router


def scheduler_threads() -> list[threading.Thread]:
    """Threads of schedulers that are alive."""
    return [thread for thread in threading.enumerate() if thread.name == "rocket_magic scheduler"]


def test_loading_twice_is_once(loaded: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """One thread, one matcher, one pair of callbacks."""
    _extension.load(loaded)
    _extension.load(loaded)
    assert 1 == len(scheduler_threads())
    assert 1 == sum(
        getattr(matcher, "matcher_identifier", "") == "rocket_magic"
        for matcher in loaded.Completer.custom_matchers
    )


def test_reload_keeps_tasks_and_thread(loaded: Any, notebook: Any) -> None:
    """`%reload_ext` renews the magics and nothing else."""
    loaded.run_cell_magic("task", "--name load", "1")
    (before,) = scheduler_threads()
    loaded.run_line_magic("reload_ext", "rocket_magic")
    assert [before] == scheduler_threads()
    assert "load" in notebook.session
    assert "load  not run yet" in repr(loaded.run_line_magic("rocket", "status"))


def test_unload_takes_everything_away(loaded: Any) -> None:
    """No magic, matcher, callback, router or thread is left."""
    loaded.run_line_magic("unload_ext", "rocket_magic")
    assert "rocket" not in loaded.magics_manager.magics["line"]
    assert "task" not in loaded.magics_manager.magics["cell"]
    assert [] == loaded.Completer.custom_matchers
    assert type(sys.stdout) is not Router
    assert [] == scheduler_threads()
    assert not any(
        getattr(callback, "__name__", "") == "ensure_capture"
        for callbacks in loaded.events.callbacks.values()
        for callback in callbacks
    )
    loaded.run_line_magic("load_ext", "rocket_magic")
    assert 1 == len(scheduler_threads())


def test_unload_names_runs_in_flight(loaded: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """They are asked to end, and end."""
    started = loaded.user_ns["started"] = threading.Event()
    loaded.run_cell_magic(
        "task", "--name long --param flag=TerminationFlag()", "started.set()\nflag.wait(20)"
    )
    loaded.run_line_magic("rocket", "run long")
    assert started.wait(20)
    loaded.run_line_magic("unload_ext", "rocket_magic")
    assert "rocket_magic: runs in flight were asked to end: long\n" in capsys.readouterr().out
    assert [] == scheduler_threads()


def test_deaf_runs_never_reach_a_cell(loaded: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """A thread that outlives unloading writes to its run until it ends; then the streams are given back."""
    user = loaded.user_ns
    user["started"], user["go"] = threading.Event(), threading.Event()
    user["app"] = importlib.import_module("rocket_magic.notebook").app
    user["app"].session.config.grace = 0.05
    loaded.run_cell_magic("task", "--name deaf", "started.set()\ngo.wait(20)\nprint('late')")
    loaded.run_line_magic("rocket", "run deaf")
    assert user["started"].wait(20)
    loaded.run_line_magic("unload_ext", "rocket_magic")
    watchers = [thread for thread in threading.enumerate() if "_detach_after" in thread.name]
    assert 1 == len(watchers)
    user["go"].set()
    watchers[0].join(20)
    assert type(sys.stdout) is not Router
    assert "late" not in capsys.readouterr().out


def test_app_is_the_notebooks(loaded: Any, notebook: Any) -> None:
    """`from rocket_magic.notebook import app` is the same session for plain Python."""
    module = importlib.import_module("rocket_magic.notebook")
    assert notebook.app is module.app
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        _ = module.nonsense


def test_importing_starts_nothing_and_stays_light() -> None:
    """No thread, no IPython, no widgets."""
    code = (
        "import rocket_magic.notebook, sys, threading; "
        "print([m for m in ('IPython', 'ipywidgets', 'anywidget', 'pandas') if m in sys.modules], "
        "threading.active_count())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "[] 1\n" == done.stdout
