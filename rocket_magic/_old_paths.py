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
from typing import Final

__all__ = ["install_old_paths"]

_PACKAGE: Final = "rocket_magic."

VIEWS: Final[dict[str, tuple[str, ...]]] = {
    "application": ("app",),
    "args.builtin": ("args",),
    "args.secret": ("args",),
    "conditions.api": ("conditions", "conds"),
    "conditions.func": ("conditions",),
    "conditions.meta": ("conditions", "tasks"),
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
        path: Sequence[str] | None,  # noqa: ARG002  the protocol's form
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> ModuleSpec | None:
        """The spec of a view, or None."""
        if not fullname.startswith(_PACKAGE) or fullname.removeprefix(_PACKAGE) not in VIEWS:
            return None
        loader: object = self
        return ModuleSpec(fullname, loader, is_package=True)  # type: ignore[arg-type]  # duck typed, like _import_view

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:  # noqa: ARG002
        """An ordinary module."""
        return None

    def exec_module(self, module: ModuleType) -> None:
        """Fill the view."""
        for home in VIEWS[module.__name__.removeprefix(_PACKAGE)]:
            source = importlib.import_module(_PACKAGE + home)
            module.__dict__.update({name: getattr(source, name) for name in _public(source)})


def _public(module: ModuleType) -> list[str]:
    return getattr(module, "__all__", None) or [name for name in vars(module) if not name.startswith("_")]
