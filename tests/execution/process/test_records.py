"""What the code of process runs logs reaches the handlers of the scheduler's process."""

from __future__ import annotations

import logging
import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from rocket_magic._protocols import Action
from rocket_magic.args import current_run
from tests.execution.rig import Output, Rig, eventually

Make = Callable[..., Rig]


class Kept(logging.Handler):
    """Keeps records, and which run they came from."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []
        self.runs: list[str | None] = []
        self.gate = threading.Event()
        self.gate.set()

    def emit(self, record: logging.LogRecord) -> None:
        self.gate.wait(20)
        run = current_run.get()
        self.runs.append(None if run is None else run.run_id)
        self.records.append(record)

    @property
    def texts(self) -> list[str]:
        """Their texts."""
        return [record.getMessage() for record in self.records]


@pytest.fixture
def logger() -> Iterator[logging.Logger]:
    """A program's own logger, that passes nothing on."""
    made = logging.getLogger("a_program")
    made.setLevel(logging.INFO)
    made.propagate = False
    yield made
    for one in (made, logging.getLogger("a_program.part")):
        one.handlers.clear()
        one.setLevel(logging.NOTSET)
        one.propagate, one.disabled = True, False


@pytest.fixture
def kept(logger: logging.Logger) -> Kept:
    """Its handler."""
    handler = Kept()
    logger.addHandler(handler)
    return handler


def log_some() -> None:
    """Log at three levels."""
    log = logging.getLogger("a_program")
    log.debug("too fine")
    log.info("one of %d", 2)
    log.getChild("part").warning("two")


@pytest.mark.parametrize(
    "settings", [{}, {"process_reuse": True}, {"process_start_method": "spawn"}], ids=str
)
def test_records_are_there_when_the_run_is_over(make_rig: Make, kept: Kept, settings: dict[str, Any]) -> None:
    """By the program's levels, in order, each once, in the context of their run."""
    rig = make_rig("process", **settings)
    for n in range(1, 4):
        order = rig.start(log_some)
        assert rig.outcome().action is Action.SUCCESS
        assert kept.texts == ["one of 2", "two"] * n
        assert kept.runs[-2:] == [order.run_id] * 2
    assert [record.levelname for record in kept.records[:2]] == ["INFO", "WARNING"]
    assert {record.process for record in kept.records}.isdisjoint({os.getpid()})


def test_a_record_with_everything(process_rig: Rig, kept: Kept) -> None:
    """Tracebacks, extra attributes, a long text, own levels; what can't travel is told by `repr`."""
    logging.addLevelName(33, "NOTABLE")

    def log() -> None:
        log = logging.getLogger("a_program")
        try:
            1 / 0  # noqa: B018  fails
        except ZeroDivisionError:
            log.exception("failed", extra={"rows": 7, "thing": log_some})
        log.log(33, "%s", "long " * 10_000, stack_info=True)

    assert process_rig.run(log).action is Action.SUCCESS
    first, second = kept.records
    assert "ZeroDivisionError: division by zero" in logging.Formatter().format(first)
    assert vars(first)["rows"] == 7
    assert "log_some" in vars(first)["thing"]
    assert (second.levelname, second.getMessage()) == ("NOTABLE", "long " * 10_000)
    assert "in log" in (second.stack_info or "")


def test_a_record_that_can_not_be_made(process_rig: Rig, kept: Kept) -> None:
    """As anywhere: logging writes what was wrong to the standard error stream, and the code goes on."""
    output = Output()
    process_rig.start(lambda: logging.getLogger("a_program").info("%d", "no number"), sink=output)
    assert process_rig.outcome().action is Action.SUCCESS
    assert "--- Logging error ---" in output.text("stderr")
    assert not kept.records


def test_what_changes_in_the_program_is_heard_of(make_rig: Make, logger: logging.Logger, kept: Kept) -> None:
    """Levels, disabled loggers, handlers that come and go, between two runs of one worker too."""
    rig = make_rig("process", process_reuse=True)
    executor: Any = rig.executor

    def texts() -> list[str]:
        kept.records.clear()
        executor._home._layout_until = 0
        assert rig.run(log_some).action is Action.SUCCESS
        return kept.texts

    assert texts() == ["one of 2", "two"]
    logger.setLevel(logging.DEBUG)
    assert texts() == ["too fine", "one of 2", "two"]
    logging.getLogger("a_program.part").propagate = False
    assert texts() == ["too fine", "one of 2"]
    logging.getLogger("a_program.part").addHandler(kept)
    logging.getLogger("a_program.part").propagate = True
    assert texts() == ["too fine", "one of 2", "two", "two"]  # as it is in this process
    logger.disabled = True
    assert texts() == ["two", "two"]
    logger.disabled = False
    logger.removeHandler(kept)
    assert texts() == ["two"]
    logging.disable(logging.WARNING)
    try:
        assert texts() == []
    finally:
        logging.disable(logging.NOTSET)
    logging.getLogger("a_program.part").removeHandler(kept)
    assert texts() == []


