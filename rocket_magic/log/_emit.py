"""Records for the stdlib's logging, for handlers that the user put there (mail, files, …).

A stdlib record is made only when a handler listens, and handlers run on a thread of their own: one that
is slow, hangs or raises never holds up the scheduler. What doesn't fit its queue is dropped and counted.
Of many tracebacks in a minute the first few are handed on, then a count: the repository has them all.
"""

from __future__ import annotations

import copy
import itertools
import logging
import os
import queue
import threading
import weakref
from collections.abc import Callable, Sequence
from typing import Any

from rocket_magic._protocols import Action
from rocket_magic.exc import USER_ERRORS
from rocket_magic.instants import Instant, from_seconds, to_seconds
from rocket_magic.log._limits import Limit
from rocket_magic.log._record import Record, clean
from rocket_magic.log._window import RepoWindow

_WAITING_AT_MOST = 10_000
_IDLE_SECONDS = 5.0
_TRACEBACKS_A_MINUTE = 20
_FAILED = (Action.FAIL, Action.CRASH)


class Emitter:
    """Hands records to the handlers of one logger.

    Args:
        on_error: Told what a handler raised, once a minute for each handler.

    Attributes:
        logger_name: The logger; `rocketry.task` unless configured otherwise.
        names: Loggers of tasks that have one of their own.
        ignored: Handlers that get nothing: those whose repository is this log's own.
        dropped: How many records found no place in the queue.
    """

    def __init__(self, on_error: Callable[[BaseException], None]) -> None:
        self.logger_name = "rocketry.task"
        self.names: dict[str, str] = {}
        self.ignored: tuple[logging.Handler, ...] = ()
        self.dropped = 0
        self._on_error = on_error
        self._logger: logging.Logger | None = None
        self._lock = threading.Lock()
        self._queue: queue.Queue[tuple[logging.Handler, logging.LogRecord]] = queue.Queue(_WAITING_AT_MOST)
        self._thread: threading.Thread | None = None
        self._tracebacks = Limit(_TRACEBACKS_A_MINUTE)
        self._errors: weakref.WeakKeyDictionary[object, Limit] = weakref.WeakKeyDictionary()

    def emit(self, records: Sequence[Record]) -> None:
        """Queue records for the handlers that listen."""
        if self.names:
            for name, part in itertools.groupby(records, lambda one: self.name_of(one.task_name)):
                self._emit(logging.getLogger(name), list(part))
            return
        logger = self._logger
        if logger is None or logger.name != self.logger_name:
            # made at the first record only: importing or opening touches no logger
            logger = self._logger = logging.getLogger(self.logger_name)
        self._emit(logger, records)

    def name_of(self, task: str | None) -> str:
        """The logger of a task's records."""
        return self.logger_name if task is None else self.names.get(task, self.logger_name)

    def _emit(self, logger: logging.Logger, records: Sequence[Record]) -> None:
        handlers = self._listeners(logger)
        if not handlers:
            return
        floor = _floor(logger, handlers)
        for record in records:
            level = logging.ERROR if record.action in _FAILED else logging.INFO
            if level < floor or level <= logger.manager.disable:
                continue
            made = self._filtered(logger, _stdlib_record(logger, level, record))
            if made is None:
                continue
            short = self._without_traceback(made, record.at)
            for handler in handlers:
                if level >= handler.level:
                    self._put(handler, made if _is_repository(handler) else short)

    def _filtered(self, logger: logging.Logger, made: logging.LogRecord) -> logging.LogRecord | None:
        """What the logger's own filters make of a record; one that raises lets it pass."""
        try:
            passed: Any = logger.filter(made)
        except USER_ERRORS as error:
            self._failed(logger, error, made)
            return made
        if not passed:
            return None
        return passed if isinstance(passed, logging.LogRecord) else made

    def _without_traceback(self, made: logging.LogRecord, at: Instant) -> logging.LogRecord:
        """The record as handlers for people get it: not a thousand tracebacks in a minute."""
        if not made.exc_text:
            return made
        if self._tracebacks.passes(at):
            held = self._tracebacks.take_held()
            if not held:
                return made
            short = copy.copy(made)
            short.exc_text = f"{made.exc_text}\n({held} tracebacks before this one are in the task log only)"
            return short
        short = copy.copy(made)
        short.exc_text = None
        return short

    def _failed(self, who: object, error: BaseException, made: logging.LogRecord) -> None:
        """Tell what a handler or filter raised: not once for each record."""
        limit = self._errors.setdefault(who, Limit())
        if limit.passes(from_seconds(made.created)):
            held = limit.take_held()
            if held:
                error.add_note(f"{held} more errors of it before this one were not told")
            self._on_error(error)

    def _listeners(self, logger: logging.Logger) -> list[logging.Handler]:
        """The handlers that logging would call, but those of this log's own repository."""
        found: list[logging.Handler] = []
        current: logging.Logger | None = logger
        while current is not None:
            for handler in current.handlers:  # a loop: most often there is the window only
                if type(handler) is not RepoWindow and handler not in self.ignored:
                    found.append(handler)  # noqa: PERF401  a loop with two ends
            current = current.parent if current.propagate else None
        return [] if logger.disabled else found

    def _put(self, handler: logging.Handler, made: logging.LogRecord) -> None:
        with self._lock:
            try:
                self._queue.put_nowait((handler, made))
            except queue.Full:
                self.dropped += 1
                return
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="rocket_magic handlers", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while True:
            try:
                handler, made = self._queue.get(timeout=_IDLE_SECONDS)
            except queue.Empty:
                with self._lock:
                    if self._queue.empty():
                        self._thread = None
                        return
                continue
            try:
                handler.handle(made)
            except BaseException as error:
                self._failed(handler, error, made)
            finally:
                self._queue.task_done()

    def flush(self, timeout: float) -> bool:
        """Wait until the handlers have had everything; whether they had it in time."""
        finished = self._queue.all_tasks_done
        with finished:
            return finished.wait_for(lambda: not self._queue.unfinished_tasks, timeout)


