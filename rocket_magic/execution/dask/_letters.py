"""Floor 4: what travels between a session and the dask workers: plain values, which need no code to be read.

The user's code and values travel inside as bytes, which only the run's own process and the session open.
"""

from __future__ import annotations

import sys
from typing import Any, Final, NamedTuple

import cloudpickle

from rocket_magic.execution.process._pack import Place
from rocket_magic.execution.process._records import LogLayout
from rocket_magic.instants import Instant

__all__ = [
    "ENDED", "FAILED", "OUTPUT", "RECORD", "REFUSED", "SLEEP",
    "Answered", "Grant", "Letter", "Ticket", "Versions", "mismatch", "versions",
]  # fmt: skip

OUTPUT: Final = "output"
"""Letter: a run has written (stream, text)."""
RECORD: Final = "record"
"""Letter: a run has logged a record, pickled as plain values."""
SLEEP: Final = "sleep"
"""Letter: a run goes to sleep on the session's clock: (number of the sleep, how long)."""

ENDED: Final = "ended"
"""Result of a dask task: its run has ended; an `Answered`, or an outcome's action, reason and so on."""
FAILED: Final = "failed"
"""Result of a dask task: its run could not be begun there; why."""
REFUSED: Final = "refused"
"""Result of a dask task: its run is not to be carried out there; why."""

Letter = tuple[str, str, Any]
"""The run's key, what kind of letter it is, and what it says."""
Versions = tuple[str, str, str]


class Ticket(NamedTuple):
    """What the dask task of a run is given: all but the run.

    Attributes:
        key: The run's, and the dask task's.
        guest: The session's name on the cluster.
        topic: Where the dask task announces itself.
        versions: With what the run was packed.
    """

    key: str
    guest: str
    topic: str
    versions: Versions


class Grant(NamedTuple):
    """The run itself, for the one dask task that is to carry it out.

    Attributes:
        run_id: The run's id.
        task_name: The name of its task.
        body: What `pack_call` gave.
        place: Where it is to stand.
        layout: How the loggers of its program are set up.
        settings: Options of `ExecutionSettings` for it.
        now: Where the session's clock stands, if it is a virtual one.
    """

    run_id: str
    task_name: str
    body: bytes
    place: Place
    layout: LogLayout
    settings: dict[str, Any]
    now: Instant | None


class Answered(NamedTuple):
    """What the process of a run has answered, on its way to be opened.

    Attributes:
        head: Of the process's `Answer`.
        body: Of the process's `Answer`.
        reason: What else there is to say of its end.
    """

    head: tuple[Any, ...]
    body: bytes
    reason: str | None


def versions() -> Versions:
    """Python, cloudpickle and this package, as far as runs depend on them."""
    return (
        f"Python {sys.version_info.major}.{sys.version_info.minor}",
        f"cloudpickle {cloudpickle.__version__.partition('.')[0]}",
        f"rocket_magic {_own_version()}",
    )


def mismatch(wanted: Versions) -> str | None:
    """Why a run that was packed with `wanted` can't be opened here; None if it can."""
    different = [(one, other) for one, other in zip(wanted, versions(), strict=True) if one != other]
    if not different:
        return None
    told = " and ".join(f"{one} in the session, {other} on the dask worker" for one, other in different)
    return f"code does not travel between versions ({told}): use the same environment for both"


def _own_version() -> str:
    """As the front door tells it, which is above us, and open by the time anything here is asked."""
    return str(getattr(sys.modules["rocket_magic"], "__version__", "unknown"))
