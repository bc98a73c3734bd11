"""Floor 7: the board. The state that the parts of the scheduler share.

Written by the scheduler's thread only. The parts are `Looker` (may a task start?), `Starter`,
`Ender`, `Cycle` (all that is due) and `Engine` (one step of all of them).
"""

from __future__ import annotations

import enum
import heapq
import itertools
import logging
import threading
from collections.abc import Callable, Mapping
from datetime import tzinfo
from typing import TYPE_CHECKING, Any, Protocol

from rocket_magic._protocols import Context, EventKind, Sink
from rocket_magic.clock import Clock, FunctionClock, VirtualClock
from rocket_magic.exc import ClockError
from rocket_magic.instants import NEVER, SECOND, Instant, Span, from_seconds
from rocket_magic.scheduler._agenda import Agenda
from rocket_magic.scheduler._hooks import Hooks
from rocket_magic.scheduler._inbox import Inbox
from rocket_magic.scheduler._listeners import Change, Listeners
from rocket_magic.scheduler._restart_report import RestartReporter
from rocket_magic.scheduler._slots import SlotQueue

if TYPE_CHECKING:
    from rocket_magic.args import Parameters
    from rocket_magic.config import Config
    from rocket_magic.execution import Executors
    from rocket_magic.log import Record, TaskLog
    from rocket_magic.tasks import Task, TaskRun

DEFAULT_CYCLE: Span = SECOND // 10


class Phase(enum.Enum):
    """Where the scheduler is in its life."""

    STOPPED = "stopped"
    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    RESTARTING = "restarting"
    CRASHED = "crashed"


class Owner(Protocol):
    """The session, as the scheduler sees it."""

    config: Config
    parameters: Parameters
    returns: dict[Any, Any]
    hooks: Hooks
    sink_factory: Callable[[str, str], Sink] | None

    @property
    def log(self) -> TaskLog: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def zone(self) -> tzinfo: ...
    def task_list(self) -> list[Task]:
        """All tasks in the order they were registered."""
        ...

    def find_task(self, name: str) -> Any:
        """The task of that name, or None."""
        ...

    def call(self, function: Callable[..., Any], task: Any, given: Mapping[str, Any]) -> Any:
        """Call a user's function with its arguments filled in."""
        ...

    def context(self, task: Any = None) -> Context:
        """The situation in which a condition answers now."""
        ...


