"""Floor 4: a run on its way through a cluster, as the scheduler's process sees it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from rocket_magic.execution._base import Report, RunOrder

__all__ = ["Voyage"]


@dataclass(slots=True, eq=False)
class Voyage:
    """One order on a cluster. Its fields belong to the loop of the connection, once it has begun.

    Attributes:
        order: What is to be carried out.
        report: Whom to tell the outcome.
        body: The packed order, until it is sent.
        key: Its name on the cluster.
        future: Dask's.
        worker: The address of the dask worker that carries it out; None while it waits for one.
        stay: Which dask task carries it out.
        over: Whether its outcome is known.
        naps: Withdraws its sleeps on the session's clock, by number.
        waiting: How many of its log records wait for handlers.
        unheard: How many log records were dropped.
        then: What is to be done when they have been handed on.
    """

    order: RunOrder
    report: Report
    body: bytes
    key: str = ""
    future: Any = None
    worker: str | None = None
    stay: str | None = None
    over: bool = False
    naps: dict[int, Callable[[], None]] = field(default_factory=dict)
    waiting: int = 0
    unheard: int = 0
    then: Callable[[], None] | None = None

    def __post_init__(self) -> None:
        # The prefix before the last parts is what dask shows, and learns durations by.
        self.key = f"rocket_magic-{self.order.run_id}-{uuid.uuid4().hex}"

    def call_off_naps(self) -> None:
        """Take its sleeps off the clock; called from any thread."""
        for withdraw in list(self.naps.values()):
            withdraw()
