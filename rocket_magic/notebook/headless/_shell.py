"""Floor 9: a shell that runs a notebook's cells without a kernel: nothing listens, nobody is asked."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from rocket_magic.notebook.headless._document import Cell, HeadlessError

__all__ = ["make_shell", "run_cells"]


class HeadlessShell(InteractiveShell):
    """Knows which cell it runs, as a kernel does, and writes tracebacks to stderr."""

    cell_id: str | None = None

    def get_parent(self) -> dict[str, Any]:
        """The message that a frontend would have sent for the cell."""
        return {"header": {}, "metadata": {"cellId": self.cell_id}, "content": {}}

    def ask_exit(self) -> None:
        """Called by `exit` and `quit`: the cell leaves, and the service with it."""
        raise SystemExit

    def enable_gui(self, gui: str | None = None) -> None:
        """Called by `%matplotlib`; no event loop of windows is turned here, figures are shown as text."""

    def _showtraceback(self, _kind: type, _error: BaseException, lines: list[str]) -> None:
        print(self.InteractiveTB.stb2text(lines), file=sys.stderr)  # noqa: T201  the shell's way to tell


def make_shell(path: Path) -> HeadlessShell:
    """The process's shell, as `get_ipython()` gives it, for the notebook at `path`."""
    config = Config()
    config.HistoryManager.enabled = False
    if not sys.stderr.isatty():
        config.InteractiveShell.colors = "nocolor"
    warnings.filterwarnings("ignore", "To exit: use 'exit'")  # IPython's advice when a cell does exit
    shell: HeadlessShell = HeadlessShell.instance(config=config)
    shell.user_ns["__session__"] = str(path)  # what a frontend tells its kernel
    return shell


def run_cells(shell: HeadlessShell, cells: Iterable[Cell]) -> None:
    """Run cells one after the other.

    Raises:
        HeadlessError: One has failed; its traceback is on stderr. Those after it were not run.
    """
    run_cell: Any = shell.run_cell  # untyped
    for cell in cells:
        if cell.skipped:
            continue
        shell.cell_id = cell.id
        result: Any = run_cell(cell.source, store_history=True, cell_id=cell.id)
        error = result.error_before_exec or result.error_in_exec
        if error is None or cell.may_fail:
            continue
        what = f"{type(error).__name__} in cell {cell.number} ({cell.first_line})"
        msg = f"{what}: no task has started; tag the cell skip-execution to leave it out"
        raise HeadlessError(msg)
