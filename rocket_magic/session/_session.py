"""`Session`, the front of everything that one scheduler has."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, tzinfo
from typing import Any

from rocket_magic import args
from rocket_magic._default_session import set_default_session
from rocket_magic._protocols import Context, Explanation, History, Sink
from rocket_magic.args import ArgumentEnv, Parameters
from rocket_magic.clock import Clock, read_moment
from rocket_magic.conditions import BaseCondition, CustomPhrase
from rocket_magic.config import Config
from rocket_magic.config._model import chosen
from rocket_magic.execution import Executors
from rocket_magic.instants import to_datetime
from rocket_magic.log import TaskLog, TaskLogger, hide_repository, show_repository
from rocket_magic.log._loggers import loggers_below, readers_below, set_back
from rocket_magic.scheduler import (
    Change,
    Hooks,
    RestartReport,
    Runner,
    Scheduler,
    SessionSnapshot,
    TaskSnapshot,
    snapshot_session,
    snapshot_task,
)
from rocket_magic.scheduler._hooks import adder
from rocket_magic.session._reading import ConditionReader
from rocket_magic.session._registry import Registry
from rocket_magic.session._returns import Returns
from rocket_magic.session._run_count import RunCount
from rocket_magic.session._times import Times
from rocket_magic.tasks import Task
from rocket_magic.tasks._home import local_datetime
from rocket_magic.tasks._kinds import make_task

__all__ = ["Session"]


class Session:
    """Owns everything of one scheduler.

    Args:
        config: A `Config`, or a mapping of its options.
        parameters: Session parameters: used where nothing nearer sets a key.
        delete_existing_loggers: Take handlers and levels off the task loggers first; see
            `delete_task_loggers`.
        **options: Single options; they win over those in `config`.

    Raises:
        ConfigError: An unknown option or a refused value.
    """

    def __init__(
        self,
        config: Config | Mapping[str, Any] | None = None,
        parameters: Mapping[str, Any] | None = None,
        delete_existing_loggers: bool = False,
        **options: Any,
    ) -> None:
        given = config.model_dump(exclude_unset=True) if isinstance(config, Config) else dict(config or {})
        self.config = Config(**{**chosen(given), **chosen(options)})
        self._registry = Registry()
        self.parameters = Parameters(parameters or {})
        self._returns = Returns(self._registry)
        self.returns: dict[Any, Any] = self._returns
        self.hooks = Hooks()
        self.sink_factory: Callable[[str, str], Sink] | None = None
        self.custom_phrases: list[CustomPhrase] = []
        self._reader = ConditionReader()
        self._times = Times(self.config)
        self._run_count = RunCount()
        if delete_existing_loggers:
            self.delete_task_loggers()
        show_repository(self, self.log.logger_name)
        self._runner = Runner(self)
        self._board = self._runner.board
        self.scheduler = Scheduler(self._runner.engine)
        self.config.on_change(self._config_changed)
        self.parameters.on_change(self._parameters_changed)

    # What it consists of

    @property
    def log(self) -> TaskLog:
        """The task log."""
        return self._times.log

    @property
    def history(self) -> History:
        """The index over the log that conditions ask."""
        return self._times.log.history

    @property
    def clock(self) -> Clock:
        """The clock, made from the config's `time_func`."""
        return self._times.clock

    @property
    def zone(self) -> tzinfo:
        """The zone of schedules: `timezone`, else that of a virtual clock, else the system's."""
        return self._times.zone

    @property
    def executors(self) -> Executors:
        """The ways of execution; another one can be registered."""
        return self._board.executors

    @property
    def env(self) -> Any:
        """The session parameter `env`, or None."""
        return self.parameters.get("env")

    @property
    def tasks(self) -> set[Task]:
        """The tasks, as a set of its own."""
        return set(self._registry)

    def task_list(self) -> list[Task]:
        """The tasks in the order they were registered."""
        return list(self._registry)

    def __getitem__(self, key: Any) -> Task:
        return self._registry.lookup(key)

    def __contains__(self, key: object) -> bool:
        return self._registry.get(key) is not None

    def find_task(self, name: str) -> Task | None:
        """The task of that name, or None."""
        return self._registry.find(name)

    # Tasks

    def create_task(
        self, *, command: Any = None, path: Any = None, code: str | None = None, **policy: Any
    ) -> Any:
        """Make a task of this session.

        Args:
            command: A program: makes a `CommandTask`.
            path: A Python file: makes a `FuncTask` of a function in it.
            code: Source text: makes a `CodeTask`.
            **policy: `func` and everything that kind of task takes.

        Returns:
            The task; without anything to call, a decorator that takes the function.
        """
        return make_task(self, command=command, path=path, code=code, **policy)

    def add_task(self, task: Task) -> None:
        """Take in a task that was removed, or made for another session."""
        if task.session is not self:
            task.session = self
        self.adopt(task)

    def adopt(self, task: Task) -> Task | None:
        """Register a new task under its name; None when `task_pre_exist` says to ignore it."""
        registered, replaced = self._registry.add(task, self.config.task_pre_exist)
        if registered is None:
            return None
        if self.hooks.task_init:
            self._runner.desk.call_init_hooks(task)
        self.log.name_logger(task.name, task.logger_name)
        self._runner.desk.enlist(task, replaced)
        return task

    def remove_task(self, task: Any) -> None:
        """Take a task out; a run in flight ends under its name, records stay."""
        found = self[task]
        self._registry.remove(found)
        self.log.name_logger(found.name, None)
        self._runner.desk.forget(found)

    def rename(self, task: Task, name: str) -> None:
        """Give a task another name, with what is known of it; records keep the old one.

        A run in flight ends under the old name; the history follows then.
        """
        old = task.name
        self._registry.rename(task, name)
        self._returns.rename(old, name)
        self.log.name_logger(name, task.logger_name)
        if not task.is_running:
            self.log.rename(old, name)
        self._runner.desk.tasks_changed(old, name)

    def clear(self) -> None:
        """Take all tasks out and forget session parameters and return values."""
        for task in self.task_list():
            self.remove_task(task)
        self.parameters.clear()
        self.returns.clear()

    def get_tasks(self) -> list[Task]:
        """The tasks in the order they were registered."""
        return self.task_list()

    def get_task(self, task: Any) -> Task:
        """The task of a name or function (Rocketry's older form of `session[...]`)."""
        return self[task]

    def task_exists(self, task: Any) -> bool:
        """Whether a task is registered (Rocketry's older form of `in`)."""
        return task in self

    def task_changed(self, task: Task, field: str) -> None:
        """A field of a task was set: it takes effect at the next wake-up."""
        if self._registry.find(task.name) is task:
            if field == "logger_name":
                self.log.name_logger(task.name, task.logger_name)
            self._runner.desk.changed(task, field)

    # Acting on tasks

    def queue_batch(self, task: Task, values: Mapping[str, Any]) -> None:
        """Queue one run by hand; see `Task.run`. What listeners hear of it carries the `Parameters` given."""
        self._runner.desk.queue(task, values if isinstance(values, Parameters) else Parameters(values))

    def terminate_task(self, task: Task, reason: str) -> None:
        """Ask the runs in flight of a task to end; see `Task.terminate`."""
        self._runner.desk.terminate(task, reason)

    def run_alone(self, task: Task, values: Mapping[str, Any]) -> Any:
        """Run a task at once on the calling thread, outside the schedule, and return its value."""
        return self._runner.run_alone(task, Parameters(values))

    # The scheduler

    def start(self) -> None:
        """Run the scheduler on the calling thread until it has shut down."""
        self._runner.run()

    async def serve(self) -> None:
        """Run the scheduler on the running event loop until it has shut down."""
        await self._runner.serve()

    def start_thread(self) -> None:
        """Run the scheduler on a background thread; does nothing when it runs already."""
        self._runner.start_thread()

    def stop(self, *, force: bool = False, wait: float | None = None) -> bool:
        """Shut down and wait for the end.

        Args:
            force: End the runs in flight instead of waiting for them.
            wait: Seconds to wait at most; None for as long as it takes.

        Returns:
            Whether it has ended.
        """
        return self._runner.stop(force=force, wait=wait)

    def run(self, *tasks: Any, execution: str | None = None, obey_cond: bool = False) -> None:
        """Run some tasks once, now, and nothing else; returns when they have ended.

        Args:
            *tasks: Names, functions or task objects.
            execution: Carry them out this way instead of their own.
            obey_cond: Start only those whose start condition is true.

        Raises:
            UnknownTaskError: There is no such task.
        """
        self._runner.run_once([self[task] for task in tasks], execution, obey_cond=obey_cond)

    def shut_down(self, force: bool | None = None) -> None:
        """Ask the scheduler to shut down; it waits for the runs in flight.

        Args:
            force: True ends them instead. A second call does the same.
        """
        self._runner.shut_down(force=bool(force))

    def shutdown(self) -> None:
        """Rocketry's older name of `shut_down`."""
        self.shut_down()

    def restart(self, *, force: bool = False) -> None:
        """Restart the scheduler as the option `restarting` says, when the runs in flight have ended.

        Args:
            force: End them instead of waiting.

        Raises:
            RestartError: In a Jupyter kernel only "recall" is possible.
        """
        self._runner.restart(force=force)

    @property
    def last_restart(self) -> RestartReport | None:
        """What the newest restart by "recall" has waited for and applied; None before the first."""
        return self._board.restarts.last

    def set_as_default(self) -> None:
        """Make this the session that tasks without one belong to."""
        set_default_session(self)

    # Time travel

    def step(
        self, span: Any = None, *, to_next: bool = False, until: Any = None, wait_for_runs: bool = True
    ) -> datetime:
        """Move a virtual clock on and carry out everything due on the way; see `Rocketry.step`."""
        return to_datetime(
            self._runner.step(span, to_next=to_next, until=until, patient=wait_for_runs), self.zone
        )

    def halt_step(self) -> None:
        """End a step that another thread waits for: time stands where it is, runs in flight go on.

        May be called from any thread; without a step under way it does nothing.
        """
        self._runner.halt_step()

    # Log

    def set_repo(self, repo: Any, delete_existing: bool = False) -> None:
        """Keep the task log in another repository.

        Args:
            repo: A Red Bird repository, anything with its `add` and `filter_by`, or a URL:
                "memory:", "csv:PATH", "sqlite:///PATH", "postgresql://…".
            delete_existing: Accepted for Rocketry's programs: the earlier repository is always let go.

        Raises:
            RepositoryError: It can't be opened.
        """
        keeper = self._runner.log_keeper
        self._runner.desk.ask(lambda: keeper.set_repo(repo, delete_existing=delete_existing))
        self._board.publish("state")

    def save_log(self, repo: Any) -> int:
        """Copy the task log into another, empty repository; the session goes on with its own.

        Made for history of virtual time, which ends with its clock.

        Args:
            repo: As for `set_repo`.

        Returns:
            How many records there are.

        Raises:
            RepositoryError: It can't be opened, or holds records already.
        """
        return self.log.save(repo)

    def get_repo(self) -> Any:
        """The repository of the task log."""
        return self.log.repo

    def get_task_log(self, **query: Any) -> Any:
        """Records of the task log, oldest first.

        Args:
            **query: Fields that must match, e.g. `task_name="load"`, `action="fail"`.
        """
        return self.log.query(**query)

    def task_logger(self, task: Task | None) -> Any:
        """The log, seen by one task; all of it when None."""
        return self.log.for_task(None if task is None else task.name)

    def get_task_loggers(self, with_adapters: bool = True) -> Mapping[str, TaskLogger | logging.Logger]:
        """The loggers that task records go to, by name: the common one, and those of single tasks.

        Args:
            with_adapters: Give readers of the task log, each with the records that go to its logger
                (`filter_by`, `get_records`); False gives the stdlib's loggers.
        """
        own = {self.log.logger_of(task.name) for task in self._registry}
        if with_adapters:
            return readers_below(self.log, self._registry.names(), own)
        return loggers_below(self.log.logger_name, own)

    def delete_task_loggers(self) -> None:
        """Take handlers, filters and levels off the stdlib's task loggers; records and repository stay.

        Loggers belong to the process: other sessions that log under the same name lose theirs, too.
        """
        for logger in loggers_below(self.log.logger_name).values():
            set_back(logger)

    def next_run_number(self) -> int:
        """Count one more run: the next number above those in the log."""
        return self._run_count.next(self.log)

    # Conditions, arguments, time

    def condition(self, value: Any) -> BaseCondition:
        """Read a condition; the session's own phrases are understood."""
        return self._reader.read(value, self.custom_phrases)

    def context(self, task: Any = None) -> Context:
        """The situation in which a condition answers now."""
        clock = self._times.clock
        return Context(now=clock.now(), elapsed=clock.elapsed(), session=self, task=task)

    def call(self, function: Callable[..., Any], task: Any, given: Mapping[str, Any]) -> Any:
        """Call a user's function with its arguments filled in."""
        return args.call(function, ArgumentEnv(session=self, task=task, run=None), given)

    def get_time(self) -> datetime:
        """The current time by the session's clock; naive local unless a `timezone` is set."""
        return local_datetime(self, self.clock.now())

    def get_current_time(self) -> datetime:
        """Rocketry's other name of `get_time`."""
        return self.get_time()

    def get_cond_parsers(self) -> list[CustomPhrase]:
        """The phrases of this session's own conditions."""
        return list(self.custom_phrases)

    def explain_task(self, task: Task) -> Explanation:
        """Why a task runs or doesn't, as a tree."""
        return self._runner.desk.explain(task)

    def explain(self, task: Any, at: datetime | str | float | None = None) -> Explanation:
        """Why a task runs or doesn't, as a tree.

        Args:
            task: Name, function or task object.
            at: Ask for another moment than now: a datetime or ISO text (naive: in the session's zone),
                or seconds since the epoch. The history is cut off there.

        Raises:
            ClockError: The moment can't be read.
        """
        moment = None if at is None else read_moment(at, self.zone)
        return self._runner.desk.explain(self[task], moment)

    # Hooks, usable as decorators

    def hook_startup(self) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Decorator: call the function at startup; after its yield, when startup tasks have ended."""
        return adder(self.hooks.startup)

    def hook_shutdown(self) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Decorator: call the function at shutdown; after its yield, when everything has ended."""
        return adder(self.hooks.shutdown)

    def hook_scheduler_cycle(self) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Decorator: call the function whenever the scheduler looks at tasks."""
        return adder(self.hooks.scheduler_cycle)

    def hook_task_init(self) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Decorator: call the function with each new `task`."""
        return adder(self.hooks.task_init)

    def hook_task_execute(self) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Decorator: call the function before each run; its yield gets the (type, error, traceback)."""
        return adder(self.hooks.task_execute)

    # What others see

    def subscribe(self, listener: Callable[[Change], None]) -> Callable[[], None]:
        """Call a function after every change, on the thread that made it; it must be quick.

        Returns:
            A function that ends the subscription.
        """
        return self._board.listeners.add(listener)

    def snapshot(self) -> SessionSnapshot:
        """Picture of scheduler and tasks."""
        return snapshot_session(
            self._board, tuple(snapshot_task(self._board, task) for task in self._registry)
        )

    def snapshot_state(self) -> SessionSnapshot:
        """Picture of the scheduler alone, without its tasks."""
        return snapshot_session(self._board, ())

    def snapshot_task(self, name: str) -> TaskSnapshot | None:
        """Picture of one task, or None when there is none of that name."""
        task = self._registry.find(name)
        return None if task is None else snapshot_task(self._board, task)

    def _config_changed(self, name: str, value: Any) -> None:
        if name == "force_status_from_logs":
            self.log.ask_repository(value)
        elif name == "task_logger_basename":
            hide_repository(self, self.log.logger_name)
            self.log.logger_name = value
            show_repository(self, value)
        self._runner.configure_executors()
        self._runner.desk.config_changed(name)

    def _parameters_changed(self, names: frozenset[str]) -> None:
        self._runner.desk.parameters_changed()

    def renew_clock(self) -> bool:
        """Take the clock from the config again, as a restart does; whether it is another one now."""
        return self._times.renew()

    def __repr__(self) -> str:
        return f"<Session {self.scheduler.state}, {len(self._registry)} tasks>"
