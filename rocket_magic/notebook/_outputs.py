"""Floor 9: the outputs of the newest runs, by task and run id; bounded per task and in all.

Written by the scheduler's thread (`open` at each start), read by magics and the dashboard.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable

from rocket_magic.notebook._forked_output import ForkedOutput
from rocket_magic.notebook._sink import Echo, RunSink

__all__ = ["OutputStore"]

_CHEAP = 64


class OutputStore:
    """Keeps the sinks of the newest runs.

    Args:
        runs_per_task: Runs kept of each task.
        run_limit: Characters kept of each run.
        total_limit: Characters kept of all runs together; the oldest runs go first.
        most_runs: Runs kept of all tasks together.
        forked: Brings what processes write that runs have forked.

    Attributes:
        echo: Gives, by the task's name, what is also to hear of a run's output as it comes; or None.
    """

    def __init__(
        self,
        *,
        runs_per_task: int = 20,
        run_limit: int = 1_000_000,
        total_limit: int = 50_000_000,
        most_runs: int = 5_000,
        forked: ForkedOutput | None = None,
    ) -> None:
        self._runs_per_task = runs_per_task
        self._run_limit = run_limit
        self._total_limit = total_limit
        self._lock = threading.Lock()
        self._sinks: OrderedDict[tuple[str, str], RunSink] = OrderedDict()
        self._by_task: dict[str, list[str]] = {}
        self._most_runs = most_runs
        self._opened = 0
        self._forked = forked
        self.echo: Callable[[str], Echo] | None = None

    def open(self, task: str, run_id: str) -> RunSink:
        """Make the sink of a run that starts; forget what is beyond the bounds."""
        echo = None if self.echo is None else self.echo(task)
        sink = RunSink(self._run_limit, self._forked, echo)
        with self._lock:
            self._sinks[task, run_id] = sink
            runs = self._by_task.setdefault(task, [])
            runs.append(run_id)
            self._trim(task, runs)
        return sink

    def get(self, task: str, run_id: str | None = None) -> RunSink | None:
        """The sink of a run; of the task's newest run when `run_id` is None."""
        with self._lock:
            runs = self._by_task.get(task)
            if not runs:
                return None
            return self._sinks.get((task, runs[-1] if run_id is None else run_id))

    def runs(self, task: str) -> list[str]:
        """Run ids whose output is kept, oldest first."""
        with self._lock:
            return list(self._by_task.get(task, ()))

    def tasks(self) -> list[str]:
        """Names of tasks with output, sorted."""
        with self._lock:
            return sorted(self._by_task)

    def forget(self, task: str) -> None:
        """Drop the outputs of a task that was removed."""
        with self._lock:
            for run_id in self._by_task.pop(task, ()):
                self._sinks.pop((task, run_id), None)

    def rename(self, old: str, new: str) -> None:
        """Keep the outputs of a renamed task under its new name."""
        with self._lock:
            runs = self._by_task.pop(old, [])
            for run_id in runs:
                self._sinks[new, run_id] = self._sinks.pop((old, run_id))
            if runs:
                self._by_task[new] = [*runs, *self._by_task.get(new, [])]

    def _trim(self, task: str, runs: list[str]) -> None:
        while len(runs) > self._runs_per_task:
            self._sinks.pop((task, runs.pop(0)), None)
        while len(self._sinks) > self._most_runs:
            self._drop_oldest()
        self._opened += 1
        if len(self._sinks) > _CHEAP and self._opened % _CHEAP:
            return  # adding up thousands of sizes at each start would be felt
        total = sum(sink.size for sink in self._sinks.values())
        while total > self._total_limit and len(self._sinks) > 1:
            total -= self._drop_oldest().size

    def _drop_oldest(self) -> RunSink:
        (name, run_id), sink = self._sinks.popitem(last=False)
        kept = self._by_task[name]
        kept.remove(run_id)
        if not kept:
            del self._by_task[name]
        return sink
