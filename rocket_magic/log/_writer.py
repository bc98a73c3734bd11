"""The one thread that writes to a repository: groups together, tries again, keeps what found no place.

Whoever posts a group goes on at once and is told from this thread when it is stored. Groups that wait
together share one transaction. Outcomes that could not be stored are kept (bounded, counted) and go in
before anything else when the repository is back. The thread ends when it is idle.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from rocket_magic._protocols import Action
from rocket_magic.exc import USER_ERRORS
from rocket_magic.log._claims import Claim, StartedElsewhere
from rocket_magic.log._record import Record

Acknowledge = Callable[[BaseException | None], None]

_IDLE_SECONDS = 5.0
_LONGEST_PAUSE = 60.0
_KEPT_AT_MOST = 100_000
_GROUP_AT_MOST = 5_000
_FAILURES_IN_A_ROW = 2


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often a failed write is tried again before it counts as failed.

    Attributes:
        times: Further tries, beside the immediate one that every repository gets.
        pause: Seconds before the first of them; doubled each time.
    """

    times: int = 0
    pause: float = 0.5


@dataclass(slots=True)
class _Group:
    records: Sequence[Record]
    acknowledge: Acknowledge
    claim: Claim | None = None


class Owner(Protocol):
    """The log behind a writer."""

    def store(self, records: Sequence[Record], claims: Sequence[Claim] = ()) -> None:
        """Write to the repository; raises when that fails or a claim is refused."""
        ...

    def settle(self, records: Sequence[Record], error: BaseException | None) -> None:
        """Take note of a group that was stored, or could not be."""
        ...


class Writer:
    """Writes groups of records on a thread of its own.

    Args:
        owner: The log.
    """

    def __init__(self, owner: Owner) -> None:
        self.retry = RetryPolicy()
        self._owner = owner
        self._condition = threading.Condition()
        self._waiting: deque[_Group] = deque()
        self._backlog: deque[Record] = deque()
        self._dropped = 0
        self._busy = False
        self._closing = False
        self._pause = 0.0
        self._thread: threading.Thread | None = None

    @property
    def lost(self) -> int:
        """Outcomes that are not in the repository: kept here, or dropped for want of room."""
        return len(self._backlog) + self._dropped

    def put(self, records: Sequence[Record], acknowledge: Acknowledge, claim: Claim | None = None) -> None:
        """Post a group."""
        with self._condition:
            self._waiting.append(_Group(records, acknowledge, claim))
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="rocket_magic log", daemon=True)
                self._thread.start()
            self._condition.notify_all()

    def flush(self, timeout: float | None) -> bool:
        """Wait until everything that was posted is stored or has failed; whether that was in time."""
        with self._condition:
            return self._condition.wait_for(lambda: not self._waiting and not self._busy, timeout)

    def close(self, timeout: float) -> bool:
        """Write what waits, once; whether all of it is in the repository."""
        with self._condition:
            self._closing = True
            self._condition.notify_all()
        done = self.flush(timeout)
        if done and self._backlog:
            self._write_backlog()
        with self._condition:
            self._closing = False
        return done and not self._backlog

    def _run(self) -> None:
        while True:
            with self._condition:
                idle = self._pause or _IDLE_SECONDS
                arrived = self._condition.wait_for(lambda: bool(self._waiting), idle)
                if not arrived and not self._backlog:
                    self._thread = None
                    return
                self._busy = True
                groups = self._take()
            try:
                self._process(groups)
            finally:
                with self._condition:
                    self._busy = False
                    self._condition.notify_all()

    def _take(self) -> list[_Group]:
        groups: list[_Group] = []
        n = 0
        while self._waiting and n < _GROUP_AT_MOST:
            groups.append(self._waiting.popleft())
            n += len(groups[-1].records)
        return groups

    def _process(self, groups: list[_Group]) -> None:
        if self._backlog and not self._write_backlog() and not groups:
            self._pause = min(max(self._pause * 2, self.retry.pause), _LONGEST_PAUSE)
            return
        if not groups:
            return
        error = self._try(groups)
        if error is None or len(groups) == 1:
            for group in groups:
                self._settle(group, error)
            return
        self._process_singly(groups)

    def _process_singly(self, groups: list[_Group]) -> None:
        """One record that can't be stored must not take its neighbours along."""
        failures = 0
        error: BaseException | None = None
        for group in groups:
            if failures < _FAILURES_IN_A_ROW:
                error = self._try([group])
                failures = failures + 1 if error is not None and not _is_refusal(error) else 0
            self._settle(group, error)

    def _try(self, groups: Sequence[_Group]) -> BaseException | None:
        records = groups[0].records
        if len(groups) > 1:
            records = [record for group in groups for record in group.records]
        claims = [group.claim for group in groups if group.claim is not None]
        pause = self.retry.pause
        for turn in range(self.retry.times + 1):
            try:
                self._owner.store(records, claims)
            except StartedElsewhere as refusal:
                return refusal
            except USER_ERRORS as error:  # a repository's `sys.exit` must not end this thread
                if turn == self.retry.times or self._closing:
                    return error
                with self._condition:
                    self._condition.wait_for(lambda: self._closing, pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
            else:
                self._pause = 0.0
                return None
        return None

    def _settle(self, group: _Group, error: BaseException | None) -> None:
        if error is not None and not _is_refusal(error):
            self.keep([record for record in group.records if record.action is not Action.RUN])
            self._pause = self._pause or self.retry.pause
        self._owner.settle(group.records, error)
        group.acknowledge(error)

    def keep(self, records: Sequence[Record]) -> None:
        """Keep records until the repository takes them."""
        self._backlog.extend(records)
        while len(self._backlog) > _KEPT_AT_MOST:
            self._backlog.popleft()
            self._dropped += 1

    def _write_backlog(self) -> bool:
        """Try to store what was kept; whether nothing is left."""
        kept = list(self._backlog)
        try:
            self._owner.store(kept)
        except USER_ERRORS:
            return self._write_backlog_singly(kept)
        self._forget(len(kept))
        return True

    def _write_backlog_singly(self, kept: Sequence[Record]) -> bool:
        """Find out whether one record spoils the others, or nothing can be stored at all."""
        if len(kept) == 1:
            return False
        try:
            self._owner.store(kept[:1])
            self._forget(1)
        except USER_ERRORS:
            try:
                self._owner.store(kept[-1:])
            except USER_ERRORS:
                return False
            self._backlog.pop()
            self._dropped += 1
            self._backlog.popleft()  # the newest went in, the oldest is refused: it will never go in
        return not self._backlog

    def _forget(self, n: int) -> None:
        for _ in range(n):
            self._backlog.popleft()
        self._pause = 0.0


def _is_refusal(error: BaseException) -> bool:
    """Whether another scheduler was first: the repository is well."""
    return isinstance(error, StartedElsewhere)
