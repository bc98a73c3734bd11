"""Run ids that are counted (on a virtual clock, so that the same steps give the same records).

A log outlives its sessions, and several may write to it: each asks for numbers of its own, so that no two
runs of a log have the same id (RELIABILITY.md I1).
"""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["NUMBERS_A_LIFE", "number_after"]

NUMBERS_A_LIFE = 100_000_000
"""Where sessions can write side by side, each gets so many numbers: as many as have eight digits."""

_DIGITS = range(8, 16)


def number_after(run_ids: Iterable[str]) -> int:
    """The number above all counted ids among these; other ids are passed over."""
    counted = (int(one) for one in run_ids if len(one) in _DIGITS and one.isascii() and one.isdigit())
    return 1 + max(counted, default=0)
