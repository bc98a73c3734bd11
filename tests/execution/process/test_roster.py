"""Which worker gets which run, and what happens to signals and runs that come too early or too late."""

from __future__ import annotations

import os
import signal
from typing import Any

import pytest

from rocket_magic.execution import RunOrder
from rocket_magic.execution.process._roster import Roster
from rocket_magic.execution.process._staff import Run, Worker


class Wire:
    """Stands for a link: keeps what is sent, takes all of it or nothing."""

    def __init__(self, number: int, pid: int | None) -> None:
        self.number, self.pid = number, pid
        self.closed = False
        self.sent: list[Any] = []
        self.is_free = True

    def send(self, frame: list[Any]) -> bool:
        self.sent += frame
        return self.is_free


class Floor:
    """A roster, workers and runs to put in it."""

    def __init__(self) -> None:
        self.blocked: list[Worker] = []
        self.roster = Roster(self.blocked.append)

    def worker(self, number: int, *, pid: int | None = 1, at_work: bool = False) -> Worker:
        worker = Worker(Wire(number, pid), None)
        self.roster.add(worker, at_work=at_work)
        return worker

    def run(self, name: str) -> Run:
        return Run(RunOrder(name, name, int), lambda _outcome: None, [name.encode()], 1)


@pytest.fixture
def floor() -> Floor:
    """An empty roster."""
    return Floor()


def sent(worker: Worker) -> list[Any]:
    """What a worker was sent."""
    wire: Any = worker.link
    return list(wire.sent)


def test_fresh_runs_take_the_first_reused_ones_the_newest(floor: Floor) -> None:
    """The first is done with its preparations, the newest has its memory warm."""
    first, _, newest = floor.worker(1), floor.worker(2), floor.worker(3)
    assert floor.roster.take_on(floor.run("a"), newest=False)
    assert floor.roster.take_on(floor.run("b"), newest=True)
    assert (sent(first), sent(newest)) == ([b"a"], [b"b"])
    assert (floor.roster.n_ready, floor.roster.served) == (1, 2)


def test_runs_wait_in_order(floor: Floor) -> None:
    """A run does not overtake those that wait, though a worker be ready."""
    runs = [floor.run(name) for name in "abc"]
    assert not floor.roster.take_on(runs[0], newest=False)
    worker = floor.worker(1)
    assert not floor.roster.take_on(runs[1], newest=False)
    floor.roster.serve_waiting()
    assert sent(worker) == [b"a"]
    at_work = floor.worker(2, pid=None, at_work=True)
    assert sent(at_work) == [b"b"]
    assert floor.roster.next_waiting() is None


def test_what_cannot_be_sent_whole_is_watched(floor: Floor) -> None:
    """The rest of an order goes when its channel is free again."""
    worker = floor.worker(1)
    worker.link.is_free = False
    floor.roster.take_on(floor.run("a"), newest=False)
    assert floor.blocked == [worker]


def test_withdrawing(floor: Floor) -> None:
    """A run that waits can be taken back, one that a worker has can't."""
    waits, goes = floor.run("a"), floor.run("b")
    floor.roster.take_on(waits, newest=False)
    assert floor.roster.withdraw(waits)
    assert not floor.roster.waiting
    floor.worker(1)
    floor.roster.take_on(goes, newest=False)
    assert not floor.roster.withdraw(goes)


def test_a_signal_waits_for_the_pid(floor: Floor, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker on its way gets the strongest signal that was meant for it when it has come."""
    signals: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda pid, number: signals.append((pid, number)))
    run = floor.run("a")
    floor.roster.take_on(run, newest=False)
    worker = floor.worker(1, pid=None, at_work=True)
    assert floor.roster.n_coming == 1
    for number in (signal.SIGKILL, signal.SIGTERM):
        assert floor.roster.signal(run, number)
    floor.roster.arrived(worker, 77)
    assert signals == [(77, signal.SIGKILL)]
    assert floor.roster.n_coming == 0


def test_no_signal_after_the_end(floor: Floor, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that is done with the run, or collected, must not be hit: it may be somebody else."""
    monkeypatch.setattr(os, "kill", lambda *_: pytest.fail("a signal was sent"))
    run, other = floor.run("a"), floor.run("b")
    worker = floor.worker(1)
    floor.roster.take_on(run, newest=False)
    floor.roster.done(worker, 5)
    assert not floor.roster.signal(run, signal.SIGTERM)
    floor.roster.take_on(other, newest=False)
    worker.link.closed = True
    assert floor.roster.signal(other, signal.SIGTERM)


def test_done_and_dismissed(floor: Floor) -> None:
    """A worker is ready again or retired; ready ones are dismissed as long as enough are kept."""
    workers = [floor.worker(number) for number in range(3)]
    for name in "ab":
        floor.roster.take_on(floor.run(name), newest=False)
    floor.roster.done(workers[0], 9)
    floor.roster.done(workers[1], None)
    assert (floor.roster.n_ready, floor.roster.n_serving, floor.roster.size) == (2, 2, 3)
    assert floor.roster.dismiss(lambda _: True, keep=1) == [workers[2]]
    assert floor.roster.dismiss(lambda _: True, keep=1) == []
    assert workers[2].retired


def test_removing_gives_the_run_back(floor: Floor) -> None:
    """Whoever forgets a worker is told what it had to do."""
    run = floor.run("a")
    worker = floor.worker(1)
    floor.roster.take_on(run, newest=False)
    assert floor.roster.remove(worker) is run
    assert floor.roster.find(1) is None
    assert floor.roster.remove(worker) is None