def test_how_soon_a_change_is_heard_of(make_rig: Make, logger: logging.Logger, kept: Kept) -> None:
    """At once by a first run, and by later ones within a moment."""
    rig = make_rig("process")
    logger.setLevel(logging.ERROR)
    assert rig.run(log_some).action is Action.SUCCESS
    assert not kept.records
    logger.setLevel(logging.INFO)

    def heard() -> bool:
        rig.run(log_some)
        return bool(kept.records)

    assert eventually(heard, 5)


def test_code_that_sets_logging_up_itself(process_rig: Rig, logger: logging.Logger) -> None:
    """Where the program has no handlers, the worker has none either, and the run's own are used."""
    logger.propagate = True

    def log() -> None:
        logging.basicConfig(level=logging.INFO, format="own %(message)s")
        logging.getLogger("other").info("text")

    handlers, logging.getLogger().handlers = logging.getLogger().handlers, []  # of the test's machinery
    try:
        output = Output()
        process_rig.start(log, sink=output)
        assert process_rig.outcome().action is Action.SUCCESS
    finally:
        logging.getLogger().handlers = handlers
    assert output.text("stderr") == "own text\n"


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_processes_of_a_run(process_rig: Rig, kept: Kept) -> None:
    """What they log is the run's too, and not mixed up when it is long."""

    def work() -> None:
        context = multiprocessing.get_context("fork")
        children = [context.Process(target=log_long, args=(letter,)) for letter in "abc"]
        for child in children:
            child.start()
        for child in children:
            child.join()
        log_long("d")

    order = process_rig.start(work)
    assert process_rig.outcome().action is Action.SUCCESS
    assert sorted(kept.texts) == [letter * 9_000 for letter in "abcd" for _ in range(20)]
    assert set(kept.runs) == {order.run_id}


def log_long(letter: str) -> None:
    """Log twenty long texts."""
    for _ in range(20):
        logging.getLogger("a_program").info(letter * 9_000)


def test_last_words(process_rig: Rig, kept: Kept) -> None:
    """A process that dies has said what it said; its crash is told afterwards."""

    def die() -> None:
        log_some()
        os._exit(3)

    process_rig.start(die)
    assert process_rig.outcome().action is Action.CRASH
    assert kept.texts == ["one of 2", "two"]


def test_a_slow_handler_holds_up_its_own_run_only(make_rig: Make, kept: Kept) -> None:
    """Other runs end meanwhile."""
    rig = make_rig("process")
    kept.gate.clear()
    first = rig.start(log_some)
    second = rig.start(os.getpid)
    assert rig.outcome().run_id == second.run_id
    assert rig.outcomes.empty()
    kept.gate.set()
    assert rig.outcome().run_id == first.run_id
    assert kept.texts == ["one of 2", "two"]


def test_a_handler_that_never_returns(make_rig: Make, kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    """The outcome is told without it after a while."""
    monkeypatch.setattr("rocket_magic.execution.process._telling._PATIENCE", 100_000)
    kept.gate.clear()
    rig = make_rig("process")
    rig.start(log_some)
    assert rig.outcome().action is Action.SUCCESS
    kept.gate.set()


def test_a_flood_of_records(process_rig: Rig, kept: Kept) -> None:
    """The run waits for the handlers, and can be ended meanwhile."""

    def flood() -> None:
        log = logging.getLogger("a_program")
        while True:
            log.info("x" * 1_000)

    kept.gate.clear()
    order = process_rig.start(flood)
    kept.gate.set()
    assert eventually(lambda: len(kept.records) > 500)
    process_rig.executor.terminate(order.run_id, "enough")
    outcome = process_rig.outcome()
    assert (outcome.action, outcome.reason) == (Action.TERMINATE, "enough")


def test_a_handler_that_raises(process_rig: Rig, logger: logging.Logger, capsys: Any) -> None:
    """Its traceback is shown, and later records are handed on."""

    class Bad(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            raise OSError(record.getMessage())

    logger.addHandler(Bad())
    good = Kept()
    logging.getLogger("a_program.part").addHandler(good)
    assert process_rig.run(log_some).action is Action.SUCCESS
    assert good.texts == ["two"]
    assert "OSError: one of 2" in capsys.readouterr().err
