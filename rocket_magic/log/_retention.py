"""Retention: what a log may forget."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rocket_magic.instants import SECOND, Instant, Span
from rocket_magic.log._query import Test

__all__ = ["Retention"]


@dataclass(frozen=True, slots=True)
class Retention:
    """What the log may forget; nothing by default.

    Attributes:
        age: Records older than this go.
        count: The newest so many records of each task stay.

    Repositories of ours forget while they are written, Red Bird's when they are opened. Those that a user
    wrote without Red Bird refuse to be opened with a retention: nobody knows how to ask them.
    """

    age: Span | None = None
    count: int | None = None

    @property
    def keeps_all(self) -> bool:
        """Whether nothing may be forgotten."""
        return self.age is None and self.count is None

    def trim(self, store: Any, now: Instant) -> int:
        """Let a repository forget; how many records went."""
        gone = 0
        if self.age is not None:
            gone += store.delete((Test("created", "lt", (now - self.age) / SECOND),))
        if self.count is not None:
            gone += store.trim(self.count)
        return gone
