"""The session's task log: one front for records, history, repository, recovery and logging.

Who owns what: the scheduler's thread calls `write`, `open` and `set_repo`; in memory a write is done
there and then, with any other repository it is done on the writer's thread, which also feeds the
history and acknowledges. Questions (`query`, `tail`, `history`) may come from any thread.
"""

from __future__ import annotations

import contextlib
import itertools
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Any

from rocket_magic._protocols import Action, History
from rocket_magic.exc import USER_ERRORS, RepositoryError, TaskLoggingError
from rocket_magic.instants import SECOND, Instant, Span
from rocket_magic.log import _failpoints
from rocket_magic.log._claims import Claim, StartedElsewhere
from rocket_magic.log._emit import Emitter, repository_handlers
from rocket_magic.log._history import MemoryHistory
from rocket_magic.log._limits import Limit
from rocket_magic.log._localised import localised
from rocket_magic.log._memory import MemoryLog
from rocket_magic.log._query import Test, make_query, matches
from rocket_magic.log._record import Record
from rocket_magic.log._recovery import Recovery, crash_of, streaks_with
from rocket_magic.log._repository_history import RepositoryHistory, SourcePast
from rocket_magic.log._result import LogRows, Result
from rocket_magic.log._survey import RECENT, open_key
from rocket_magic.log._task_logger import TaskLogger
from rocket_magic.log._writer import Acknowledge, RetryPolicy, Writer

_RUN = Action.RUN
_RUNS_KEPT = 12
_TRIM_EVERY = 10_000
_CLOSE_SECONDS = 10.0
_HANDLERS_SECONDS = 1.0
"""A handler that hangs holds up nothing for longer."""

OnError = Callable[[BaseException, Sequence[Record]], None]


