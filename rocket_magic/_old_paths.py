"""Floor 8: the deep import paths that programs written for Rocketry use, beside the public ones.

`from rocketry.conditions.api import every` and `from rocketry.core.task import Task` are common in such
programs. Each of these paths is a view: a module that hands on the names of the modules named here, made
when it is imported. Nothing lives in a view, so every name keeps its one home.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, Final

__all__ = ["install_old_paths"]

_PACKAGE: Final = "rocket_magic."

VIEWS: Final[dict[str, tuple[str, ...]]] = {
    "application": ("app",),
    "args.builtin": ("args",),
    "args.secret": ("args",),
    "conditions.api": ("conditions", "conds"),
    "conditions.func": ("conditions",),
    "conditions.meta": ("conditions",),
    "conditions.parameter": ("conditions",),
    "conditions.scheduler": ("conditions",),
    "conditions.task": ("conditions",),
    "conditions.task.task": ("conditions",),
    "conditions.time": ("conditions",),
    "core.condition": ("conditions",),
    "core.condition.base": ("conditions",),
    "core.parameters": ("args",),
    "core.parameters.arguments": ("args",),
    "core.parameters.parameters": ("args",),
    "core.schedule": ("scheduler",),
    "core.task": ("tasks",),
    "core.time": ("time",),
    "core.time.base": ("time",),
    "log.log_record": ("log",),
    "parse": ("conditions",),
    "parse.condition": ("conditions",),
    "pybox": (),
    "pybox.time": ("time",),
    "pybox.time.interval": ("time",),
    "tasks.code": ("tasks",),
    "tasks.command": ("tasks",),
    "tasks.func": ("tasks",),
    "time.cron": ("time",),
    "time.delta": ("time",),
    "time.interval": ("time",),
    "utils": (),
    "utils.dependencies": ("dependencies",),
}
"""Path in Rocketry -> the modules whose public names it hands on; a later one wins."""


def install_old_paths() -> None:
    """Make the paths importable, once."""
    if not any(type(finder).__name__ == OldPathFinder.__name__ for finder in sys.meta_path):
        sys.meta_path.append(OldPathFinder())


class OldPathFinder:
    """Finds the views, after every other finder; is its own loader."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        """The spec of a view, or None."""
        if not fullname.startswith(_PACKAGE) or fullname.removeprefix(_PACKAGE) not in VIEWS:
            return None
        loader: object = self
        return ModuleSpec(fullname, loader, is_package=True)  # type: ignore[arg-type]  # duck typed, like _import_view

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """An ordinary module."""
        return None

    def exec_module(self, module: ModuleType) -> None:
        """Have the view ask its homes, the last one first; some of them load on first use themselves."""
        names = VIEWS[module.__name__.removeprefix(_PACKAGE)]
        homes = [importlib.import_module(_PACKAGE + name) for name in reversed(names)]

        def look_up(name: str) -> Any:
            for home in homes:
                if not name.startswith("_") and hasattr(home, name):
                    return getattr(home, name)
            msg = f"module {module.__name__!r} has no attribute {name!r}"
            raise AttributeError(msg)

        module.__dict__["__getattr__"] = look_up
        module.__dict__["__all__"] = sorted({name for home in homes for name in _public(home)})


def _public(module: ModuleType) -> list[str]:
    return [name for name in getattr(module, "__all__", None) or dir(module) if not name.startswith("_")]
