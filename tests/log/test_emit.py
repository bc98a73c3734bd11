"""Records on the stdlib's logger: for whom, what they carry, and what handlers can't do."""

from __future__ import annotations

import gc
import logging
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from rocket_magic._protocols import Action
from rocket_magic.instants import SECOND
from rocket_magic.log import TaskLog
from rocket_magic.log._emit import escaped
from rocket_magic.session import Session

from .stores import START, PlainRepo, record


class Kept(logging.Handler):
    """Keeps what it gets."""

    def __init__(self, level: int = logging.NOTSET) -> None:
        super().__init__(level)
        self.records: list[logging.LogRecord] = []

    def emit(self, made: logging.LogRecord) -> None:
        """Keep."""
        self.records.append(made)


@pytest.fixture
def logger() -> Iterator[logging.Logger]:
    """The task logger, left as it was found."""
    logger = logging.getLogger("rocketry.task")
    handlers, level = list(logger.handlers), logger.level
    yield logger
    logger.handlers, logger.level = handlers, level


def write(log: TaskLog, *records: Any) -> None:
    """Write and wait for handlers."""
    log.write(records, lambda _: None)
    assert log.flush()


def test_extras(logger: logging.Logger) -> None:
    """Handlers see what Rocketry's handlers see (BEHAVIOUR 1.11, S89)."""
    handler = Kept()
    logger.addHandler(handler)
    write(TaskLog(), record(0), record(2, "fail", end=START + 2 * SECOND, exc_text="Traceback: boom"))
    run, fail = handler.records
    assert (run.levelname, run.name, run.getMessage()) == (
        "INFO", "rocketry.task", "Task 'load' status: 'run'",
    )  # fmt: skip
    assert (fail.levelname, fail.exc_text) == ("ERROR", "Traceback: boom")
    assert (fail.task_name, fail.action, fail.run_id) == ("load", "fail", "r1")
    assert (fail.start, fail.end, fail.runtime) == (START / SECOND, START / SECOND + 2, 2.0)
    assert fail.created == START / SECOND + 2


def test_level_of_a_handler_selects_failures(logger: logging.Logger) -> None:
    """A handler of level ERROR gets failures and crashes only (S88)."""
    handler = Kept(logging.ERROR)
    logger.addHandler(handler)
    write(TaskLog(), record(0), record(1, "success"), record(2, "fail"), record(3, "crash"))
    assert [one.action for one in handler.records] == ["fail", "crash"]


def test_levels_filters_and_switches_of_the_logger_are_honoured(logger: logging.Logger) -> None:
    """What a user sets on the logger holds."""
    handler = Kept()
    logger.addHandler(handler)
    logger.setLevel(logging.ERROR)
    write(TaskLog(), record(0))
    logger.setLevel(logging.INFO)
    logger.addFilter(quiet := (lambda made: made.task_name != "noisy"))
    write(TaskLog(), record(0, task="noisy"))
    logger.removeFilter(quiet)
    logger.disabled = True
    write(TaskLog(), record(0))
    logger.disabled = False
    assert handler.records == []
    write(TaskLog(), record(0))
    assert len(handler.records) == 1


def test_a_handler_that_raises_hurts_nobody(logger: logging.Logger) -> None:
    """Its error is told; the record is stored and acknowledged (RELIABILITY.md F49)."""

    class Broken(logging.Handler):
        def emit(self, made: logging.LogRecord) -> None:
            raise ConnectionError("mail server")

    logger.addHandler(Broken())
    told: list[BaseException] = []
    log = TaskLog(on_error=lambda error, _: told.append(error))
    write(log, record(0))
    assert isinstance(told[0], ConnectionError)
    assert len(log.query()) == 1


