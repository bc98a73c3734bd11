"""Floor 0: the default session, for programs that create tasks without naming one.

Rocketry's global session. It is made when it is first asked for, by the factory that the package's front
door puts here, and never at import. Safe to ask from any thread.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

__all__ = ["default_session", "set_default_factory", "set_default_session"]


class _Default:
    """Holds the default session of the process and how to make one."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.session: Any = None
        self.factory: Callable[[], Any] | None = None

    def get(self) -> Any:
        with self.lock:
            if self.session is None:
                assert self.factory is not None, "the front door gives it"
                self.session = self.factory()
            return self.session


_default = _Default()


def default_session() -> Any:
    """The session that tasks without one belong to; made on first use."""
    return _default.get()


def set_default_session(session: Any) -> None:
    """Make a session the default one of the process; None forgets it."""
    with _default.lock:
        _default.session = session


def set_default_factory(factory: Callable[[], Any]) -> None:
    """Say how the default session is made when it is first needed."""
    with _default.lock:
        _default.factory = factory