class Board:
    """What the parts of one scheduler share.

    Args:
        session: The session.
        executors: The ways to carry out runs.
    """

    def __init__(self, session: Owner, executors: Executors) -> None:
        self.session = session
        self.executors = executors
        self.agenda = Agenda()
        self.inbox = Inbox()
        self.listeners = Listeners(self.silence)
        self.runs: dict[str, TaskRun] = {}
        self.dirty: dict[Task, Instant | None] = {}
        self.slots = SlotQueue()
        self.n_processes = 0
        self.n_async = 0
        self.n_given_up = 0
        self.phase = Phase.STOPPED
        self.on_hold = False
        self.problem: str | None = None
        self.fatal_error: BaseException | None = None
        self.force = False
        self.patient = True
        self.restart_wanted = False
        self.stop_wanted = False
        self.started_at: Instant | None = None
        self.n_cycles = 0
        self.silenced_errors = 0
        self.log_pause: Instant | None = None
        self.clock_error: str | None = None
        self.log_pause_span: Span = 0
        self.only: frozenset[Task] | None = None
        self.owner: threading.Thread | None = None
        self.virtual = False
        self.readied: set[str] = set()
        self.now: Instant = 0
        self.stands_still = False
        self.settled: Instant | None = None
        self.elapsed: Span = 0
        self.uptime: Span = 0
        self.run_numbers = itertools.count(1)
        self.restarts = RestartReporter()
        self._deadlines: list[tuple[Span, int, TaskRun]] = []
        self._end_looks: list[tuple[Instant, int, TaskRun]] = []

    def is_owner(self) -> bool:
        """Whether the calling thread is the one that owns the scheduler's state."""
        return self.owner is None or self.owner is threading.current_thread()

    # Time

    def read_clock(self) -> None:
        """Take the time once for everything that one step does.

        While the scheduler lives, a `time_func` that fails holds the starts until it answers again.

        Raises:
            ClockError: The clock can't be read, and the scheduler doesn't live yet.
        """
        clock, before = self.session.clock, self.now
        try:
            self.now, self.elapsed, self.uptime = clock.now(), clock.elapsed(), clock.uptime()
        except ClockError as error:
            if self.phase in (Phase.STOPPED, Phase.CRASHED):
                raise
            self._lose_clock(error)
            return
        self.virtual = type(clock) is VirtualClock
        self.stands_still = self.now == before and isinstance(clock, FunctionClock)
        if self.clock_error is not None:
            self.clock_error, self.log_pause = None, self.now

    def _lose_clock(self, error: ClockError) -> None:
        if self.clock_error is None:
            self.problem = self.clock_error = f"{error}; starts are held until the clock can be read again"
            self.silence(self.clock_error, error)
        self.log_pause = self.now + 1

    @property
    def horizon(self) -> Instant:
        """Until when looks are due: a cycle ahead while a `time_func` stands still, or no cycle would end."""
        return self.now + max(self.cycle, 1) if self.stands_still else self.now

    @property
    def cycle(self) -> Span:
        """How long after a look that can't be predicted the next one follows."""
        seconds = self.session.config.cycle_sleep
        if seconds is None:
            return DEFAULT_CYCLE if self.virtual else 0
        return from_seconds(float(seconds))

    def context(self, task: Task | None = None) -> Context:
        """The situation at the time of this step."""
        return Context(now=self.now, elapsed=self.elapsed, session=self.session, task=task)  # type: ignore[arg-type]  # `Owner` names less of it

    # What must be looked at

    def allows(self, task: Task) -> bool:
        """Whether the scheduler may start that task at all: in a run of some tasks alone, only those."""
        only = self.only
        return only is None or task in only

    def touch(self, task: Task, due: Instant | None = None) -> None:
        """Look at a task in this step."""
        if task not in self.dirty:
            self.dirty[task] = due

    def offer_slot(self) -> None:
        """Look at the task that is to have the place that is free for a process run."""
        offered = self.slots.offer()
        if offered is not None:
            self.touch(*offered)

    def happened(self, kind: EventKind, task_name: str | None = None) -> None:
        """Look at the tasks whose conditions watch this event."""
        if self.agenda.has_watchers:
            for task in self.agenda.watchers(kind, task_name):
                self.touch(task)

    def add_deadline(self, run: TaskRun, uptime: Span) -> None:
        """Look at a run when the clock's uptime reaches that."""
        heapq.heappush(self._deadlines, (uptime, run.number, run))

    def add_end_look(self, run: TaskRun, at: Instant) -> None:
        """Ask the end condition of a run again at that instant."""
        run.look_at = at
        heapq.heappush(self._end_looks, (at, run.number, run))

    def pop_deadlines(self) -> list[TaskRun]:
        """Take the runs whose deadline is reached."""
        due: list[TaskRun] = []
        while self._deadlines and self._deadlines[0][0] <= self.uptime:
            run = heapq.heappop(self._deadlines)[2]
            if run.run_id in self.runs:
                due.append(run)
        return due

    def pop_end_looks(self) -> list[TaskRun]:
        """Take the runs whose end condition must be asked."""
        due: list[TaskRun] = []
        while self._end_looks and self._end_looks[0][0] <= self.horizon:
            at, _, run = heapq.heappop(self._end_looks)
            if run.run_id in self.runs and run.look_at == at:
                due.append(run)
        return due

    def next_look(self) -> Instant:
        """The earliest instant at which anything must be looked at, or `NEVER`."""
        looking = self.phase is Phase.RUNNING and not self.on_hold
        if self.dirty and looking and self.log_pause is None:
            return self.now
        at = self.next_end()
        if looking:
            at = min(at, self.agenda.head())
            if self.log_pause is not None:
                at = min(at, self.log_pause)
        return at

    def next_end(self) -> Instant:
        """The earliest instant at which a run must be looked at, or `NEVER`."""
        at = NEVER
        while self._deadlines and self._deadlines[0][2].run_id not in self.runs:
            heapq.heappop(self._deadlines)
        if self._deadlines:
            at = self.now + max(self._deadlines[0][0] - self.uptime, 0)
        while self._end_looks and self._end_looks[0][2].look_at != self._end_looks[0][0]:
            heapq.heappop(self._end_looks)
        return min(at, self._end_looks[0][0]) if self._end_looks else at

    # What people see

    @property
    def scheduler_log(self) -> logging.Logger:
        """The stdlib logger for the scheduler's own messages."""
        return logging.getLogger(self.session.config.scheduler_logger_basename)

    def publish(self, kind: str, task: str | None = None) -> None:
        """Tell the listeners of a change."""
        if self.listeners.all:
            self.listeners.tell(Change(kind, task))

    def publish_record(self, record: Record, batch: Parameters | None = None) -> None:
        """Tell the listeners of a record."""
        if self.listeners.all:
            self.listeners.tell(Change("record", record.task_name, record, batch))

    def make_ready(self, task: Task) -> None:
        """Let the way of execution of a task get ready; a rehearsal can wait for it instead."""
        mode = task.execution or self.session.config.execution
        if mode not in self.readied and not self.virtual:
            self.readied.add(mode)
            self.executors.prepare(mode)

    def set_phase(self, phase: Phase) -> None:
        """Move on in the scheduler's life."""
        if phase is not self.phase:
            self.phase = phase
            self.publish("state")

    def silence(self, message: str, error: BaseException) -> None:
        """Log an error that an option silences, with its traceback, and count it."""
        self.silenced_errors += 1
        self.scheduler_log.error(message, exc_info=(type(error), error, error.__traceback__))
        self.publish("state")

    def fail(self, message: str, error: BaseException) -> None:
        """Stop the scheduler for an error that no option silences: all runs are ended."""
        self.scheduler_log.critical(message, exc_info=(type(error), error, error.__traceback__))
        self.problem = message
        if self.fatal_error is None:
            self.fatal_error = error
        self.force = True
        if self.phase in (Phase.STARTING, Phase.RUNNING):
            self.set_phase(Phase.STOPPING)
