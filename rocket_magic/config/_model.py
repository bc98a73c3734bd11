"""Floor 3: `Config`, the options of a session, each documented where it stands.

An option is checked whenever it is set, while the scheduler runs too; a refused value changes nothing.
Values are replaced in one step, so that any thread may set and read them.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from datetime import timedelta, tzinfo
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr

from rocket_magic.clock import as_clock
from rocket_magic.conditions import BaseCondition
from rocket_magic.config._dask import cluster, way_of_execution
from rocket_magic.config._kinds import (
    Kind,
    choice,
    count,
    duration,
    flag,
    function,
    lock_class,
    number,
    seconds,
    several,
    statement,
    word,
    zone,
)
from rocket_magic.exc import ConfigError
from rocket_magic.text import closest

EXECUTIONS: Final = ("main", "async", "thread", "process", "dask")
_ALIASES: Final = {"task_execution": "execution"}


class Config(BaseModel):
    """The options of a session.

    Args:
        **options: Any of the fields below by name; `task_execution` is another name of `execution`.

    Raises:
        ConfigError: An option that doesn't exist, or a value it refuses.
    """

    model_config = ConfigDict(
        validate_assignment=True, extra="forbid", arbitrary_types_allowed=True, defer_build=True
    )

    _listeners: tuple[Callable[[str, Any], None], ...] = PrivateAttr(())

    profile: Annotated[str, choice("engine", "notebook")] = Field(
        "engine",
        description="Where the scheduler lives. In a notebook only 'recall' restarts are possible: "
        "the others would replace or leave the kernel.",
        json_schema_extra={"fixed": True},
    )

    # Tasks

    execution: Annotated[str, way_of_execution(*EXECUTIONS)] = Field(
        "process",
        description="How tasks run that don't say it themselves: main (in the scheduler's thread, one at a "
        "time), async (on its event loop), thread, process, or dask (on a cluster).",
    )
    task_pre_exist: Annotated[str, choice("raise", "rename", "ignore", "replace")] = Field(
        "raise",
        description="What happens when a new task's name is taken: raise (an error), rename (a number is "
        "added), ignore (the new task isn't inserted), replace (the new task takes the old one's place).",
    )
    multilaunch: Annotated[bool | int, several()] = Field(
        default=False,
        description="Whether a task may start again while it runs: false, true, or the largest number of "
        "its runs at one time. A task's own value wins.",
    )
    on_overlap: Annotated[str, choice("skip", "queue", "replace")] = Field(
        "skip",
        description="When a task is due while it still runs: skip (that start is left out), queue (it "
        "follows the run in flight), replace (the run in flight is ended first).",
    )
    misfire_grace_time: Annotated[timedelta | None, duration(optional=True)] = Field(
        None,
        description="How late a start may be before it is skipped and recorded as missed; none: a late "
        "start always happens.",
    )
    rerun_interrupted: Annotated[bool, flag()] = Field(
        default=True,
        description="Whether a run that the scheduler's own death cut off is started again "
        "at the next start; runs by hand with parameters of their own are not: the log has only their text.",
    )
    timeout: Annotated[timedelta | None, duration(zero=False, never=True)] = Field(
        timedelta(minutes=30),
        description="The longest time a run may take before it is terminated; never: as long as it likes. "
        "A task's own value wins; main and permanent tasks have none.",
    )
    grace: Annotated[timedelta, duration()] = Field(
        timedelta(seconds=5),
        description="How long a run that was asked to end may take before it is ended by force; a thread, "
        "which can't be, is then given up.",
    )
    param_materialize: Annotated[str, choice("pre", "post")] = Field(
        "post",
        description="When function arguments are called: pre (before the thread or process is started) or "
        "post (in it). An argument's own setting wins.",
    )

    # Limits and workers

    max_process_count: Annotated[int, count(1)] = Field(
        default_factory=lambda: os.cpu_count() or 1,
        description="How many process runs are in flight at most; further ones wait. Default: the number "
        "of CPUs.",
    )
    max_thread_count: Annotated[int | None, count(1, optional=True)] = Field(
        None, description="How many thread runs are in flight at most; none: no limit."
    )
    tasks_as_daemon: Annotated[bool, flag()] = Field(
        default=True,
        description="Whether processes of tasks end with the scheduler; such a process can't have "
        "children of its own. A task's own `daemon` wins.",
    )
    process_reuse: Annotated[bool, flag()] = Field(
        default=False,
        description="Whether a worker process serves further runs; otherwise each run has a fresh one.",
    )
    process_start_method: Annotated[str | None, choice("forkserver", "spawn", optional=True)] = Field(
        None,
        description="How worker processes are made; none: forkserver where there is one, else spawn. The "
        "scheduler's own process is never forked.",
    )

    dask_cluster: Annotated[Any, cluster()] = Field(
        None,
        description="Where dask runs go: the address of a dask scheduler (tls://…; tcp:// is not encrypted), "
        "or a distributed.Client or cluster of yours, which stays yours; none: a cluster of our own on this "
        "machine with max_process_count places, made when it is needed.",
    )

    # Errors

    silence_task_prerun: Annotated[bool, flag()] = Field(
        default=False,
        description="Whether the scheduler goes on when a task can't be started (an argument failed or "
        "can't be pickled); the run is recorded as failed either way.",
    )
    silence_task_logging: Annotated[bool, flag()] = Field(
        default=False,
        description="Whether the scheduler goes on when the task log can't be written; a lost record can "
        "make conditions inaccurate, so starts are held until writing works.",
    )
    silence_cond_check: Annotated[bool, flag()] = Field(
        default=False,
        description="Whether the scheduler goes on when a condition raises; the condition counts as false.",
    )

    # The scheduler

    cycle_sleep: Annotated[float | None, seconds()] = Field(
        0.1,
        description="Seconds between two looks at conditions that can't tell when they change, and at a "
        "time_func that can't be waited on; none: no pause. Other conditions are never polled.",
    )
    shut_cond: Annotated[BaseCondition | None, statement()] = Field(
        None,
        description="The scheduler shuts down when this condition is true; none: it never does by itself.",
    )
    instant_shutdown: Annotated[bool, flag()] = Field(
        default=False,
        description="Whether a shutdown terminates the runs in flight; otherwise it waits for them (their "
        "timeouts and end conditions still count).",
    )
    restarting: Annotated[str, choice("replace", "relaunch", "fresh", "recall")] = Field(
        "replace",
        description="How a restart is done: replace (the process by a new one), relaunch (a new process), "
        "fresh (a new process in a window of its own on Windows), recall (start again in this process).",
    )
    cls_lock: Annotated[Any, lock_class()] = Field(
        threading.Lock,
        description="Class of the lock that is held while a task is looked at, started or terminated. "
        "Replace it to run several instances of one application.",
    )

    # Time

    timezone: Annotated[tzinfo | None, zone()] = Field(
        None,
        description="Zone of conditions and of datetimes that are shown: an IANA name or a tzinfo; none: "
        "the system's.",
    )
    time_func: Annotated[Any, function("a function that gives seconds since the epoch", as_clock)] = Field(
        None,
        description="Where time comes from: a function like time.time, or a VirtualClock; none: time.time.",
    )

    # The log

    force_status_from_logs: Annotated[bool, flag()] = Field(
        default=False,
        description="Whether conditions ask the repository itself for statuses and times, each time: slower, "
        "for logs that others write to as well.",
    )
    log_capacity: Annotated[int, count(1)] = Field(
        100_000, description="How many records the log in memory keeps; older ones are dropped and counted."
    )
    log_retry: Annotated[timedelta, duration()] = Field(
        timedelta(seconds=1),
        description="Pause before a failed write to the task log is tried again; it doubles up to a minute.",
    )
    task_logger_basename: Annotated[str, word()] = Field(
        "rocketry.task", description="Name of the logging logger that task records go to."
    )
    scheduler_logger_basename: Annotated[str, word()] = Field(
        "rocketry.scheduler", description="Name of the logging logger of the scheduler."
    )
    func_run_id: Annotated[Any, function("a function of (task, parameters) that gives text")] = Field(
        None, description="Makes the id of a run from its task and parameters; none: a random id."
    )

    # Taken so that programs written for Rocketry run; they change nothing

    use_instance_naming: Annotated[bool, flag()] = Field(
        default=False,
        description="Taken for old programs; has no effect.",
        json_schema_extra={"legacy": True},
    )
    task_priority: Annotated[int, number()] = Field(
        0, description="Taken for old programs; has no effect.", json_schema_extra={"legacy": True}
    )
    debug: Annotated[bool, flag()] = Field(
        default=False,
        description="Taken for old programs; has no effect.",
        json_schema_extra={"legacy": True},
    )

    def __init__(self, **options: Any) -> None:
        # Not pydantic's `__init__`: it would build a schema (a tenth of the time that loading us takes)
        # only to ask the same kinds. The schema is built when somebody asks for it.
        values = _checked(known(options))
        built = type(self).model_construct(_fields_set=set(values), **values)
        self.__setstate__(built.__getstate__())
        _check_together(self.profile, self.restarting)

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("_"):
            super().__setattr__(name, value)
        else:
            self.update({name: value})

    def update(self, options: Mapping[str, Any] | None = None, /, **more: Any) -> None:
        """Set several options; all of them, or none when one is refused.

        Raises:
            ConfigError: An option that doesn't exist, or a value it refuses.
        """
        values = _checked(known({**(options or {}), **more}))
        _check_together(values.get("profile", self.profile), values.get("restarting", self.restarting))
        self.__dict__.update(values)  # one step for every other thread
        self.__pydantic_fields_set__.update(values)
        for name, value in values.items():
            for listener in self._listeners:
                listener(name, value)

    @property
    def task_execution(self) -> str:
        """Another name of `execution`."""
        return self.execution

    def on_change(self, callback: Callable[[str, Any], None]) -> Callable[[], None]:
        """Have `callback(name, value)` called after each valid assignment, on the assigning thread.

        Returns:
            Ends it.
        """
        self._listeners = (*self._listeners, callback)

        def forget() -> None:
            self._listeners = tuple(one for one in self._listeners if one is not callback)

        return forget

    def model_dump(self, *, mode: str = "python", **how: Any) -> dict[str, Any]:
        """The options as a dict; as they are, or in mode "json" as JSON values.

        Args:
            mode: "python" or "json".
            **how: As for every pydantic model (`exclude_unset`, …).
        """
        if mode == "python" and not how:
            return dict(self.__dict__)
        if mode == "python" and how == {"exclude_unset": True}:  # what a session asks; needs no schema
            return {option: self.__dict__[option] for option in self.model_fields_set}
        found = super().model_dump(mode=mode, **how)
        # Pydantic takes dataclasses apart (conditions are some); here values stay what they are.
        return {option: self.__dict__[option] for option in found} if mode == "python" else found

    def __copy__(self) -> Config:
        return type(self)(**self.model_dump(exclude_unset=True))

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Config:
        return self.__copy__()

    def __reduce__(self) -> tuple[Any, ...]:
        options = self.model_dump(exclude_unset=True)
        if "dask_cluster" in options:  # a connection stays here; its address is good elsewhere, too
            options["dask_cluster"] = kind_of("dask_cluster").plain(options["dask_cluster"])
        return _made, (options,)


def kind_of(name: str) -> Kind:
    """What an option takes.

    Raises:
        ConfigError: No such option.
    """
    (name,) = known({name: None})
    return next(extra for extra in Config.model_fields[name].metadata if isinstance(extra, Kind))


def chosen(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options without an execution of None: wrappers of an application hand on that nobody chose one."""
    return {
        name: value
        for name, value in options.items()
        if value is not None or _ALIASES.get(name, name) != "execution"
    }


