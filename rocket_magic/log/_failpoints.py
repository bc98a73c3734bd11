"""Places where a test may kill the process, by name (RELIABILITY.md 6.3).

`ROCKET_MAGIC_FAILPOINT=after_run_record` kills at the first time that place is passed,
`after_run_record:3` at the third. Without the variable a place costs one look at a constant.
"""

from __future__ import annotations

import itertools
import os
import signal
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from rocket_magic._protocols import Action

if TYPE_CHECKING:
    from rocket_magic.log._record import Record

NAMES: Final = (
    "before_run_record",
    "after_run_record",
    "in_task",
    "before_outcome",
    "mid_outcome",
    "after_outcome",
)

_name, _, _turn = os.environ.get("ROCKET_MAGIC_FAILPOINT", "").partition(":")
ARMED: Final = _name in NAMES
_passes = itertools.count(1)
_FATAL: Final = int(_turn) if _turn.isdigit() else 1


def hit(name: str) -> None:
    """Die here, as if by `kill -9`, when the place is armed and it is its turn."""
    if ARMED and name == _name and next(_passes) == _FATAL:
        die()


def hit_by(records: Sequence[Record], run: str, outcome: str) -> None:
    """Pass one place when there are starts among the records, and another when there are outcomes."""
    if any(record.action is Action.RUN for record in records):
        hit(run)
    if any(record.action is not Action.RUN for record in records):
        hit(outcome)


def is_next(name: str) -> bool:
    """Whether the next pass of that place is the fatal one; for places that die half way."""
    return ARMED and name == _name and next(_passes) == _FATAL


def die() -> None:
    """End the process without any cleaning up."""
    os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
