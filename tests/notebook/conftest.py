"""A real shell in this process, and a real kernel in another."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from tests.notebook.kernel import Kernel


@pytest.fixture
def shell(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """An IPython shell without history; the extension is not loaded."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    InteractiveShell.clear_instance()
    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "nocolor"
    made = InteractiveShell.instance(config=config)
    yield made
    made.history_manager.enabled = False
    InteractiveShell.clear_instance()


@pytest.fixture
def loaded(shell: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The shell with the extension loaded on a notebook of its own."""
    home = importlib.import_module("rocket_magic.notebook._home")
    monkeypatch.setattr(home, "_home", home._Home())
    shell.run_line_magic("load_ext", "rocket_magic")
    yield shell
    shell.run_line_magic("unload_ext", "rocket_magic")


@pytest.fixture
def notebook(loaded: Any) -> Any:
    """The notebook of the loaded shell."""
    return importlib.import_module("rocket_magic.notebook._home").the_notebook()


@pytest.fixture(scope="module")
def kernel() -> Iterator[Kernel]:
    """A kernel for the tests of one module, the extension loaded."""
    made = Kernel()
    made.run("%load_ext rocket_magic")
    yield made
    made.close()
