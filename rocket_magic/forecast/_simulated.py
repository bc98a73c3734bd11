"""Executors that only let virtual time pass: nothing of the user's is ever called."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Protocol

from rocket_magic._protocols import Action
from rocket_magic.clock import VirtualClock
from rocket_magic.execution import ExecutionSettings, Executors, Outcome, RunOrder
from rocket_magic.instants import Span, to_timedelta

__all__ = ["Course", "SimulatedExecutor", "known_mode", "let_time_pass"]

_MODES = ("async", "thread", "process", "dask")


class Course(Protocol):
    """What decides how a run goes: `Model`, or what a test makes up."""

    def next_run(self, run_id: str, task_name: str) -> tuple[Span, Outcome]:
        """Span and outcome of the next run of a task."""
        ...


class SimulatedExecutor:
    """Lets virtual time pass instead of running anything.

    Args:
        name: The mode it stands for.
        clock: The rehearsal's clock.
        model: How long runs take and how they end.
    """

    def __init__(self, name: str, clock: VirtualClock, model: Course) -> None:
        self.name = name
        self._clock = clock
        self._model = model
        self._reports: dict[str, Callable[[Outcome], None]] = {}

    def start(self, order: RunOrder, report: Callable[[Outcome], None]) -> None:
        """Note the end of the run; report it when the clock gets there."""
        span, outcome = self._model.next_run(order.run_id, order.task_name)
        self.end_in(span, outcome, report)

    def end_in(self, span: Span, outcome: Outcome, report: Callable[[Outcome], None]) -> None:
        """Report an outcome after a span of virtual time."""
        if span <= 0:
            report(outcome)
            return
        self._reports[outcome.run_id] = report

        def end() -> None:
            waiting = self._reports.pop(outcome.run_id, None)
            if waiting is not None:
                waiting(outcome)

        self._clock.call_at(self._clock.now() + span, end)

    def terminate(self, run_id: str, reason: str) -> bool:
        """End a run at once."""
        waiting = self._reports.pop(run_id, None)
        if waiting is not None:
            waiting(Outcome(run_id, Action.TERMINATE, reason=reason))
        return True

    kill = terminate

    def close(self) -> None:
        """Nothing is held."""


class BlockingExecutor(SimulatedExecutor):
    """Stands for `main`: while such a run lasts the scheduler does nothing else."""

    def end_in(self, span: Span, outcome: Outcome, report: Callable[[Outcome], None]) -> None:
        """Move the clock to the run's end, however far the step was meant to go, and report."""
        if span > 0:
            horizon = self._clock.horizon
            self._clock.jump(to_timedelta(span))
            self._clock.allow(horizon)
        report(outcome)


def let_time_pass(executors: Executors, clock: VirtualClock, model: Course) -> None:
    """Replace every way of execution."""
    executors.register("main", lambda _: BlockingExecutor("main", clock, model))
    for mode in _MODES:
        executors.register(mode, partial(_simulated, mode, clock, model))


def _simulated(
    mode: str, clock: VirtualClock, model: Course, settings: ExecutionSettings
) -> SimulatedExecutor:
    del settings  # nothing is really executed
    return SimulatedExecutor(mode, clock, model)


def known_mode(mode: str) -> str:
    """A mode of the user's own making runs beside the scheduler like a thread."""
    return mode if mode == "main" or mode in _MODES else "thread"
