"""Floor 9: the notebook's scheduling session and what belongs to it.

There is one per process. It lives in this submodule because `%reload_ext` imports the top package
anew and nothing else: tasks, history and the thread survive it.
"""

from __future__ import annotations

import threading
from typing import Any

from rocket_magic.app import Rocketry
from rocket_magic.config import notebook_config
from rocket_magic.notebook._cells import CellOrigin, CellRegistry
from rocket_magic.notebook._forked_output import ForkedOutput
from rocket_magic.notebook._outputs import OutputStore
from rocket_magic.notebook._router import Capture, give_thread_a_sink
from rocket_magic.notebook._sink import RunSink
from rocket_magic.session import Session

__all__ = ["Notebook", "the_app", "the_notebook"]


_BACKGROUND_LIMIT = 100_000
SCHEDULER_THREAD = "rocket_magic scheduler"


class Notebook:
    """A shell with its application.

    Attributes:
        app: The application; its session runs on a background thread while the extension is loaded.
        outputs: Output of the newest runs.
        cells: Which cell made which task.
        background: What conditions, hooks and the scheduler's logger have written.
        shell: The IPython shell, or None outside of one.
        capture: Keeps output of runs apart, or None outside of a shell.
        dashboard: The dashboard that was shown, or None; every `%rocket show` is a view of it.
        waits_for_cells: Whether the scheduler starts only when all cells of the notebook have run.
    """

    def __init__(self) -> None:
        self.app = Rocketry(config=notebook_config())
        forked = ForkedOutput()
        self.outputs = OutputStore(forked=forked)
        self.cells = CellRegistry()
        self.background = RunSink(_BACKGROUND_LIMIT, forked)
        self.shell: Any = None
        self.capture: Capture | None = None
        self.dashboard: Any = None
        self.waits_for_cells = False
        self.session.sink_factory = self._open_sink
        self.session.subscribe(self._after_change)

    @property
    def session(self) -> Session:
        """The application's session."""
        return self.app.session

    def attach(self, shell: Any) -> None:
        """Belong to a shell: keep output of runs apart, start the scheduler if it isn't running.

        Not while it waits for the cells of a notebook without a frontend: one that fails must end it all.
        """
        if self.shell is not shell:
            self.shell, self.capture = shell, Capture(shell)
        assert self.capture is not None
        self.capture.install()
        if not self.waits_for_cells:
            self.session.start_thread()

    def detach(self) -> None:
        """Let go of the shell's streams; the scheduler has been stopped before."""
        if self.capture is not None:
            self.capture.uninstall()

    def ensure_capture(self, *_: Any) -> None:
        """Put routers in place again where the foreground has swapped streams (any thread)."""
        if self.capture is not None:
            self.capture.ensure()

    def origin(self, first_line: str) -> CellOrigin:
        """The cell that is being executed."""
        ask = getattr(self.shell, "get_parent", None)  # terminals have none
        parent: dict[str, Any] = (ask() if ask is not None else None) or {}
        cell_id = parent.get("metadata", {}).get("cellId")
        notebook = str(self.shell.user_ns.get("__session__", ""))
        return CellOrigin(cell_id, notebook, self.shell.execution_count, first_line)

    def _open_sink(self, task_name: str, run_id: str) -> Any:
        self.ensure_capture()
        return self.outputs.open(task_name, run_id)

    def _after_change(self, change: Any) -> None:
        if threading.current_thread().name == SCHEDULER_THREAD:
            give_thread_a_sink(self.background)
        self.ensure_capture()
        if change.kind == "task" and change.task is not None and change.task not in self.session:
            self.outputs.forget(change.task)
            self.cells.forget(change.task)


class _Home:
    """Holds the process's notebook; made on first use, never at import."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.notebook: Notebook | None = None

    def get(self) -> Notebook:
        with self.lock:
            if self.notebook is None:
                self.notebook = Notebook()
            return self.notebook


_home = _Home()


def the_notebook() -> Notebook:
    """The process's notebook."""
    return _home.get()


def the_app() -> Rocketry:
    """The notebook's application."""
    return _home.get().app
