"""Floor 4: where a worker stands: folder, search path and environment of the scheduler's process."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import Any

__all__ = ["Place"]


class Place:
    """Follows the scheduler's process from run to run."""

    def __init__(self) -> None:
        self._place: tuple[Any, ...] | None = None
        self._before: tuple[dict[str, str], list[str]] | None = None

    def remember(self) -> None:
        """Keep what it was before the first run: the worker will have others after it."""
        if self._before is None:
            self._before = dict(os.environ), list(sys.path)

    def settle_in(self, place: tuple[Any, ...]) -> None:
        """Take over the scheduler's folder, search path and changed environment."""
        folder, path, changed, removed = place
        if folder is not None:
            with contextlib.suppress(OSError):
                os.chdir(folder)
        if place == self._place:
            return
        if self._place is not None and self._before is not None:  # an earlier run's place was another one
            os.environ.clear()
            os.environ.update(self._before[0])
            sys.path[:] = self._before[1]
        self._place = place
        if path is not None:
            sys.path[:] = path
        if changed:
            os.environ.update(changed)
        for name in removed:
            os.environ.pop(name, None)
