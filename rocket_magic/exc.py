"""Floor 0: every exception of the package, and the signals a task may raise.

The tree (signals are told apart from errors by their first line)::

    RocketMagicError                    anything this package refuses or reports
    ├── ScheduleError (ValueError)      a schedule, period, cron text or duration that can't be meant
    ├── ConditionError                  a condition failed while it was asked
    ├── ConfigError (ValueError)        an unknown option, or a value the option refuses
    ├── TaskError (ValueError)          a task's definition is refused
    │   └── DuplicateTaskError          the name is taken and `task_pre_exist` is "raise"
    ├── UnknownTaskError (KeyError)     no task of that name
    ├── ParameterError (ValueError)     parameters that don't fit the task, or arguments in a circle
    ├── ClockError (ValueError)         a clock or time function that can't be used
    ├── RepositoryError                 a repository can't be opened or used
    ├── RestartError                    a way of restarting that this process can't do
    ├── MissingExtraError (ImportError) an optional dependency is absent; names the install line
    ├── TaskSetupError                  a run could not be started (Rocketry's name: pre-run failure)
    └── TaskLoggingError                a record could not be written
    signals, raised by a task's own code
    ├── TaskInactionException           "nothing to do": the run ends as `inaction`
    ├── TaskTerminationException        "I was told to stop": the run ends as `terminate`
    ├── SchedulerExit                   shut the scheduler down
    └── SchedulerRestart                restart the scheduler

Messages name the thing, the rule, the value received and the next step.
"""

from __future__ import annotations

__all__ = [
    "USER_ERRORS",
    "ClockError",
    "ConditionError",
    "ConfigError",
    "DuplicateTaskError",
    "MissingExtraError",
    "ParameterError",
    "RepositoryError",
    "RestartError",
    "RocketMagicError",
    "ScheduleError",
    "SchedulerExit",
    "SchedulerRestart",
    "TaskError",
    "TaskInactionException",
    "TaskLoggingError",
    "TaskSetupError",
    "TaskTerminationException",
    "UnknownTaskError",
]

USER_ERRORS: tuple[type[BaseException], ...] = (Exception, SystemExit, GeneratorExit)
"""What a user's code (a condition, a hook, a method) may end with where the scheduler calls it.

A `sys.exit` there is an error like any other. KeyboardInterrupt is not among them: it is a person's.
"""


class RocketMagicError(Exception):
    """Base of every error this package raises on purpose."""


class ScheduleError(RocketMagicError, ValueError):
    """A schedule, period, cron text or duration that is refused.

    Attributes:
        text: The text that was read, or "" when the value was not text.
        position: Index into `text` where reading failed, or None.
        suggestion: The closest valid text, or None.
    """

    def __init__(
        self,
        message: str,
        *,
        text: str = "",
        position: int | None = None,
        suggestion: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.text = text
        self.position = position
        self.suggestion = suggestion


class ConditionError(RocketMagicError):
    """A condition raised while it was asked; the cause is chained."""


class ConfigError(RocketMagicError, ValueError):
    """An option that doesn't exist, or a value that the option refuses."""


class TaskError(RocketMagicError, ValueError):
    """A task's definition is refused."""


class DuplicateTaskError(TaskError):
    """A task of that name exists and `task_pre_exist` is "raise"."""


class UnknownTaskError(RocketMagicError, KeyError):
    """No task of that name in the session."""

    def __str__(self) -> str:
        """Give the message itself; KeyError would show its repr."""
        return str(self.args[0]) if self.args else ""


class ParameterError(RocketMagicError, ValueError):
    """Parameters that don't fit the task's function, or arguments in a circle."""


class ClockError(RocketMagicError, ValueError):
    """A clock or time function that can't be used, or an instant that can't be reached."""


class RepositoryError(RocketMagicError):
    """A repository for the task log can't be opened, read or written."""


class RestartError(RocketMagicError):
    """A way of restarting that the current process can't do."""


class MissingExtraError(RocketMagicError, ImportError):
    """An optional dependency is not installed; the message names the install line."""


class TaskSetupError(RocketMagicError):
    """A run could not be started: an argument failed, or something can't travel."""


class TaskLoggingError(RocketMagicError):
    """A record could not be written to the repository."""


class TaskInactionException(Exception):  # noqa: N818  Rocketry's name, kept for programs written for it
    """Raise in a task when there is nothing to do: the run ends as `inaction`."""


class TaskTerminationException(Exception):  # noqa: N818  Rocketry's name
    """Raise in a task that saw its termination flag: the run ends as `terminate`."""


class SchedulerExit(Exception):  # noqa: N818  Rocketry's name
    """Raise in a task to shut the scheduler down; its run is a success."""


class SchedulerRestart(Exception):  # noqa: N818  Rocketry's name
    """Raise in a task to restart the scheduler; its run is a success."""
