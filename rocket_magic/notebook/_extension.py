"""Floor 9: what `%load_ext`, `%reload_ext` and `%unload_ext` do.

Loading twice changes nothing. `%reload_ext` unloads and loads: the magics are made anew, tasks, history
and the scheduler's thread go on. `%unload_ext` shuts the scheduler down and removes all that was added.
"""

from __future__ import annotations

import atexit
import sys
import threading
from types import FrameType
from typing import Any

from rocket_magic.execution import run_on_stack
from rocket_magic.notebook._complete import make_matcher
from rocket_magic.notebook._home import Notebook, the_notebook
from rocket_magic.notebook._magics import install_magics, remove_magics
from rocket_magic.notebook._text import one_line

__all__ = ["load", "unload"]

_EVENTS = ("pre_run_cell", "post_run_cell")
_PATIENCE = 8.0
_NEAR = 6


class _Loaded:
    """What was added to a shell, so that it can be taken away again."""

    def __init__(self, notebook: Notebook) -> None:
        self.notebook = notebook
        self.shell = notebook.shell
        self.matcher = make_matcher(notebook)
        self.callback = notebook.ensure_capture

    def add(self) -> None:
        install_magics(self.notebook)
        self.shell.Completer.custom_matchers.append(self.matcher)
        for event in _EVENTS:
            self.shell.events.register(event, self.callback)

    def remove(self) -> None:
        remove_magics(self.shell)
        matchers = self.shell.Completer.custom_matchers
        if self.matcher in matchers:
            matchers.remove(self.matcher)
        for event in _EVENTS:
            if self.callback in self.shell.events.callbacks[event]:
                self.shell.events.unregister(event, self.callback)


class _Extension:
    """The extension's state: what is loaded now."""

    def __init__(self) -> None:
        self.loaded: _Loaded | None = None


_extension = _Extension()


def load(shell: Any) -> None:
    """Add magics and completion to a shell and start the scheduler; twice is once."""
    if _extension.loaded is not None:
        _extension.loaded.remove()
    notebook = the_notebook()
    notebook.attach(shell)
    _extension.loaded = _Loaded(notebook)
    _extension.loaded.add()
    atexit.register(_shut_down)


def unload(shell: Any) -> None:  # noqa: ARG001  IPython's form
    """Remove what was added and shut the scheduler down; keep it on within `%reload_ext`."""
    loaded = _extension.loaded
    if loaded is None:
        return
    loaded.remove()
    _extension.loaded = None
    if _within_reload():
        return
    _stop(loaded.notebook)
    atexit.unregister(_shut_down)
    deaf = _threads_in_cells()
    if deaf:  # what they still write must not appear under a cell
        threading.Thread(target=_detach_after, args=(loaded.notebook, deaf), daemon=True).start()
    else:
        loaded.notebook.detach()


def _stop(notebook: Notebook) -> None:
    if notebook.dashboard is not None:
        notebook.dashboard.close()
        notebook.dashboard = None
    running = sorted(task.name for task in notebook.session.task_list() if task.is_running)
    if running:
        names = ", ".join(one_line(name) for name in running)
        print(f"rocket_magic: runs in flight were asked to end: {names}")  # noqa: T201  told once, in the cell
    notebook.session.stop(force=bool(running), wait=_PATIENCE)


def _threads_in_cells() -> list[threading.Thread]:
    """The threads that are still in the code of a run whose output we keep."""
    frames = sys._current_frames()  # noqa: SLF001  the only way
    orders = ((thread, run_on_stack(frames.get(thread.ident or 0))) for thread in threading.enumerate())
    return [thread for thread, order in orders if order is not None and order.sink is not None]


def _detach_after(notebook: Notebook, threads: list[threading.Thread]) -> None:
    for thread in threads:
        thread.join()
    if _extension.loaded is None:
        notebook.detach()


def _shut_down() -> None:
    """At the end of the process: the thread is a daemon, this only lets worker processes go orderly."""
    notebook = the_notebook()
    notebook.session.stop(force=True, wait=1.0)


def _within_reload() -> bool:
    """Whether `%reload_ext` is calling: IPython tells an extension nothing of it, its stack does."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001  the only way
    for _ in range(_NEAR):
        if frame is None:
            return False
        if frame.f_code.co_name == "reload_extension":
            return True
        frame = frame.f_back
    return False