def test_a_handler_that_hangs_hurts_nobody(logger: logging.Logger, monkeypatch: pytest.MonkeyPatch) -> None:
    """Handlers run on a thread of their own; what finds no room is dropped and counted."""
    go, entered = threading.Event(), threading.Event()

    class Hanging(logging.Handler):
        def emit(self, made: logging.LogRecord) -> None:
            entered.set()
            go.wait(20)

    logger.addHandler(Hanging())
    monkeypatch.setattr(logger, "propagate", False)
    log = TaskLog()
    log.write([record(0)], lambda _: None)
    assert entered.wait(20)
    for start in range(0, 12_000, 1000):
        log.write([record(n) for n in range(start, start + 1000)], lambda _: None)
    assert log.filter_by().count() == 12_001
    assert not log.flush(0.01)
    assert log._emitter.dropped == 2_000
    logger.handlers.clear()
    go.set()
    assert log.flush(20)


def test_nothing_is_made_when_nobody_listens(logger: logging.Logger, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a handler no stdlib record is built."""
    monkeypatch.setattr(logger, "propagate", False)
    monkeypatch.setattr(logger, "makeRecord", lambda *_: pytest.fail("built"))
    write(TaskLog(), record(0, "fail"))


def test_a_repo_handler_of_the_user_is_the_log(logger: logging.Logger) -> None:
    """A RepoHandler on the task logger gives its repository to the log, and records go in once."""
    from rocket_magic.log import LogRecord
    from rocket_magic.repos import MemoryRepo, RepoHandler

    repo = MemoryRepo(model=LogRecord)
    logger.addHandler(RepoHandler(repo))
    log = TaskLog()
    log.open(["load"])
    assert log.repo is repo
    write(log, record(0), record(1, "success"))
    assert [item.action for item in repo.filter_by().all()] == ["run", "success"]
    assert repo.filter_by().first().levelname == "INFO"
    assert log.history.status("load") is Action.SUCCESS
    log.ask_repository(True)
    assert log.history.status("load") is Action.SUCCESS


def test_the_repository_is_found_among_the_loggers_handlers(logger: logging.Logger) -> None:
    """The documented loop over handlers finds the newest living session's repository, and nobody else's."""

    def found() -> Any:
        return next((one.repo for one in logger.handlers if hasattr(one, "repo")), None)

    logger.handlers.clear()
    first = Session(config={"task_execution": "main"})
    second = Session()
    assert found() is second.get_repo()
    assert len(logger.handlers) == 1
    first.create_task(func=lambda: None, name="load")
    first.run("load")
    assert second.get_repo().filter_by().all() == []
    del second
    gc.collect()
    query = found().filter_by(task_name="load", action="run")
    assert [row.action for row in query.all()] == ["run"]
    assert [str(row.action) for row in first.get_task_log()] == ["run", "success"]  # once each
    first.set_repo(mine := PlainRepo())
    assert found() is mine
    first.config.task_logger_basename = "rocketry.task.elsewhere"
    assert found() is None
    (other,) = logging.getLogger("rocketry.task.elsewhere").handlers
    assert other.repo is mine


def test_a_handler_that_is_only_a_window_writes_nothing(logger: logging.Logger) -> None:
    """What a program logs to the task logger by itself reaches its own handlers, not the task log."""
    session = Session()
    handler = Kept()
    logger.addHandler(handler)
    logger.error("by hand")
    assert [one.getMessage() for one in handler.records] == ["by hand"]
    assert session.get_repo().filter_by().all() == []


def test_a_handler_given_as_repository(logger: logging.Logger) -> None:
    """`set_repo(handler)` takes its repository, and a repository set before wins over handlers."""
    handler: Any = logging.NullHandler()
    handler.repo = PlainRepo()
    logger.addHandler(handler)
    log = TaskLog()
    log.set_repo(handler)
    log.open([])
    write(log, record(0))
    assert len(handler.repo.items) == 1
    other = TaskLog()
    other.set_repo(mine := PlainRepo())
    other.open([])
    assert other.repo is mine


def test_text_cannot_forge_a_record() -> None:
    """Line ends, escapes and bidi marks of names are shown, not obeyed (RELIABILITY.md X5)."""
    assert escaped("a\nTask 'b'\x1b[31m\u202e") == "a\\nTask 'b'\\x1b[31m\\u202e"
    assert escaped("ä plain one") == "ä plain one"


@pytest.mark.slow
def test_red_mails_handler(logger: logging.Logger) -> None:
    """The documented error mail arrives at a real SMTP server, with the task's name and traceback."""
    controller_module = pytest.importorskip("aiosmtpd.controller", reason="pip install 'rocket_magic[test]'")
    redmail = pytest.importorskip("redmail", reason="pip install 'rocket_magic[test]'")
    from redmail.log import EmailHandler

    received: list[bytes] = []

    class Inbox:
        async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
            received.append(envelope.content)
            return "250 OK"

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    controller = controller_module.Controller(Inbox(), hostname="127.0.0.1", port=port)
    controller.start()
    try:
        handler = EmailHandler(
            email=redmail.EmailSender(host="127.0.0.1", port=port, use_starttls=False),
            sender="me@example.org",
            receivers=["you@example.org"],
            subject="Task failed: {record.task_name}",
            html="<h2>{{ record.task_name }}</h2><pre>{{ record.exc_text }}</pre>",
        )
        handler.setLevel(logging.ERROR)
        logger.addHandler(handler)
        write(TaskLog(), record(0), record(1, "fail", exc_text="ValueError: boom"))
    finally:
        controller.stop()
    assert len(received) == 1
    assert b"Subject: Task failed: load" in received[0]
    assert b"ValueError: boom" in received[0]


class Raising(Kept):
    """Keeps what it gets, and raises."""

    def emit(self, made: logging.LogRecord) -> None:
        """Keep and raise."""
        super().emit(made)
        raise ConnectionError("no mail server")


def test_an_error_of_a_handler_is_told_once_a_minute_with_a_count(logger: logging.Logger) -> None:
    """Not for each record (F49, I4); a second handler has a count of its own."""
    told: list[BaseException] = []
    log = TaskLog(on_error=lambda error, _: told.append(error))
    logger.addHandler(Raising())
    write(log, *(record(n) for n in range(30)))
    assert len(told) == 1
    logger.addHandler(Raising())
    write(log, record(31))
    assert len(told) == 2
    write(log, record(61))
    assert told[2].__notes__ == ["30 more errors of it before this one were not told"]


def test_a_filter_that_raises_lets_pass(logger: logging.Logger) -> None:
    """It is a user's code: the record goes on, the error is told once, the log's threads live."""
    told: list[BaseException] = []
    logger.addHandler(kept := Kept())
    logger.addFilter(broken := (lambda made: made.no_such_thing))
    write(TaskLog(on_error=lambda error, _: told.append(error)), record(0), record(1, "success"))
    logger.removeFilter(broken)
    assert [one.action for one in kept.records] == ["run", "success"]
    assert len(told) == 1


def test_tracebacks_are_limited_and_counted(logger: logging.Logger) -> None:
    """Twenty a minute, then a count in the next that passes; a repository behind a handler gets all (F14)."""
    kept, everything = Kept(), Kept()
    everything.repo = PlainRepo()
    log = TaskLog()
    log.set_repo(PlainRepo())
    logger.addHandler(kept)
    logger.addHandler(everything)
    fails = [record(n, "fail", exc_text="Traceback: boom") for n in (*range(50), 60)]
    write(log, *fails)
    texts = [one.exc_text for one in kept.records]
    assert texts[:50] == ["Traceback: boom"] * 20 + [None] * 30
    assert texts[50] == "Traceback: boom\n(30 tracebacks before this one are in the task log only)"
    assert [one.exc_text for one in everything.records] == ["Traceback: boom"] * 51


def test_whoever_is_told_may_raise() -> None:
    """A handler of the scheduler's logger that raises doesn't end the thread that writes."""

    def on_error(*_: Any) -> None:
        raise ConnectionError("no mail server")

    class Refusing(PlainRepo):
        def add(self, item: dict[str, Any]) -> None:
            raise OSError("full")

    log = TaskLog(on_error=on_error)
    log.set_repo(Refusing())
    answers: list[BaseException | None] = []
    for n in range(2):
        log.write([record(n)], answers.append)
        assert log.flush()
    assert [type(answer).__name__ for answer in answers] == ["TaskLoggingError"] * 2
