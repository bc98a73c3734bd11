"""Floor 0: modules of other people that are slow to load, loaded when they are first used.

asyncio alone takes a notebook as long to load as a third of this package, and most sessions never run
a coroutine. A module that needs it now and then writes

    if TYPE_CHECKING:
        import asyncio
    else:
        asyncio = LazyModule("asyncio")

so that type checkers see the module itself. What every session needs is imported as ever.
"""

from __future__ import annotations

import gc
import importlib
from types import ModuleType
from typing import Any

__all__ = ["LazyModule", "load_at_once"]


class LazyModule:
    """Stands for a module until something is asked of it.

    Args:
        name: The module, as after `import`.
    """

    def __init__(self, name: str) -> None:
        self._module_name = name

    def __getattr__(self, name: str) -> Any:
        """What the module has by that name; kept here, so that it is asked once."""
        if name.startswith("__"):  # inspection of the stand-in must not load the module
            raise AttributeError(name)
        found = getattr(importlib.import_module(self._module_name), name)
        setattr(self, name, found)
        return found

    def __repr__(self) -> str:
        return f"<module {self._module_name!r}, loaded on first use>"


def load_at_once(name: str) -> ModuleType:
    """Import a module that brings many others, while the garbage collector waits.

    Modules are no garbage, but so many new objects make it look through all that a notebook has loaded:
    a third of the time that the dashboard takes to load.
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        return importlib.import_module(name)
    finally:
        if collects:
            gc.enable()
