"""Drives one executor in tests: starts runs, turns the loop where there is one, gathers outcomes."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import queue
import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from rocket_magic.execution import ExecutionSettings, Executor, Outcome, RunOrder, make_executors

PATIENCE = 20.0
"""Seconds after which a test gives up; nothing takes that long unless it hangs."""

MODES = ("main", "async", "thread", "process", "dask")


STANDING: set[int] = set()
"""Processes that tests share: nobody's children."""


class Output:
    """A sink that keeps the text of a run."""

    def __init__(self) -> None:
        self.texts: list[tuple[str, str]] = []
        self.arrived = threading.Event()

    def write(self, stream: str, text: str) -> None:
        self.texts.append((stream, text))
        self.arrived.set()

    def display(
        self,
        data: Mapping[str, Any],
        metadata: Mapping[str, Any],
        transient: Mapping[str, Any],
        *,
        update: bool,
    ) -> None:
        raise AssertionError

    def clear(self, *, wait: bool) -> None:
        raise AssertionError

    def error(self, name: str, message: str, traceback: Iterable[str]) -> None:
        raise AssertionError

    def close(self) -> None:
        raise AssertionError

    def text(self, stream: str = "stdout") -> str:
        return "".join(text for name, text in self.texts if name == stream)


class Rig:
    """One executor and the outcomes it has reported."""

    def __init__(self, mode: str, **settings: Any) -> None:
        self.mode = mode
        self.loop = asyncio.new_event_loop() if mode == "async" else None
        self.settings = ExecutionSettings(loop=lambda: self.loop or asyncio.new_event_loop(), **settings)
        self.executors = make_executors(self.settings)
        self.executor: Executor = self.executors[mode]
        self.outcomes: queue.Queue[Outcome] = queue.Queue()
        self._ids = itertools.count(1)

    def order(self, call: Callable[[], Any], **fields: Any) -> RunOrder:
        return RunOrder(
            fields.pop("run_id", f"run{next(self._ids)}"), fields.pop("task_name", "a task"), call, **fields
        )

    def start(self, call: Callable[[], Any], **fields: Any) -> RunOrder:
        order = self.order(call, **fields)
        self.executor.start(order, self.outcomes.put)
        return order

    def outcome(self, seconds: float = PATIENCE) -> Outcome:
        """The next outcome."""
        if self.loop is not None:
            self.loop.run_until_complete(asyncio.wait_for(self._turn_until_reported(), seconds))
        return self.outcomes.get(timeout=seconds)

    async def _turn_until_reported(self) -> None:
        while self.outcomes.empty():  # noqa: ASYNC110  a queue that threads fill rings no asyncio event
            await asyncio.sleep(0)

    def turn(self) -> None:
        """Let async runs take a few steps."""
        if self.loop is not None:
            for _ in range(3):
                self.loop.run_until_complete(asyncio.sleep(0))

    def run(self, call: Callable[[], Any], **fields: Any) -> Outcome:
        order = self.start(call, **fields)
        outcome = self.outcome()
        assert outcome.run_id == order.run_id
        return outcome

    def close(self) -> None:
        self.executors.close()
        if self.loop is not None:
            self.loop.run_until_complete(asyncio.sleep(0))
            self.loop.close()


def eventually(true: Callable[[], bool], seconds: float = PATIENCE) -> bool:
    """Whether it becomes true."""
    pause = threading.Event()
    for _ in range(int(seconds / 0.01)):
        if true():
            return True
        pause.wait(0.01)
    return bool(true())


def is_alive(pid: int) -> bool:
    """Whether a process exists and is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def open_descriptors() -> int:
    """How many descriptors this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


def children(parent: int | None = None) -> list[int]:
    """The living direct children of a process, this one by default, but for those that tests share."""
    found: list[int] = []
    for thread in Path(f"/proc/{parent or 'self'}/task").iterdir():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            found += [int(pid) for pid in (thread / "children").read_text().split()]
    return [pid for pid in found if pid not in STANDING and is_alive(pid)]
