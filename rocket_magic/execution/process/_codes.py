"""Floor 4: code of the user's own files, read once in the fork server and run anew in each worker.

A module of the user's own is executed in each worker that imports it, since it may have been edited and
must not share what it opens. Its code however is the same as long as its file is: so Python's files of
bytecode do it, and so it is here, in memory and where there are no such files.
"""

from __future__ import annotations

import contextlib
import os
import sys
from importlib.machinery import PathFinder, SourceFileLoader
from types import CodeType
from typing import Any, Final

from rocket_magic.execution.process._modules import is_installed_file

__all__ = ["Codes"]

_MOST: Final = 200
_LARGEST: Final = 1 << 20

_Stamp = tuple[float, int]


class Codes:
    """Code by file. Made by the fork server, inherited by its workers.

    Attributes:
        missed: Files whose code a worker had to read itself.
    """

    def __init__(self) -> None:
        self._known: dict[str, tuple[_Stamp, CodeType | None]] = {}
        self._read: Any = SourceFileLoader.get_code
        self.missed: list[str] = []

    def install(self) -> None:
        """Have Python's loader of source files ask here first, in this process and those forked from it."""

        def get_code(loader: SourceFileLoader, fullname: str) -> CodeType | None:
            return self._get(loader) or self._read(loader, fullname)

        loader: Any = SourceFileLoader
        loader.get_code = get_code

    def _get(self, loader: SourceFileLoader) -> CodeType | None:
        if type(loader) is not SourceFileLoader:  # others may compile in their own way
            return None
        path = loader.path
        stamp, code = self._known.get(path, (None, None))
        if stamp is None or _stamp_of(loader) != stamp:
            self.missed.append(path)
            return None
        return code

    def take_missed(self) -> list[str]:
        """The user's own files among those missed since it was asked last."""
        missed, self.missed = self.missed, []
        return [path for path in missed if os.path.isabs(path) and not is_installed_file(path)]  # noqa: PTH117  no pathlib here

    def learn(self, path: str) -> None:
        """Read a file's code, and the folders it is looked for in; what can't be read is left to workers."""
        folder, name = os.path.split(path)
        name = name.partition(".")[0]
        loader = SourceFileLoader(name, path)
        try:
            stamp = _stamp_of(loader)  # before reading: a file that changes meanwhile does not count as known
        except OSError:
            return
        known = self._known.get(path)
        if known is not None and known[0] == stamp:
            return
        code = None
        if stamp[1] <= _LARGEST and (known is not None or len(self._known) < _MOST):
            with contextlib.suppress(Exception):
                code = self._read(loader, name)
                for place in (sys.path, [os.path.dirname(folder)], [folder]):  # noqa: PTH120  as above
                    PathFinder.find_spec(name, place)
        self._known[path] = stamp, code


def _stamp_of(loader: SourceFileLoader) -> _Stamp:
    """The file as it is now: `path_stats` is what Python's own files of bytecode are checked by."""
    stats = loader.path_stats(loader.path)
    return stats["mtime"], stats["size"]
