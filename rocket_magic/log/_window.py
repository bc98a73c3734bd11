"""The documented way to a log through `logging.getLogger("rocketry.task").handlers`: one that has a `repo`.

Programs written for Rocketry look through the task logger's handlers for one with a `repo`. There is one
such handler on the logger. It handles nothing (records reach the repository by `TaskLog`), and shows the
repository of the newest living session. Sessions still know nothing of each other.
"""

from __future__ import annotations

import logging
import weakref
from typing import Any, Final, Protocol

_DEAF: Final = 1_000_000
"""Above every level: logging passes the handler over."""


class Shown(Protocol):
    """A session, as the window sees it."""

    @property
    def log(self) -> Any: ...


class RepoWindow(logging.Handler):
    """Shows where the task log is; see the module's docstring."""

    def __init__(self) -> None:
        super().__init__(_DEAF)
        self._owners: tuple[weakref.ref[Shown], ...] = ()

    @property
    def repo(self) -> Any:
        """The repository of the newest session; missing when there is none any more."""
        for reference in reversed(self._owners):
            owner = reference()
            if owner is not None:
                return owner.log.repo
        raise AttributeError("no session logs here any more, so there is no repository")

    def show(self, owner: Shown) -> None:
        """Show this session's repository, unless a newer one's is shown."""
        living = tuple(one for one in self._owners if one() is not None)
        known = any(one() is owner for one in living)
        self._owners = living if known else (*living, weakref.ref(owner))

    def forget(self, owner: Shown) -> None:
        """Show it no more."""
        self._owners = tuple(one for one in self._owners if one() not in (None, owner))

    def emit(self, record: logging.LogRecord) -> None:
        """Nothing: the log has it already."""

    def __repr__(self) -> str:
        return "<RepoWindow: the task log's repository is .repo>"


def show_repository(owner: Shown, logger_name: str) -> None:
    """Let the session's repository be found through the task logger's handlers."""
    window = _window_of(logger_name)
    if window is None:
        window = RepoWindow()
        logging.getLogger(logger_name).addHandler(window)
    window.show(owner)


def hide_repository(owner: Shown, logger_name: str) -> None:
    """The opposite, for a session that logs to another logger now."""
    window = _window_of(logger_name)
    if window is not None:
        window.forget(owner)


def _window_of(logger_name: str) -> RepoWindow | None:
    handlers = logging.getLogger(logger_name).handlers
    return next((handler for handler in handlers if type(handler) is RepoWindow), None)