def known(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options under their own names.

    Raises:
        ConfigError: One doesn't exist, or is given under both of its names.
    """
    found: dict[str, Any] = {}
    for given, value in options.items():
        name = _ALIASES.get(given, given)
        if name not in Config.model_fields:
            near = closest(str(given), [*Config.model_fields, *_ALIASES])
            hint = f"did you mean {near!r}?" if near else "%rocket config and describe(config) list them all"
            msg = f"there is no config option {given!r}: {hint}"
            raise ConfigError(msg)
        if name in found and found[name] != value:
            msg = f"config option {name!r} is given twice, as {found[name]!r} and {value!r}: give it once"
            raise ConfigError(msg)
        found[name] = value
    return found


def _checked(given: Mapping[str, Any]) -> dict[str, Any]:
    """What is stored for what is set; complains of all that is refused at once."""
    values: dict[str, Any] = {}
    refused: dict[str, ValueError] = {}
    for name, value in given.items():
        try:
            values[name] = kind_of(name).check(value)
        except ValueError as error:
            refused[name] = error
    if refused:
        text = "; ".join(_complaint(name, given[name], str(error)) for name, error in refused.items())
        raise ConfigError(text) from next(iter(refused.values()))
    return values


def _complaint(name: str, value: Any, about: str) -> str:
    text = f"config option {name!r} must be {kind_of(name).rule}, got {value!r}"
    return f"{text}: {about}" if about else text


def _check_together(profile: str, restarting: str) -> None:
    if profile == "notebook" and restarting != "recall":
        msg = (
            f"config option 'restarting' must be 'recall' in a notebook, got {restarting!r}: "
            "the other ways would replace or leave the kernel"
        )
        raise ConfigError(msg)


def _made(options: dict[str, Any]) -> Config:
    return Config(**options)
