"""Floor 4: which installed modules a run has imported, so that the fork server may have them beforehand.

Not the user's own files: those are to be read anew, since they are being edited.
"""

from __future__ import annotations

import os
import sys
import sysconfig
from itertools import islice
from typing import Final

__all__ = ["NewModules"]

_DEEPEST: Final = 2
_INSTALLED: Final = tuple(
    path + os.sep
    for key, path in sysconfig.get_paths().items()
    if key in {"stdlib", "platstdlib", "purelib", "platlib"}
)


class NewModules:
    """Notes which modules were imported since it was asked last."""

    def __init__(self) -> None:
        # No copy of what is there: after a fork, touching an object copies its page.
        self._n_known = len(sys.modules)

    def take(self) -> list[str]:
        """Names of the installed ones that came since."""
        count = len(sys.modules) - self._n_known
        if count <= 0:
            return []
        self._n_known += count
        fresh = list(islice(reversed(sys.modules), count))[::-1]
        return [name for name in fresh if name.count(".") < _DEEPEST and _is_installed(name)]


def _is_installed(name: str) -> bool:
    if any(part.startswith("_") for part in name.split(".")):
        return False
    origin = getattr(getattr(sys.modules.get(name), "__spec__", None), "origin", None)
    return isinstance(origin, str) and (origin == "built-in" or origin.startswith(_INSTALLED))
