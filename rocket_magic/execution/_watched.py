"""Floor 4: a coroutine whose every step is timed, since one that doesn't await holds all others up."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator
from typing import Any, Final, TypeVar

from rocket_magic.clock import stopwatch
from rocket_magic.instants import SECOND, Span

__all__ = ["Watched"]

_Result = TypeVar("_Result")

_SLOW: Final[Span] = SECOND


class Watched(Coroutine[Any, Any, _Result]):
    """Drives a coroutine and tells when one step of it took more than a second.

    Args:
        coroutine: The coroutine.
        tell: Called with the time that a slow step took, on the loop's thread.
    """

    __slots__ = ("_coroutine", "_tell")

    def __init__(self, coroutine: Coroutine[Any, Any, _Result], tell: Callable[[Span], None]) -> None:
        self._coroutine = coroutine
        self._tell = tell

    def send(self, value: Any) -> Any:
        """Go on to the next await."""
        begun = stopwatch()
        try:
            return self._coroutine.send(value)
        finally:
            took = stopwatch() - begun
            if took > _SLOW:
                self._tell(took)

    def throw(self, *error: Any) -> Any:
        """Go on with an exception (a cancellation)."""
        begun = stopwatch()
        try:
            return self._coroutine.throw(*error)
        finally:
            took = stopwatch() - begun
            if took > _SLOW:
                self._tell(took)

    def close(self) -> None:
        """End it where it stands."""
        self._coroutine.close()

    def __await__(self) -> Generator[Any, Any, _Result]:
        """Only loops drive it."""
        return self._coroutine.__await__()
