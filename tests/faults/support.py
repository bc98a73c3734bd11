"""What the fault tests share: programs in processes of their own, a heartbeat, limits."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import textwrap
import threading
import time
from typing import Self

import pytest

from rocket_magic import Rocketry
from rocket_magic.clock import SystemClock
from rocket_magic.conds import every
from rocket_magic.instants import SECOND
from tests.reference.support import actions as actions
from tests.waiting import wait_for as wait_for

LONGEST = 20.0
"""No child may live longer, in seconds."""


class Program:
    """A user's program in a process of its own; killed at the end of the `with` block.

    Args:
        source: Its text. Lines it prints with `say(...)` are read by `expect`.
    """

    _HEAD = (
        "import os, sys\ndef say(*words):\n    os.write(1, (' '.join(map(str, words)) + chr(10)).encode())\n"
    )

    def __init__(self, source: str) -> None:
        self._child = subprocess.Popen(
            [sys.executable, "-c", self._HEAD + textwrap.dedent(source)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            start_new_session=True,
        )  # fmt: skip
        self.lines: list[str] = []
        self.errors = ""
        self._read: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._readers = [threading.Thread(target=one, daemon=True) for one in (self._hear, self._hear_errors)]
        for reader in self._readers:
            reader.start()

    def _hear(self) -> None:
        for line in self._child.stdout:
            self._read.put(line.rstrip("\n"))
        self._read.put(None)

    def _hear_errors(self) -> None:
        self.errors = self._child.stderr.read()

    def expect(self, words: str, seconds: float = 10) -> str:
        """Read on until a line begins with these words."""
        while True:
            try:
                line = self._read.get(timeout=seconds)
            except queue.Empty:
                pytest.fail(f"{words!r} did not come in time after {self.lines}")
            if line is None:
                self.wait()
                pytest.fail(f"ended before {words!r}: {self.lines}\n{self.errors}")
            self.lines.append(line)
            if line.startswith(words):
                return line

    def type(self, line: str) -> None:
        """Type a line into the program."""
        self._child.stdin.write(line + "\n")
        self._child.stdin.flush()

    def signal(self, number: int) -> None:
        """Send a signal to the program alone, as `kill` does."""
        os.kill(self._child.pid, number)

    def press(self) -> None:
        """Press Ctrl-C: a signal to the program and what it started, once it has gone to rest."""
        threading.Event().wait(0.15)
        os.killpg(self._child.pid, signal.SIGINT)

    def wait(self, seconds: float = LONGEST) -> int:
        """Wait for its end; its exit code."""
        try:
            code = self._child.wait(seconds)
        except subprocess.TimeoutExpired:
            pytest.fail(f"it did not end within {seconds} s: {self.lines}")
        for reader in self._readers:
            reader.join(5)
        while not self._read.empty():
            line = self._read.get()
            if line is not None:
                self.lines.append(line)
        return code

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        if self._child.poll() is None:
            self._child.kill()
            self._child.wait(5)
        for reader in self._readers:
            reader.join(5)
        for pipe in (self._child.stdin, self._child.stdout, self._child.stderr):
            pipe.close()


class Heart:
    """A task that beats in place while a fault is on, with its longest pause (promise I3)."""

    def __init__(self, app: Rocketry, pause: str = "50 ms") -> None:
        self._app = app
        self.beats: list[int] = []
        self._work: list[float] = []
        app.task(every(pause), name="heart", func=self._beat, execution="main")

    def _beat(self) -> None:
        self.beats.append(self._app.session.clock.uptime())
        self._work.append(time.thread_time())

    @property
    def longest_pause(self) -> float:
        """The longest time between two beats, in seconds."""
        return max((b - a for a, b in zip(self.beats, self.beats[1:], strict=False)), default=0) / SECOND

    @property
    def longest_work(self) -> float:
        """The most seconds of a processor that the scheduler's thread used between two beats."""
        return max((b - a for a, b in zip(self._work, self._work[1:], strict=False)), default=0)

    def goes_on(self) -> None:
        """Wait for another beat."""
        known = len(self.beats)
        wait_for(lambda: len(self.beats) > known)


class Machine:
    """Watches how late this process's threads are woken: what a busy machine adds is no fault of ours."""

    _PAUSE = 0.02

    def __init__(self) -> None:
        self._over = threading.Event()
        self._lag = 0
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def _watch(self) -> None:
        clock = SystemClock()
        before = clock.uptime()
        while not self._over.wait(self._PAUSE):
            now = clock.uptime()
            self._lag = max(self._lag, now - before)
            before = now

    @property
    def lag(self) -> float:
        """Twice the longest time between two of its own looks, in seconds."""
        return 2 * self._lag / SECOND

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._over.set()
        self._thread.join()
