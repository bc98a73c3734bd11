"""How often something is told: a few times a minute, then a count (RELIABILITY.md I4).

The minute is that of the records, so a session on a virtual clock limits by its own time.
"""

from __future__ import annotations

from rocket_magic.instants import MINUTE, Instant

__all__ = ["Limit"]


class Limit:
    """Lets so many pass in a minute and counts the rest. Not for several threads at once.

    Args:
        n: How many pass.

    Attributes:
        held: How many did not pass since the last one that did.
    """

    __slots__ = ("_began", "_left", "_n", "held")

    def __init__(self, n: int = 1) -> None:
        self.held = 0
        self._n = n
        self._left = n
        self._began: Instant | None = None

    def passes(self, at: Instant) -> bool:
        """Whether this one passes."""
        if self._began is None or abs(at - self._began) >= MINUTE:
            self._began, self._left = at, self._n
        if self._left:
            self._left -= 1
            return True
        self.held += 1
        return False

    def take_held(self) -> int:
        """How many were held back since this was last asked."""
        held, self.held = self.held, 0
        return held

    def reset(self) -> None:
        """Let the next one pass: what went wrong is over."""
        self._began = None
