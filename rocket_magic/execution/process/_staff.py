"""Floor 4: a process run and the worker that carries it out, as the crew sees them."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass

from rocket_magic.execution._base import Outcome, Report, RunOrder
from rocket_magic.execution.process._answers import outcome_at_once
from rocket_magic.execution.process._launch import Launcher
from rocket_magic.execution.process._link import Answer, Link
from rocket_magic.execution.process._sleeping import Nap
from rocket_magic.execution.process._wire import Piece
from rocket_magic.instants import Span

__all__ = ["Run", "Worker"]


@dataclass(slots=True, eq=False)
class Run:
    """One order on its way through a process.

    Attributes:
        order: What is to be carried out.
        report: Whom to tell the outcome.
        frame: The packed order, until it is sent.
        number: By which its log records are known.
        worker: Who carries it out; None while it waits.
        asked: Whether it was asked to end.
        parting: What its worker said at the end, while the worker's death is awaited.
        read: Makes an outcome of an answer, if that takes no time.
    """

    order: RunOrder
    report: Report
    frame: list[Piece]
    number: int
    worker: Worker | None = None
    asked: bool = False
    parting: Outcome | Answer | None = None
    read: Callable[[RunOrder, Answer], Outcome | None] = outcome_at_once


@dataclass(slots=True, eq=False)
class Worker:
    """One worker process.

    Attributes:
        link: The connection to it.
        launcher: Who made it.
        run: What it does; None while it is ready, and after its end.
        served: How many runs it was given.
        idle_since: When it became ready.
        retired: Whether it gets no further run.
        nap: Its run's latest sleep on the session's virtual clock.
        wanted_signal: A signal that came before its pid was known.
    """

    link: Link
    launcher: Launcher
    run: Run | None = None
    served: int = 0
    idle_since: Span = 0
    retired: bool = False
    wanted_signal: int | None = None
    nap: Nap | None = None

    def signal(self, number: int) -> None:
        """Send a signal to the worker alone: who collects it ends what it leaves behind, and counts it."""
        pid = self.link.pid
        if pid is None:  # it is on its way
            if self.wanted_signal != signal.SIGKILL:
                self.wanted_signal = number
            return
        if self.link.closed:  # collected: its pid may be somebody else's
            return
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return
