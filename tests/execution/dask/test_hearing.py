"""What runs say, done in their stead: bounded where handlers don't keep up."""

from __future__ import annotations

import asyncio
import logging
import pickle
import threading

import pytest

from rocket_magic.execution import RunOrder
from rocket_magic.execution.dask import _hearing
from rocket_magic.execution.dask._hearing import Hearing
from rocket_magic.execution.dask._letters import OUTPUT, RECORD
from rocket_magic.execution.dask._voyage import Voyage
from tests.execution.rig import Output

RECORDS = logging.getLogger("tests.hearing")


class Slow(logging.Handler):
    """Takes records when it may."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Event()
        self.taken: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.gate.wait(20)
        self.taken.append(record.getMessage())


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch):
    """A handler of a program."""
    handler = Slow()
    monkeypatch.setattr(RECORDS, "handlers", [handler])
    monkeypatch.setattr(RECORDS, "propagate", False)
    return handler


def letter(text: str) -> bytes:
    """A record as it travels."""
    return pickle.dumps({"name": RECORDS.name, "msg": text, "args": None, "levelno": logging.WARNING})


def voyage() -> tuple[Voyage, Output]:
    """A run and its output."""
    output = Output()
    return Voyage(RunOrder("r", "t", list, sink=output), print, b""), output


def test_the_outcome_waits_for_the_records(slow: Slow) -> None:
    """And output does not."""

    async def work() -> None:
        hearing, (run, output), over = Hearing(), voyage(), asyncio.Event()
        hearing.take(run, RECORD, letter("one"), print)
        hearing.take(run, OUTPUT, ("stdout", "at once"), print)
        hearing.when_heard(run, over.set)
        await asyncio.sleep(0.05)
        assert (output.text(), slow.taken, over.is_set()) == ("at once", [], False)
        slow.gate.set()
        await asyncio.wait_for(over.wait(), 10)
        assert slow.taken == ["one"]
        hearing.close()

    asyncio.run(work())


def test_it_waits_not_for_ever(slow: Slow, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a while it is told without them, and only once."""
    monkeypatch.setattr(_hearing, "_PATIENCE", 0.01)

    async def work() -> None:
        hearing, (run, _), told = Hearing(), voyage(), []
        hearing.take(run, RECORD, letter("one"), print)
        hearing.when_heard(run, lambda: told.append(True))
        await asyncio.sleep(0.1)
        assert told == [True]
        slow.gate.set()
        await asyncio.sleep(0.1)
        assert told == [True]
        hearing.close()

    asyncio.run(work())


def test_what_handlers_do_not_keep_up_with(slow: Slow, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is dropped, counted and told in the run's output."""
    monkeypatch.setattr(_hearing, "_ROOM", len(letter("one")) + 1)

    async def work() -> None:
        hearing, (run, output), over = Hearing(), voyage(), asyncio.Event()
        for text in ("one", "two", "two"):
            hearing.take(run, RECORD, letter(text), print)
        hearing.when_heard(run, over.set)
        slow.gate.set()
        await asyncio.wait_for(over.wait(), 10)
        assert slow.taken == ["one"]
        assert "2 log records were dropped: the log handlers did not keep up" in output.text("stderr")
        hearing.close()

    asyncio.run(work())
