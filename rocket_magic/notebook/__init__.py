"""Floor 9: the notebook. Magics, cells as tasks, output of runs kept apart, the dashboard.

``%load_ext rocket_magic`` calls `load_ipython_extension`. In plain Python,
``from rocket_magic.notebook import app`` gives the application of the notebook.

* `_extension` loading and unloading · `_home` the notebook's session, which survives a reload
* `_router` `_sink` `_outputs` output of runs · `_cell_code` `_cell_function` `_travel` a cell as a callable
* `_magics` `_options` `_schedule` `_python` `_register` `_cells` `%%task` · `commands/` `%rocket`
* `_complete` completion · `_views` `_text` `_moments` what is shown · `dashboard/` the widget
* `headless/` a notebook as a service, without a frontend

Importing this starts nothing and loads neither IPython nor widgets.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rocket_magic.app import Rocketry

    app: Rocketry

__all__ = ["app", "load_ipython_extension", "unload_ipython_extension"]


def __getattr__(name: str) -> Any:
    if name == "app":
        return importlib.import_module("rocket_magic.notebook._home").the_app()
    msg = f"module 'rocket_magic.notebook' has no attribute {name!r}"
    raise AttributeError(msg)


def load_ipython_extension(ipython: Any) -> None:
    """Called by ``%load_ext rocket_magic``."""
    importlib.import_module("rocket_magic.notebook._extension").load(ipython)


def unload_ipython_extension(ipython: Any) -> None:
    """Called by ``%unload_ext rocket_magic``."""
    importlib.import_module("rocket_magic.notebook._extension").unload(ipython)
