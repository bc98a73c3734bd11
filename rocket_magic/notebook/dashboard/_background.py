"""Floor 9, dashboard: one piece of work at a time on a helper thread, so that nobody waits for it."""

from __future__ import annotations

import threading
from collections.abc import Callable

__all__ = ["Background"]


class Background:
    """Runs one function at a time; the thread is a daemon and ends with its work.

    Args:
        name: Of the thread.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    @property
    def is_busy(self) -> bool:
        """Whether work is under way."""
        thread = self._thread
        return thread is not None and thread.is_alive()

    def start(self, work: Callable[[], None]) -> bool:
        """Begin; False when earlier work is still under way."""
        with self._lock:
            if self.is_busy:
                return False
            self._thread = threading.Thread(target=work, name=self._name, daemon=True)
            self._thread.start()
            return True

    def join(self, timeout: float) -> None:
        """Wait for the work under way; for tests."""
        thread = self._thread
        if thread is not None:
            thread.join(timeout)
