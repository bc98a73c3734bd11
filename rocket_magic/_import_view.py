"""Floor 0: lets Red Bird 0.7.1 load beside pydantic 2, unmodified and without touching anything else.

Red Bird was written for pydantic 1 and cannot be imported next to pydantic 2. One finder in front of
`sys.meta_path` reacts to `redbird` and `redbird.*` only: the ordinary finders find the module, its
ordinary code runs, but the *name* in `from pydantic import …` is replaced by our stand-in. Every other
module of the process, on every thread, keeps seeing the real pydantic (REDBIRD.md section 1).

Installing costs microseconds and imports nothing: stand-in, patches and the slow parts of importlib load
with Red Bird, and finder and loader do without importlib's base classes.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import CodeType, ModuleType
from typing import Any

__all__ = ["install_redbird_view"]

_STANDIN = "rocket_magic.log._redbird_standin"
_PATCHES = "rocket_magic.log._redbird_patches"
_NEWEST_KNOWN = (0, 7, 1)


def install_redbird_view() -> None:
    """Put the finder in front, once; drop what an earlier, failed import of Red Bird left behind."""
    if any(type(finder).__name__ == RedbirdFinder.__name__ for finder in sys.meta_path):
        return
    if "redbird" not in sys.modules:
        for name in [name for name in sys.modules if name.startswith("redbird.")]:
            del sys.modules[name]
    sys.meta_path.insert(0, RedbirdFinder())


class RedbirdFinder:
    """Wraps the loader of each module of Red Bird; knows nothing of other modules."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The ordinary finders' answer, its loader wrapped."""
        if fullname != "redbird" and not fullname.startswith("redbird."):
            return None
        for finder in sys.meta_path:
            if isinstance(finder, RedbirdFinder) or not hasattr(finder, "find_spec"):
                continue
            spec = finder.find_spec(fullname, path, target)
            if spec is not None:
                if hasattr(spec.loader, "get_code") and _is_needed():
                    loader: Any = _ViewLoader(spec.loader)
                    spec.loader = loader
                return spec
        return None


class _ViewLoader:
    """Runs a module's own code with one imported name replaced; everything else is the loader's."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        module: ModuleType | None = self._inner.create_module(spec)
        return module

    def exec_module(self, module: ModuleType) -> None:
        code = self._inner.get_code(module.__name__)
        if code is not None:
            exec(_renamed(code, _flavour()), module.__dict__)  # noqa: S102  the module's own code
        importlib.import_module(_PATCHES).apply(module)

    def __getattr__(self, name: str) -> Any:
        """Sources, resources and the like come from the real loader."""
        if name == "_inner":  # unpickling asks before it is set
            raise AttributeError(name)
        return getattr(self._inner, name)


def _renamed(code: CodeType, standin: str) -> CodeType:
    """The code with the name `pydantic` of its import statements replaced (module level only)."""
    return code.replace(co_names=tuple(standin if name == "pydantic" else name for name in code.co_names))


def _flavour() -> str:
    """What Red Bird gets as pydantic: our stand-in, or what an already loaded Red Bird stands on."""
    base = sys.modules.get("redbird.base")
    root = getattr(getattr(base, "BaseRepo", None), "__mro__", ())
    if any(cls.__module__.startswith("pydantic.v1") for cls in root):
        return "pydantic.v1"
    return _STANDIN


def _is_needed() -> bool:
    """Whether the installed Red Bird is one that can't stand on pydantic 2."""
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415  slow, for Red Bird only

    try:
        numbers = tuple(int(part) for part in version("redbird").split(".")[:3])
    except (PackageNotFoundError, ValueError):
        return True
    return numbers <= _NEWEST_KNOWN
