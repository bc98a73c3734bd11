"""Floor 5: tasks that act on the scheduler itself. They always run in `main`."""

from __future__ import annotations

from typing import Any, ClassVar

from rocket_magic.args import Session
from rocket_magic.tasks._base import Task

__all__ = ["Restart", "ShutDown"]


class ShutDown(Task):
    """Shuts the scheduler down when it runs."""

    __slots__ = ()
    DEFAULT_EXECUTION: ClassVar[str | None] = "main"

    def get_default_name(self) -> str:
        """One name is enough: a session needs one of it."""
        return "shutdown"

    def execute(self, session: Any = Session()) -> None:  # type: ignore[override]  # filled in by name
        """Ask the session to shut down."""
        session.shut_down()


class Restart(Task):
    """Restarts the scheduler when it runs."""

    __slots__ = ()
    DEFAULT_EXECUTION: ClassVar[str | None] = "main"

    def get_default_name(self) -> str:
        """One name is enough: a session needs one of it."""
        return "restart"

    def execute(self, session: Any = Session()) -> None:  # type: ignore[override]  # filled in by name
        """Ask the session to restart."""
        session.restart()
