"""Floor 5: `Task`, a callable plus its policy.

A task holds its definition (fields checked when set) and a little state that only the scheduler's
thread writes (`runs`, `look_at`, …). What happened to it is in the log, not here: `status` and
`last_*` ask the session's history. Slots and shared defaults keep ten thousand of them small.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from rocket_magic._lazy import LazyModule
from rocket_magic._old_habits import warn_old
from rocket_magic._protocols import Action, Explanation
from rocket_magic.args import Call, ParameterPlan, Parameters
from rocket_magic.conditions import scheduling_period
from rocket_magic.exc import TaskError
from rocket_magic.instants import Instant
from rocket_magic.tasks import _checks as checks
from rocket_magic.tasks import _fields as fields
from rocket_magic.tasks import _past as past
from rocket_magic.tasks._data import chosen, definition
from rocket_magic.tasks._home import Home, default_session
from rocket_magic.tasks._old_options import check_old_options, take_old_options
from rocket_magic.tasks._run import TaskRun

if TYPE_CHECKING:
    import asyncio

    from rocket_magic.time import TimePeriod
else:
    asyncio = LazyModule("asyncio")

_NO_RUNS: dict[str, TaskRun] = {}


class Task:
    """A callable plus its policy. Subclass it and override `execute` for a kind of your own.

    Args:
        session: The session it belongs to; the process's default session when None.
        name: Unique in the session; chosen by `get_default_name` when None.
        start_cond: When it starts: a condition, text of the phrase language, a bool, or None (only
            by hand).
        end_cond: When a run of it is ended; forms as `start_cond`.
        **policy: Every other field below, by name.

    Raises:
        TaskError: A value is refused.
        DuplicateTaskError: The name is taken and `task_pre_exist` is "raise".
    """

    __slots__ = (
        "__weakref__",
        "_daemon",
        "_description",
        "_disabled",
        "_end_cond",
        "_execution",
        "_fmt_log_message",
        "_func_run_id",
        "_lock",
        "_logger_name",
        "_misfire_grace_time",
        "_multilaunch",
        "_name",
        "_on_overlap",
        "_on_shutdown",
        "_on_startup",
        "_parameters",
        "_permanent",
        "_priority",
        "_rerun_interrupted",
        "_start_cond",
        "_timeout",
        "barred",
        "batches",
        "held_by",
        "late",
        "look_at",
        "number",
        "problem",
        "queued_starts",
        "removed",
        "runs",
        "session",
        "started_instant",
        "successor",
    )

    start_cond = fields.start_cond
    end_cond = fields.end_cond
    description = fields.description
    execution = fields.execution
    priority = fields.priority
    disabled = fields.disabled
    timeout = fields.timeout
    daemon = fields.daemon
    permanent = fields.permanent
    multilaunch = fields.multilaunch
    on_startup = fields.on_startup
    on_shutdown = fields.on_shutdown
    on_overlap = fields.on_overlap
    misfire_grace_time = fields.misfire_grace_time
    rerun_interrupted = fields.rerun_interrupted
    func_run_id = fields.func_run_id
    logger_name = fields.logger_name
    fmt_log_message = fields.fmt_log_message

    DEFAULT_EXECUTION: ClassVar[str | None] = None

    def __init__(
        self,
        *,
        session: Any = None,
        name: str | None = None,
        start_cond: Any = None,
        end_cond: Any = None,
        description: str | None = None,
        execution: str | None = None,
        parameters: Mapping[str, Any] | None = None,
        priority: int = 0,
        disabled: bool = False,
        timeout: Any = None,
        daemon: bool | None = None,
        permanent: bool | None = None,
        permanent_task: bool = False,
        multilaunch: bool | int | None = None,
        on_startup: bool = False,
        on_shutdown: bool = False,
        on_overlap: str | None = None,
        misfire_grace_time: Any = None,
        rerun_interrupted: bool | None = None,
        func_run_id: Callable[..., str] | None = None,
        logger_name: str | None = None,
        fmt_log_message: str | None = None,
        **old: Any,
    ) -> None:
        self.session: Home = default_session() if session is None else session
        self._name = ""
        self._name = checks.check_name(self.get_default_name() if name is None else name)
        self._description = description
        self._start_cond = self.session.condition(start_cond)
        self._end_cond = self.session.condition(end_cond)
        self._execution = checks.as_execution(self, execution or self.DEFAULT_EXECUTION)
        self._parameters = Parameters(parameters) if parameters else None
        self._priority = checks.as_priority(self, priority)
        self._disabled = disabled
        self._timeout = checks.as_timeout(self, timeout)
        self._daemon = daemon
        self._permanent = permanent_task if permanent is None else permanent
        self._multilaunch = checks.as_multilaunch(self, multilaunch)
        self._on_startup = on_startup
        self._on_shutdown = on_shutdown
        self._on_overlap = checks.as_overlap(self, on_overlap)
        self._misfire_grace_time = checks.as_grace(self, misfire_grace_time)
        self._rerun_interrupted = rerun_interrupted
        self._func_run_id = func_run_id
        self._logger_name = checks.as_logger_name(self, logger_name)
        self._fmt_log_message = checks.as_message_format(self, fmt_log_message)
        self._blank()
        if old:
            check_old_options(self, old)
        self.session.adopt(self)
        if old:
            take_old_options(self, old)

    def _blank(self) -> None:
        """The state that the scheduler writes, as it is before the first look."""
        self._lock: Any = None
        self.batches: list[Parameters] = []
        self.runs: dict[str, TaskRun] = _NO_RUNS
        self.look_at: Instant | None = None
        self.started_instant: Instant | None = None
        self.number = 0
        self.problem: str | None = None
        self.held_by: str | None = None
        self.queued_starts = 0
        self.late: Instant | None = None
        self.barred: str | None = None
        self.removed = False
        self.successor: Task | None = None

    # What a kind of task offers

    def get_default_name(self) -> str:
        """The name of a task that was given none.

        Raises:
            TaskError: This kind of task has no natural name.
        """
        msg = f"{type(self).__name__} needs a name: pass name='...'"
        raise TaskError(msg)

    def execute(self, **parameters: Any) -> Any:
        """What the task does; its keyword arguments are the parameters it takes."""
        msg = f"task {self.name!r}: a subclass of Task must override execute()"
        raise TaskError(msg)

    def make_call(self, batch: Mapping[str, Any], env: Any, materialize: str) -> Call:
        """Put the parameters of one run together with what is called.

        Args:
            batch: Parameters of this run only.
            env: What argument objects are resolved against.
            materialize: "pre" or "post", where an argument leaves it open.

        Raises:
            ParameterError: They don't fit the function.
        """
        from_session = self.prefilter_params(self.session.parameters)
        call = self.plan().build(from_session, self._parameters or {}, batch, env, materialize)
        if type(self).postfilter_params is not Task.postfilter_params:
            call.filter_params(self.postfilter_params)
        return call

    def plan(self) -> ParameterPlan:
        """The parameter plan of what is called (see `rocket_magic.args`)."""
        return ParameterPlan(self.execute)

    def check_batch(self, batch: Mapping[str, Any]) -> None:
        """Refuse parameters of a run by hand that the function doesn't take.

        Raises:
            ParameterError: Names the key and those that are taken.
        """
        if batch:
            self.plan().check(batch, f"task {self.name!r}")

    def prefilter_params(self, params: Any) -> Any:
        """Choose among the session's parameters; a subclass may narrow them."""
        return params

    def postfilter_params(self, params: Any) -> Any:
        """Choose among all parameters of a run, once they are put together; a subclass may change them."""
        return params

    def process_success(self, output: Any) -> None:
        """Called on the scheduler's thread after a run succeeded, with its return value."""

    def process_failure(self, exception: BaseException | None) -> None:
        """Called on the scheduler's thread after a run failed."""

    def process_finish(self, status: str) -> None:
        """Called on the scheduler's thread after every run, with its outcome."""

    # Name and registry

    @property
    def name(self) -> str:
        """Unique in the session; assign to rename (records keep the old name)."""
        return self._name

    @name.setter
    def name(self, value: str) -> None:
        self.session.rename(self, checks.check_name(value))

    @property
    def parameters(self) -> Parameters:
        """Parameters of this task: they win over the function's and the session's."""
        if self._parameters is None:
            self._parameters = Parameters()
        return self._parameters

    @parameters.setter
    def parameters(self, value: Mapping[str, Any]) -> None:
        self._parameters = Parameters(value)
        self.session.task_changed(self, "parameters")

    @property
    def lock(self) -> Any:
        """The lock made by the session's `cls_lock`; None for the default, which needs none.

        The scheduler holds it while it looks at the task and starts it. By default only the
        scheduler's thread does that, so there is nothing to lock out.
        """
        if self._lock is None:
            make = self.session.config.cls_lock
            if make is threading.Lock:
                return None
            self._lock = make()
        return self._lock

    @property
    def permanent_task(self) -> bool:
        """Rocketry's other name of `permanent`."""
        return self._permanent

    @property
    def logger(self) -> Any:
        """The log, seen by this task: `filter_by`, `get_records`, `get_latest`, and `info(...)`."""
        return self.session.task_logger(self)

    def delete(self) -> None:
        """Take the task out of its session; its records stay."""
        self.session.remove_task(self)

    # Acting on it, from any thread

    def run(self, params: Mapping[str, Any] | None = None, /, **kwargs: Any) -> None:
        """Queue one run by hand; it starts whatever the start condition says, even when disabled.

        Args:
            params: Parameters of that run only (also accepted by keyword).
            **kwargs: The same.

        Raises:
            ParameterError: A key that the function doesn't take.
        """
        self.session.queue_batch(self, {**(params or {}), **kwargs})

    def terminate(self, reason: str = "terminate() was called") -> None:
        """Ask the runs in flight to end; does nothing to a task that is idle."""
        self.session.terminate_task(self, reason)

    @property
    def force_run(self) -> bool:
        """Whether a run by hand is queued; Rocketry's older form of `run()` when set to True."""
        return bool(self.batches)

    @force_run.setter
    def force_run(self, value: bool) -> None:
        warn_old("task.force_run = True", "task.run()")
        if not value:
            self.batches.clear()
        elif not self.batches:
            self.run()

    @property
    def force_termination(self) -> bool:
        """Whether a run was asked to end and has not yet; the same as `terminate()` when set to True."""
        return any(run.end_reason is not None for run in list(self.runs.values()))

    @force_termination.setter
    def force_termination(self, value: bool) -> None:
        if value:
            self.terminate("force_termination was set")

    def start(self, **params: Any) -> None:
        """Run the task at once on the calling thread, outside the schedule."""
        self(**params)

    async def start_async(self, **params: Any) -> None:
        """The same from a coroutine; the event loop goes on meanwhile."""
        await asyncio.to_thread(self, **params)

    def __call__(self, **params: Any) -> Any:
        """Run the task at once, outside the schedule, and return its value."""
        return self.session.run_alone(self, params)

    def explain(self) -> Explanation:
        """Why it runs or doesn't: its condition as a tree, with everything that holds it."""
        return self.session.explain_task(self)

    # What happened to it

    @property
    def status(self) -> str | None:
        """Action of its newest record: run, success, fail, terminate, inaction, crash, or None."""
        action = self.session.history.status(self._name)
        return None if action is None else action.value

    def get_status(self) -> str | None:
        """Rocketry's other name of `status`."""
        return self.status

    @property
    def is_running(self) -> bool:
        """Whether a run is in flight."""
        return bool(self.runs)

    @property
    def running_since(self) -> tuple[Instant, ...]:
        """Start instants of the runs in flight, oldest first."""
        runs = self.runs
        return tuple(run.started_at for run in list(runs.values())) if runs else ()

    def is_alive(self) -> bool:
        """Whether a run is in flight."""
        return bool(self.runs)

    @property
    def n_alive(self) -> int:
        """How many runs are in flight."""
        return len(self.runs)

    is_alive_as_main = past.alive_as("main", "on the scheduler's own thread")
    is_alive_as_async = past.alive_as("async", "as a coroutine")
    is_alive_as_thread = past.alive_as("thread", "in a thread")
    is_alive_as_process = past.alive_as("process", "in a process")

    @property
    def period(self) -> TimePeriod:
        """When the start condition lets it start, as far as that is a matter of periods; else always."""
        return scheduling_period(self._start_cond)

    def log_message(self, action: Action) -> str | None:
        """The text of a record by `fmt_log_message`; None for the usual one."""
        form = self._fmt_log_message
        return None if form is None else form.format(task=self._name, action=action.value)

    def is_runnable(self) -> bool:
        """Whether it would start now: a queued run, or enabled and its condition true."""
        if self.batches:
            return True
        return not self._disabled and bool(self._start_cond.holds(self.session.context(self)))

    def __bool__(self) -> bool:
        return self.is_runnable()

    last_run = past.last(
        Action.RUN, "When it last started; naive local time unless the session has a `timezone`."
    )
    last_success = past.last(Action.SUCCESS, "When it last succeeded.")
    last_fail = past.last(Action.FAIL, "When it last failed.")
    last_terminate = past.last(Action.TERMINATE, "When it was last terminated.")
    last_inaction = past.last(Action.INACTION, "When it last had nothing to do.")
    last_crash = past.last(Action.CRASH, "When it last crashed.")
    get_last_run = past.method_of("last_run")
    get_last_success = past.method_of("last_success")
    get_last_fail = past.method_of("last_fail")
    get_last_terminate = past.method_of("last_terminate")
    get_last_inaction = past.method_of("last_inaction")
    get_last_crash = past.method_of("last_crash")

    # As data

    def dict(self, *, include: Any = None, exclude: Any = None, **how: Any) -> dict[str, Any]:
        """The definition as plain values; conditions as text.

        Args:
            include: Only these keys; all when None.
            exclude: Not these keys.
            **how: Further options of pydantic's method of this name, for programs that pass some.
        """
        return chosen(definition(self), include, exclude)

    def json(self, *, include: Any = None, exclude: Any = None, **options: Any) -> str:
        """The definition as JSON text; further options go to `json.dumps`."""
        return json.dumps(self.dict(include=include, exclude=exclude), **{"default": str, **options})

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        """Pairs of field and value, so that `dict(task)` and web frameworks can show it."""
        return iter(definition(self).items())

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._name!r}: {self._start_cond}>"
