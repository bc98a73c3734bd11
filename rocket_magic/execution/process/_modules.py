"""Floor 4: which installed modules a run has imported, so that the fork server may have them beforehand.

Not the user's own files: those are to be read anew, since they are being edited.
"""

from __future__ import annotations

import os
import sys
from itertools import islice
from typing import Final

__all__ = ["NewModules", "is_installed_file"]

_DEEPEST: Final = 2
_LIBRARY: Final = os.path.dirname(os.__file__) + os.sep  # noqa: PTH120  pathlib would be in each worker's memory
_PACKAGES: Final = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")


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
    if not isinstance(origin, str):
        return False
    return origin == "built-in" or is_installed_file(origin)


def is_installed_file(path: str) -> bool:
    """Whether a file belongs to Python or an installed package, not to the user."""
    return path.startswith(_LIBRARY) or any(map(path.__contains__, _PACKAGES))
