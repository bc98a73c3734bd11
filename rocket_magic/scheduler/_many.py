"""Floor 7: what is done otherwise where many tasks are due at one instant."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator
from typing import Final

__all__ = ["MANY", "collecting_seldom"]

MANY: Final = 100
"""So many tasks at once, and more, are many."""
_SELDOM: Final = 100_000


@contextlib.contextmanager
def collecting_seldom() -> Iterator[None]:
    """Have Python look for garbage less often meanwhile.

    What is made for runs stays for a while: to look through it again and again, and through all that the
    process has, takes longer than to make it. A collector that is off, or rests already, is left as it is.
    """
    before = gc.get_threshold()
    if not gc.isenabled() or not 0 < before[0] < _SELDOM:
        yield
        return
    gc.set_threshold(_SELDOM, *before[1:])
    try:
        yield
    finally:
        if gc.get_threshold()[0] == _SELDOM:  # else somebody has set it meanwhile
            gc.set_threshold(*before)
