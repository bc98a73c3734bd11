"""Lets the child script live and die on one log, and has the oracle judge what is left."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC
from pathlib import Path

import psutil

from rocket_magic.clock import SystemClock
from rocket_magic.instants import SECOND, to_datetime
from rocket_magic.log import TaskLog

from .oracle import Occurrences, violations

CHILD = Path(__file__).with_name("child.py")
DAILY = ("daily_main", "daily_thread", "daily_process", "daily_async", "long")
_ALL_OF_TIME = (0.0, 1e11)
_WORKERS_GONE = 2.0
_LONGEST_LIFE = 20.0


@dataclass
class Episode:
    """One log, the deaths it went through, and what the children told before they died.

    Attributes:
        url: The log.
        folder: Where the journal is.
        deaths: How many lives ended by a kill.
        lingered: The longest that a worker outlived its scheduler, in seconds.
    """

    url: str
    folder: Path
    deaths: int = 0
    lingered: float = 0.0
    mark: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def journal(self) -> list[list[str]]:
        """The words of each line."""
        path = self.folder / "journal"
        return [line.split() for line in path.read_text().splitlines()] if path.exists() else []

    def live(self, kill_after: float | None = None, **environment: str) -> bool:
        """Let the child live until it ends or dies; whether it ended by itself."""
        hour = str(
            12 - to_datetime(SystemClock().now(), UTC).hour
        )  # noon in the session's zone: no midnight passes
        n_lives = sum(words[0] == "ready" for words in self.journal)
        with (self.folder / "stderr").open("ab") as errors:
            child = subprocess.Popen(
                [sys.executable, str(CHILD), self.url, str(self.folder / "journal"), hour],
                env={**os.environ, "CRASH_MARK": self.mark, **environment}, stderr=errors,
            )  # fmt: skip
            try:
                if kill_after is not None:
                    self._await_birth(child, n_lives)
                    _pause(kill_after)
                    child.kill()
                code = child.wait(_LONGEST_LIFE)
            finally:
                child.kill()
        assert code in (0, -9), (self.folder / "stderr").read_text()
        if code:
            self.deaths += 1
        self._await_workers()
        return code == 0

    def _await_birth(self, child: subprocess.Popen[bytes], n_lives: int) -> None:
        while child.poll() is None and sum(words[0] == "ready" for words in self.journal) == n_lives:
            _pause(0.01)

    def _await_workers(self) -> None:
        """F31: no process of a dead scheduler lives on for more than two seconds."""
        began = SystemClock().elapsed()
        while left := [process for process in psutil.process_iter() if _marked(process, self.mark)]:
            self.lingered = max(self.lingered, (SystemClock().elapsed() - began) / SECOND)
            assert self.lingered < _WORKERS_GONE + 0.5, [process.cmdline() for process in left]
            _pause(0.02)

    def judge(self) -> list[str]:
        """What the oracle finds wrong with the log, now that the last life ended well."""
        journal = self.journal
        acknowledged = [(words[1], words[2]) for words in journal if words[0] == "ack"]
        executed = [words[1] for words in journal if words[0] == "start"]
        freed = {words[1] for words in journal if words[0] == "barred"}
        expected = {task: Occurrences([_ALL_OF_TIME]) for task in DAILY}
        if "flaky" not in freed:  # a run by hand begins a count of its own
            expected["flaky"] = Occurrences([_ALL_OF_TIME], attempts=4)
        log = TaskLog()
        log.set_repo(self.url)
        try:
            return violations(log.query(), expected, acknowledged, executed)
        finally:
            log.close()


def random_episode(url: str, folder: Path, rng: random.Random, at_most: int) -> Episode:
    """Some deaths, at named places or at any moment, then a life that ends well."""
    episode = Episode(url, folder)
    points: list[Callable[[], bool]] = [
        lambda: episode.live(kill_after=rng.uniform(0, 0.9)),
        lambda: episode.live(ROCKET_MAGIC_FAILPOINT=f"{rng.choice(POINTS)}:{rng.randint(1, 12)}"),
        lambda: episode.live(CRASH_IN_TASK=rng.choice([*DAILY, "follower", "flaky", "tick"])),
    ]
    for _ in range(rng.randint(1, at_most)):
        rng.choices(points, weights=(5, 3, 1))[0]()
    assert episode.live(), (folder / "stderr").read_text()
    return episode


POINTS = ("before_run_record", "after_run_record", "before_outcome", "mid_outcome", "after_outcome")


def _marked(process: psutil.Process, mark: str) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE and process.environ().get("CRASH_MARK") == mark
    except psutil.Error:
        return False


def _pause(seconds: float) -> None:
    threading.Event().wait(seconds)