@dataclass(frozen=True, slots=True)
class Retention:
    """What the log may forget; nothing by default.

    Attributes:
        age: Records older than this go.
        count: The newest so many records of each task stay.

    Repositories of ours forget while they are written, Red Bird's when they are opened. Those that a user
    wrote without Red Bird refuse to be opened with a retention: nobody knows how to ask them.
    """

    age: Span | None = None
    count: int | None = None


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
        self.mirrors: tuple[Any, ...] = ()
        self._resting: list[Any] = []
        self._capacity = capacity
        self._zone = zone
        self.on_error = on_error
        self._numbers = itertools.count(1)
        self._store: Any = MemoryLog(capacity)
        self._explicit = False
        self._carried: Sequence[Record] = ()
        self._runs: dict[str, deque[Record]] = {}
        self._runs_before: dict[str, tuple[Record, ...]] = {}
        self._running: dict[str, None] = {}
        self._recent: deque[Record] = deque(maxlen=RECENT)
        self._taken_over: dict[str, int] = {}
        self._version = 0
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
        store = self._store
        return getattr(store, "repo", store)

    @property
    def url(self) -> str:
        """Where records go, passwords hidden."""
        return str(self._store.url)

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

    def ask_repository(self, always: bool) -> None:
        """Whether conditions ask the repository each time (`force_status_from_logs`)."""
        self._asking = None
        if always:
            store = self._store
            past = store.past() if hasattr(store, "past") else SourcePast(store)
            self._asking = RepositoryHistory(past)

    # writing

    @property
    def shared(self) -> bool:
        """Whether other schedulers may write to the repository at the same time: then starts are claimed."""
        return bool(getattr(self._store, "shared", False))

    @property
    def version(self) -> int:
        """Counts what was taken over from other schedulers; see `Claim`."""
        return self._version

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
        self._number(records)
        store = self._store
        if type(store) is MemoryLog and not self.mirrors:
            store.add_many(records)
            self._take(records)
            acknowledge(None)
        else:
            self._writer.put(records, acknowledge, claim)

    def keep(self, records: Sequence[Record]) -> None:
        """Take records as happened although they could not be written (runs that the user wants anyway)."""
        self._number([record for record in records if not record.seq])
        self._writer.keep(records)
        self._take(records)

    def _number(self, records: Iterable[Record]) -> None:
        # no lock: the counter and each change of the dictionary are one step of the interpreter
        running, numbers = self._running, self._numbers
        for record in records:
            record.seq = next(numbers)
            key = record.run_id or open_key(record)
            if record.action is _RUN:
                running[key] = None
            else:
                running.pop(key, None)

    def store(self, records: Sequence[Record], claims: Sequence[Claim] = ()) -> None:
        """Write to the repository (for the writer).

        Raises:
            StartedElsewhere: A claim was refused.
            TaskLoggingError: The repository refused.
        """
        if _failpoints.ARMED:
            _hit("before_run_record", "before_outcome", records)
        self._check(claims)
        store = self._store
        try:
            if hasattr(store, "take_news"):
                self._add_shared(store, records, claims)
            else:
                store.add_many(records)
        except StartedElsewhere:
            raise
        except USER_ERRORS as error:
            msg = f"{len(records)} record(s) could not be written to {self.url}: {_one_line(error)}"
            raise TaskLoggingError(msg) from error
        if _failpoints.ARMED:
            _hit("after_run_record", "after_outcome", records)
        for mirror in self.mirrors:
            try:
                mirror.add_many(records)
            except USER_ERRORS as error:
                self._tell(self._copies, error, records)

    def _check(self, claims: Sequence[Claim]) -> None:
        """Refuse starts that were decided before something was taken over."""
        for claim in claims:
            known = self._taken_over
            late = [task for task in claim.tasks if known.get(task, 0) > claim.version] if known else ()
            if late:
                raise StartedElsewhere(frozenset(late))

    def _add_shared(self, store: Any, records: Sequence[Record], claims: Sequence[Claim]) -> None:
        """Add records where others may add theirs, and take over what they added."""
        claimed = frozenset(task for claim in claims for task in claim.tasks)
        try:
            store.add_many(records, claimed)
        finally:
            news = store.take_news()
            if news:
                self._take_over(news)

    def _take_over(self, news: Sequence[Record]) -> None:
        """Let the history know what other schedulers wrote; nothing of it is logged again."""
        for record in news:
            record.seq = next(self._numbers)
            self._taken_over[record.task_name] = self._version + 1
        self._remember(news)
        self._version += 1  # last: whoever reads the new version has the new history

    def settle(self, records: Sequence[Record], error: BaseException | None) -> None:
        """Take note of a group that was stored, or could not be (for the writer)."""
        if error is None:
            self._errors.reset()
            self._take(records)
            return
        self._take([record for record in records if record.action is not Action.RUN])
        for record in records:
            if record.action is Action.RUN:
                self._running.pop(open_key(record), None)
        if not isinstance(error, StartedElsewhere):
            self._tell(self._errors, error, records)

    def _take(self, records: Sequence[Record]) -> None:
        self._remember(records)
        self._emitter.emit(records)
        self._since_trim += len(records)
        if self._since_trim >= _TRIM_EVERY:
            self._since_trim = 0
            if self.retention != Retention() and _is_indexed(self._store):
                self.trim(records[-1].at)

    def _remember(self, records: Sequence[Record]) -> None:
        self._memory_history.add(records)
        if type(self._store) is not MemoryLog:
            self._recent.extend(records)
        for record in records:
            if record.action is not _RUN:
                ended = self._runs.get(record.task_name)
                if ended is None:
                    ended = self._runs[record.task_name] = deque(maxlen=_RUNS_KEPT)
                ended.append(record)

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
        if isinstance(repo, str) and repo == getattr(self._store, "url", None) and repo != "memory:":
            return
        fresh = _as_store(repo, self._capacity)
        earlier = self._store
        own = earlier.select(()) if isinstance(earlier, MemoryLog) else self._recent
        self._carried = [record for record in own if record.seq > 0]
        if self._explicit and not delete_existing and earlier is not fresh:
            self.mirrors = (*self.mirrors, earlier)
        else:
            for old in (*self.mirrors, earlier):
                if old is not fresh:
                    old.close()
            self.mirrors = ()
        self._store, self._explicit = fresh, True
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
        while self._resting:
            if any(self._resting[-1] is one for one in (self._store, *self.mirrors)):
                self._resting[-1].wake()
            self._resting.pop()
        store = self._store
        if now is not None and self.retention != Retention():
            self.trim(now)
        survey = store.survey(tuple(task_names))
        self._memory_history.restore(survey.newest, survey.instants, survey.past)
        self._runs_before = {}
        self._recent = deque(survey.recent, RECENT)
        # what this session has seen stays known, wherever it was written
        self._memory_history.add(self._carried)
        self._carried = ()
        running = dict(self._running)
        crashes = [crash_of(run, now) for run in survey.open_runs if open_key(run) not in running]
        self._write_crashes(crashes)
        return Recovery(
            interrupted=tuple(dict.fromkeys(crash.task_name for crash in crashes)),
            crashes=tuple(crashes),
            interrupted_in_a_row=streaks_with(survey, crashes),
            repaired=tuple(getattr(store, "repaired", ())),
            n_records=survey.n_records,
            n_damaged=survey.n_damaged,
        )

    def _write_crashes(self, crashes: Sequence[Record]) -> None:
        if not crashes:
            return
        self._number(crashes)
        try:
            self.store(crashes)
        except TaskLoggingError as error:
            msg = f"the log can be read, but not written: {error}"
            raise RepositoryError(msg) from error
        self._take(crashes)

    def _find_handlers(self) -> None:
        """Use the repository of a RepoHandler that the user put on the task logger."""
        handlers = repository_handlers(self.logger_name)
        if not handlers or self._explicit:
            # a handler whose repository is ours already must not write every record again
            self._emitter.ignored = tuple(h for h in handlers if getattr(h, "repo", None) is self.repo)
            return
        handler: Any = handlers[0]
        self._store = _as_store(handler, self._capacity)
        self._explicit = True
        self._emitter.ignored = (handler,)
        self.ask_repository(self._asking is not None)

    def save(self, repo: Any) -> int:
        """Copy all records into another repository, which gets no further ones; how many there are.

        Raises:
            RepositoryError: It can't be opened, or holds records already.
        """
        from rocket_magic.log._copying import copy_records  # noqa: PLC0415  files and databases load on first use

        self._writer.flush(_CLOSE_SECONDS)
        target = _as_store(repo, self._capacity)
        try:
            return copy_records(self._store, target)
        finally:
            if target is not repo:  # opened here
                target.close()

    # asking

    def query(self, **filters: Any) -> LogRows:
        """Records whose columns are as given, oldest first; see `rocket_magic.log._query`."""
        return self.filter_by(**filters).all()

    def filter_by(self, **filters: Any) -> Result:
        """The same, with all that Red Bird's results can do."""
        return Result(self._store, localised(filters, self._zone()))

    def tail(self, n: int, task: str | None = None, action: str | None = None) -> LogRows:
        """The newest `n` records, oldest first."""
        filters = {"task_name": task, "action": action}
        query = make_query({key: value for key, value in filters.items() if value is not None})
        store = self._store
        if not _is_indexed(store):
            found = [record for record in list(self._recent) if matches(record, query)]
            if len(found) >= n or len(self._recent) < RECENT:
                return LogRows.of(found[max(len(found) - n, 0) :])
        newest = list(store.select(query, newest_first=True, limit=n))
        return LogRows.of(reversed(newest))

    def recent_runs(self, task: str, n: int) -> tuple[Record, ...]:
        """The newest ended runs of a task, newest last, a dozen at most."""
        own = tuple(self._runs.get(task, ()))
        if len(own) >= n:
            return own[-n:]
        before = self._runs_before.get(task)
        if before is None:
            seen = {(record.run_id, record.at) for record in own}
            before = tuple(one for one in self._stored_runs(task) if (one.run_id, one.at) not in seen)
            self._runs_before[task] = before
        return (*before, *own)[-n:]

    def _stored_runs(self, task: str) -> Sequence[Record]:
        """The newest ended runs of a task as the repository has them, where that costs little."""
        query = (Test("task_name", "eq", task), Test("action", "ne", Action.RUN.value))
        if _is_indexed(self._store):
            return list(self._store.select(query, newest_first=True, limit=_RUNS_KEPT))[::-1]
        return [record for record in list(self._recent) if matches(record, query)][-_RUNS_KEPT:]

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
        return int(self._store.reserve_run_numbers())

    def trim(self, now: Instant) -> int:
        """Forget what `retention` allows; how many records went."""
        keep, store = self.retention, self._store
        gone = 0
        if keep.age is not None:
            gone += store.delete((Test("created", "lt", (now - keep.age) / SECOND),))
        if keep.count is not None:
            gone += store.trim(keep.count)
        return gone

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
        self._resting = [store for store in (self._store, *self.mirrors) if _rests(store)]

    @property
    def resting(self) -> bool:
        """Whether others may have written it meanwhile, so that it must be opened before it is used."""
        return bool(self._resting)

    def close(self) -> bool:
        """Write what waits and let go of the repository; whether every record found its place."""
        complete = self._writer.close(_CLOSE_SECONDS)
        self._emitter.flush(_HANDLERS_SECONDS)
        for store in (self._store, *self.mirrors):
            store.close()
        return complete


def _as_store(repo: Any, capacity: int) -> Any:
    from rocket_magic.log._urls import as_store  # noqa: PLC0415  files and databases load on first use

    return as_store(repo, capacity=capacity)


def _is_indexed(store: Any) -> bool:
    """Whether questions about one task, and forgetting, cost little there."""
    return bool(getattr(store, "indexed", False))


def _rests(store: Any) -> bool:
    rest = getattr(store, "rest", None)
    return rest is not None and bool(rest())


def _hit(run: str, outcome: str, records: Sequence[Record]) -> None:
    if any(record.action is Action.RUN for record in records):
        _failpoints.hit(run)
    if any(record.action is not Action.RUN for record in records):
        _failpoints.hit(outcome)


def _one_line(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:300]}"
