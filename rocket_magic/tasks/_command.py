"""Floor 5: `CommandTask`, a task that runs a program."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rocket_magic.args import Call, ParameterPlan
from rocket_magic.exc import TaskError
from rocket_magic.execution import run_command
from rocket_magic.tasks._base import Task

_PREFIXES: Final = {"-": "-", "short": "-", "--": "--", "long": "--"}


class CommandTask(Task):
    """Runs a program; parameters of the task and the batch become its options.

    The program's output is the run's output, its stdout (bytes) the return value. An exit code other
    than 0 fails the run with `OSError`. Termination ends the program and everything it started.

    Args:
        command: The program and its arguments as a list, or as text (split like a shell would unless
            `shell` is True).
        shell: Give the text to the system's shell.
        cwd: The folder to run in.
        argform: How a parameter `k=v` is appended: "-" or "short" as `-k v`, "--" or "long" as `--k v`.
        kwds_popen: Further options of `subprocess.Popen`.
        **policy: Everything `Task` takes.

    Raises:
        TaskError: The command or `argform` can't be used.
    """

    __slots__ = ("argform", "command", "cwd", "kwds_popen", "shell")

    def __init__(
        self,
        command: str | Sequence[str],
        *,
        shell: bool = False,
        cwd: str | Path | None = None,
        argform: str = "-",
        kwds_popen: Mapping[str, Any] | None = None,
        **policy: Any,
    ) -> None:
        if not command or not (isinstance(command, str) or all(isinstance(part, str) for part in command)):
            msg = f"command must be text or a list of texts, got {command!r}"
            raise TaskError(msg)
        if argform not in _PREFIXES:
            msg = f"argform must be one of {', '.join(_PREFIXES)}, got {argform!r}"
            raise TaskError(msg)
        self.command = command if isinstance(command, str) else tuple(command)
        self.shell = shell
        self.cwd = None if cwd is None else str(cwd)
        self.argform = argform
        self.kwds_popen = dict(kwds_popen or {})
        super().__init__(**policy)

    def get_default_name(self) -> str:
        """The command as it would be typed."""
        return self.command if isinstance(self.command, str) else " ".join(self.command)

    def make_call(self, batch: Mapping[str, Any], env: Any, materialize: str) -> Call:
        """Only the task's and the batch's parameters become options; a program has no signature."""
        program = Program(self.command, self.shell, self.cwd, _PREFIXES[self.argform], self.kwds_popen)
        return ParameterPlan.of(program).build({}, self.parameters, batch, env, materialize)


@dataclass(frozen=True)
class Program:
    """What a `CommandTask` calls; picklable, so that it runs in any execution."""

    command: str | tuple[str, ...]
    shell: bool
    cwd: str | None
    prefix: str
    popen: dict[str, Any]

    def __call__(self, **parameters: Any) -> bytes:
        """Run the program with the parameters as its options."""
        options = [
            part for name, value in parameters.items() for part in (f"{self.prefix}{name}", str(value))
        ]
        return run_command(self.command, options, shell=self.shell, cwd=self.cwd, popen=self.popen)
