"""The session's task log: one front for records, history, repository, recovery and logging.

Who owns what: the scheduler's thread calls `write`, `open` and `set_repo`; in memory a write is done
there and then, with any other repository it is done on the writer's thread, which also feeds the
history and acknowledges. Questions (`query`, `tail`, `history`) may come from any thread.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, tzinfo
from typing import Any

from rocket_magic._protocols import Action, History
from rocket_magic.exc import USER_ERRORS, RepositoryError, TaskLoggingError
from rocket_magic.instants import Instant
from rocket_magic.log import _failpoints
from rocket_magic.log._claims import Claim, StartedElsewhere
from rocket_magic.log._emit import Emitter, repository_handlers
from rocket_magic.log._history import MemoryHistory
from rocket_magic.log._limits import Limit
from rocket_magic.log._localised import localised
from rocket_magic.log._memory import MemoryLog
from rocket_magic.log._numbering import Numbering
from rocket_magic.log._places import Places
from rocket_magic.log._query import make_query
from rocket_magic.log._recent import Recent
from rocket_magic.log._record import Record
from rocket_magic.log._recovery import Recovery, crash_of, recovery_of
from rocket_magic.log._repository_history import RepositoryHistory, SourcePast
from rocket_magic.log._result import LogRows, Result
from rocket_magic.log._retention import Retention
from rocket_magic.log._sharing import Sharing
from rocket_magic.log._survey import open_key
from rocket_magic.log._task_logger import TaskLogger
from rocket_magic.log._writer import Acknowledge, RetryPolicy, Writer

_TRIM_EVERY = 10_000
_CLOSE_SECONDS = 10.0
_HANDLERS_SECONDS = 1.0
"""A handler that hangs holds up nothing for longer."""

OnError = Callable[[BaseException, Sequence[Record]], None]


class TaskLog:
    """The task log of one session.

    Args:
        capacity: How many records the default log in memory keeps.
        zone: The session's zone; naive datetimes in queries are meant in it.
        on_error: Told what could not be written, at most once a minute while it lasts; the records
            are those concerned (none when a logging handler failed).
        logger_name: The stdlib logger that gets every record.
    """

    def __init__(
        self,
        *,
        capacity: int = 100_000,
        zone: Callable[[], tzinfo] = lambda: UTC,
        on_error: OnError = lambda error, records: None,  # noqa: ARG005  the shape of the callback
        logger_name: str = "rocketry.task",
    ) -> None:
        self.retention = Retention()
        self._zone = zone
        self.on_error = on_error
        self._numbering = Numbering()
        self._places = Places(capacity)
        self._recent = Recent(self._places)
        self._sharing = Sharing(self._learn)
        self._carried: Sequence[Record] = ()
        self._since_trim = 0
        self._errors, self._copies = Limit(), Limit()
        self._memory_history = MemoryHistory()
        self._asking: RepositoryHistory | None = None
        self._writer = Writer(self)
        self._emitter = Emitter(lambda error: self._report(error, ()))
        self._emitter.logger_name = logger_name

    @property
    def history(self) -> History:
        """What conditions ask; see `ask_repository`."""
        return self._memory_history if self._asking is None else self._asking

    @property
    def repo(self) -> Any:
        """The repository: ours, or the one that the user gave."""
        return self._places.repo

    @property
    def url(self) -> str:
        """Where records go, passwords hidden."""
        return self._places.url

    @property
    def lost(self) -> int:
        """Records that are not in the repository: kept until it is back, or dropped for want of room."""
        return self._writer.lost

    @property
    def retry(self) -> RetryPolicy:
        """How often a failed write is tried again."""
        return self._writer.retry

    @retry.setter
    def retry(self, policy: RetryPolicy) -> None:
        self._writer.retry = policy

    @property
    def logger_name(self) -> str:
        """The stdlib logger that gets every record."""
        return self._emitter.logger_name

    @logger_name.setter
    def logger_name(self, name: str) -> None:
        self._emitter.logger_name = name

    def name_logger(self, task: str, name: str | None) -> None:
        """Give a task's records a stdlib logger of their own; None: the log's."""
        if name is not None:
            self._emitter.names[task] = name
        else:
            self._emitter.names.pop(task, None)

    def logger_of(self, task: str | None) -> str:
        """The stdlib logger that gets a task's records."""
        return self._emitter.name_of(task)

    def ask_repository(self, always: bool) -> None:
        """Whether conditions ask the repository each time (`force_status_from_logs`)."""
        self._asking = None
        if always:
            store = self._places.store
            past = store.past() if hasattr(store, "past") else SourcePast(store)
            self._asking = RepositoryHistory(past)

    # writing

    @property
    def shared(self) -> bool:
        """Whether other schedulers may write to the repository at the same time: then starts are claimed."""
        return self._places.shared

    @property
    def version(self) -> int:
        """Counts what was taken over from other schedulers; see `Claim`."""
        return self._sharing.version

    def write(self, records: Sequence[Record], acknowledge: Acknowledge, claim: Claim | None = None) -> None:
        """Write a group of records, all or none.

        The history knows them before `acknowledge` is called: with None when they are stored, else
        with the error. Outcomes that could not be stored are kept, count as happened, and are written
        when the repository is back; `run` records that could not be stored count as not happened.

        Args:
            records: In order; `seq` is given to them here.
            acknowledge: Called once; from this thread when the repository is in memory, else from the
                writer's. With `StartedElsewhere` when the claim was refused: then the history knows what
                the other scheduler wrote.
            claim: What starts among them were decided on.
        """
        self._numbering.number(records)
        store = self._places.store
        if type(store) is MemoryLog and not self._places.mirrors:
            store.add_many(records)
            self._take(records)
            acknowledge(None)
        else:
            self._writer.put(records, acknowledge, claim)

    def keep(self, records: Sequence[Record]) -> None:
        """Take records as happened although they could not be written (runs that the user wants anyway)."""
        self._numbering.number([record for record in records if not record.seq])
        self._writer.keep(records)
        self._take(records)

    def store(self, records: Sequence[Record], claims: Sequence[Claim] = ()) -> None:
        """Write to the repository (for the writer).

        Raises:
            StartedElsewhere: A claim was refused.
            TaskLoggingError: The repository refused.
        """
        if _failpoints.ARMED:
            _failpoints.hit_by(records, "before_run_record", "before_outcome")
        self._sharing.check(claims)
        try:
            self._sharing.add(self._places.store, records, claims)
        except StartedElsewhere:
            raise
        except USER_ERRORS as error:
            msg = f"{len(records)} record(s) could not be written to {self.url}: {_one_line(error)}"
            raise TaskLoggingError(msg) from error
        if _failpoints.ARMED:
            _failpoints.hit_by(records, "after_run_record", "after_outcome")
        for mirror in self._places.mirrors:
            try:
                mirror.add_many(records)
            except USER_ERRORS as error:
                self._tell(self._copies, error, records)

    def _learn(self, news: Sequence[Record]) -> None:
        """Let the history know what other schedulers wrote; nothing of it is logged again."""
        self._numbering.number_foreign(news)
        self._remember(news)

    def settle(self, records: Sequence[Record], error: BaseException | None) -> None:
        """Take note of a group that was stored, or could not be (for the writer)."""
        if error is None:
            self._errors.reset()
            self._take(records)
            return
        self._take([record for record in records if record.action is not Action.RUN])
        self._numbering.forget_starts(records)
        if not isinstance(error, StartedElsewhere):
            self._tell(self._errors, error, records)

    def _take(self, records: Sequence[Record]) -> None:
        self._remember(records)
        self._emitter.emit(records)
        self._since_trim += len(records)
        if self._since_trim >= _TRIM_EVERY:
            self._since_trim = 0
            if not self.retention.keeps_all and self._places.indexed:
                self.trim(records[-1].at)

    def _remember(self, records: Sequence[Record]) -> None:
        self._memory_history.add(records)
        self._recent.add(records)

    def _tell(self, limit: Limit, error: BaseException, records: Sequence[Record]) -> None:
        """Report an error, once a minute while it lasts."""
        if not records or limit.passes(records[-1].at):
            held = limit.take_held()
            if held:
                error.add_note(f"{held} groups of records before these met with an error, too")
            self._report(error, records)

    def _report(self, error: BaseException, records: Sequence[Record]) -> None:
        # whoever is told logs it, and a user's handler there may raise: the threads of the log must go on
        with contextlib.suppress(*USER_ERRORS):
            self.on_error(error, records)

    # repositories

    def set_repo(self, repo: Any, delete_existing: bool = False) -> None:
        """Make a repository the task log; `open` reads it.

        Args:
            repo: A repository (Red Bird's, ours, anything with `add` and `filter_by`), a RepoHandler,
                or a URL that `open_repository` takes.
            delete_existing: Whether a repository that was set before gets no further records; with
                False it goes on getting a copy of each.

        Raises:
            RepositoryError: It can't be opened, or is no repository.
        """
        self._writer.flush(_CLOSE_SECONDS)
        if self._places.is_at(repo):
            return
        fresh = self._places.find(repo)
        self._carried = self._recent.of_this_session()
        self._places.move_to(fresh, delete_existing=delete_existing)
        if self._asking is not None:
            self.ask_repository(True)

    def open(self, task_names: Iterable[str] = (), now: Instant | None = None) -> Recovery:
        """Read what conditions need, and give runs that a dead scheduler left behind their outcome.

        Args:
            task_names: The session's tasks; only their records are read where the repository can
                choose. Later ones are asked for when a condition first does.
            now: The time of the crash records; that of the run's start when None.

        Raises:
            RepositoryError: The repository can't be read, or the crash records not be written.
        """
        self._find_handlers()
        self._writer.flush(_CLOSE_SECONDS)
        self._places.wake()
        store = self._places.store
        if now is not None and not self.retention.keeps_all:
            self.trim(now)
        survey = store.survey(tuple(task_names))
        self._memory_history.restore(survey.newest, survey.instants, survey.past)
        self._recent.begin(survey.recent)
        # what this session has seen stays known, wherever it was written
        self._memory_history.add(self._carried)
        self._carried = ()
        under_way = self._numbering.under_way()
        crashes = [crash_of(run, now) for run in survey.open_runs if open_key(run) not in under_way]
        self._write_crashes(crashes)
        return recovery_of(survey, crashes, tuple(getattr(store, "repaired", ())))

    def _write_crashes(self, crashes: Sequence[Record]) -> None:
        if not crashes:
            return
        self._numbering.number(crashes)
        try:
            self.store(crashes)
        except TaskLoggingError as error:
            msg = f"the log can be read, but not written: {error}"
            raise RepositoryError(msg) from error
        self._take(crashes)

    def _find_handlers(self) -> None:
        """Use the repository of a RepoHandler that the user put on the task logger."""
        handlers = repository_handlers(self.logger_name)
        if not handlers or self._places.chosen:
            # a handler whose repository is ours already must not write every record again
            self._emitter.ignored = tuple(h for h in handlers if getattr(h, "repo", None) is self.repo)
            return
        handler: Any = handlers[0]
        self._places.choose(self._places.find(handler))
        self._emitter.ignored = (handler,)
        self.ask_repository(self._asking is not None)

    def save(self, repo: Any) -> int:
        """Copy all records into another repository, which gets no further ones; how many there are.

        Raises:
            RepositoryError: It can't be opened, or holds records already.
        """
        from rocket_magic.log._copying import copy_records  # noqa: PLC0415  files and databases load on first use

        self._writer.flush(_CLOSE_SECONDS)
        target = self._places.find(repo)
        try:
            return copy_records(self._places.store, target)
        finally:
            if target is not repo:  # opened here
                target.close()

    # asking

    def query(self, **filters: Any) -> LogRows:
        """Records whose columns are as given, oldest first; see `rocket_magic.log._query`."""
        return self.filter_by(**filters).all()

    def filter_by(self, **filters: Any) -> Result:
        """The same, with all that Red Bird's results can do."""
        return Result(self._places.store, localised(filters, self._zone()))

    def tail(self, n: int, task: str | None = None, action: str | None = None) -> LogRows:
        """The newest `n` records, oldest first."""
        filters = {"task_name": task, "action": action}
        query = make_query({key: value for key, value in filters.items() if value is not None})
        return LogRows.of(self._recent.newest(query, n))

    def recent_runs(self, task: str, n: int) -> tuple[Record, ...]:
        """The newest ended runs of a task, newest last, a dozen at most."""
        return self._recent.runs(task, n)

    def for_task(self, name: str | None) -> TaskLogger:
        """The log as one task sees it."""
        return TaskLogger(self, name)

    def use_up_interrupted(self, task: str) -> None:
        """Let the interrupted run that ends a task's records count for its period: it is not made again."""
        runs = self.recent_runs(task, 1)
        if runs and runs[-1].action is Action.CRASH:
            run = runs[-1]
            self._memory_history.use_up(task, run.at if run.start is None else run.start)

    def rename(self, old: str, new: str) -> None:
        """Move a task's history to its new name; the records keep the old one."""
        self._memory_history.rename(old, new)

    def reserve_run_numbers(self) -> int:
        """The first number for run ids that are counted, above all those in the log.

        Where other sessions may write to the log at the same time, they are given other numbers.

        Raises:
            RepositoryError: The repository can't be read, or not be written.
        """
        return int(self._places.store.reserve_run_numbers())

    def trim(self, now: Instant) -> int:
        """Forget what `retention` allows; how many records went."""
        return self.retention.trim(self._places.store, now)

    # ending

    def flush(self, timeout: float = _CLOSE_SECONDS) -> bool:
        """Wait until all is written and, a second at most, handed to handlers; whether it was in time."""
        return self._writer.flush(timeout) and self._emitter.flush(min(timeout, _HANDLERS_SECONDS))

    def rest(self, timeout: float = _CLOSE_SECONDS) -> None:
        """Write what waits, and let other sessions have the log's file until it is opened again.

        Args:
            timeout: How long writing may take, in seconds; what still waits then keeps the file.
        """
        written = self._writer.flush(timeout)
        self._emitter.flush(min(timeout, _HANDLERS_SECONDS))
        if not written or self._writer.lost:
            return
        self._places.rest()

    @property
    def resting(self) -> bool:
        """Whether others may have written it meanwhile, so that it must be opened before it is used."""
        return self._places.resting

    def close(self) -> bool:
        """Write what waits and let go of the repository; whether every record found its place."""
        complete = self._writer.close(_CLOSE_SECONDS)
        self._emitter.flush(_HANDLERS_SECONDS)
        self._places.close()
        return complete


def _one_line(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:300]}"