def _floor(logger: logging.Logger, handlers: Sequence[logging.Handler]) -> int:
    """The lowest level that passes.

    A handler on the task logger itself wants the task log, whose records are INFO; the root's usual
    WARNING must not hide them (Rocketry forces the logger's level for that; we leave it alone).
    """
    if logger.level == logging.NOTSET and any(handler in handlers for handler in logger.handlers):
        return logging.INFO
    return logger.getEffectiveLevel()


def _stdlib_record(logger: logging.Logger, level: int, record: Record) -> logging.LogRecord:
    extra: dict[str, Any] = {
        "task_name": record.task_name,
        "action": record.action.value,
        "run_id": record.run_id,
        "start": None if record.start is None else to_seconds(record.start),
        "end": None if record.end is None else to_seconds(record.end),
        "runtime": record.runtime,
        "reason": record.reason,
        "params": record.params,
    }
    made = logger.makeRecord(logger.name, level, "", 0, escaped(record.text), (), None, "", extra)
    made.created = to_seconds(record.at)
    made.msecs = record.at % 1_000_000 // 1000
    made.exc_text = clean(record.exc_text)
    made.process = os.getpid()
    return made


def escaped(text: str) -> str:
    """The text on one line: a task's name or reason can't forge a second record (RELIABILITY.md X5)."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def _is_repository(handler: logging.Handler) -> bool:
    """Whether a handler writes to a repository (Red Bird's `RepoHandler`): that one gets everything."""
    return type(handler) is not RepoWindow and hasattr(getattr(handler, "repo", None), "filter_by")


def repository_handlers(logger_name: str) -> list[logging.Handler]:
    """Handlers on the task logger that keep all records in a repository (Red Bird's `RepoHandler`).

    One that filters, or wants errors only, is a listener like any other: no log to read from.
    """
    return [
        handler
        for handler in logging.getLogger(logger_name).handlers
        if _is_repository(handler) and not handler.filters and handler.level <= logging.INFO
    ]
