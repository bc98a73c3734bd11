"""The one place that imports Red Bird: one function, under one lock.

Red Bird's package is circular; two threads importing parts of it at once deadlock in CPython's import
locks (REDBIRD.md section 3), with or without our view.
"""

from __future__ import annotations

import importlib
import threading
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from rocket_magic._import_view import install_redbird_view
from rocket_magic.exc import MissingExtraError

_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Redbird:
    """The loaded modules of Red Bird.

    Attributes:
        repos: `redbird.repos`, with all repositories.
        handler: `redbird.logging.handler`, with `RepoHandler`.
        oper: `redbird.oper`, the operators of queries.
        base: `redbird.base`.
    """

    repos: ModuleType
    handler: ModuleType
    oper: ModuleType
    base: ModuleType

    def find(self, name: str) -> Any:
        """The class of that name."""
        return getattr(self.repos, name, None) or getattr(self.handler, name)


def load_redbird() -> Redbird:
    """Load Red Bird, whatever thread asks first.

    Raises:
        MissingExtraError: It is not installed.
    """
    with _lock:
        install_redbird_view()
        try:
            repos = importlib.import_module("redbird.repos")
        except ModuleNotFoundError as error:
            if error.name is not None and error.name.split(".")[0] == "redbird":
                msg = "Red Bird's repositories need redbird: pip install 'redbird>=0.7.1'"
                raise MissingExtraError(msg) from error
            raise
        patches = importlib.import_module("rocket_magic.log._redbird_patches")
        patches.apply_to_loaded()
        return Redbird(
            repos=repos,
            handler=importlib.import_module("redbird.logging.handler"),
            oper=importlib.import_module("redbird.oper"),
            base=importlib.import_module("redbird.base"),
        )
