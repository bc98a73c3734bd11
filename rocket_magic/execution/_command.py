"""Floor 4: running a program on behalf of a run (`CommandTask`), in any way of execution.

The program gets a process group of its own, so that termination ends everything it started; its
output streams into the run's output while it runs. Nothing is inherited: in a kernel, descriptor 1
belongs to whatever cell runs at the moment.
"""

from __future__ import annotations

import codecs
import contextlib
import os
import selectors
import shlex
import signal
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from rocket_magic._lazy import LazyModule
from rocket_magic.args import current_run
from rocket_magic.clock import SystemClock
from rocket_magic.exc import TaskTerminationException
from rocket_magic.execution._base import Flag
from rocket_magic.instants import SECOND, Span

if TYPE_CHECKING:
    import subprocess
else:
    subprocess = LazyModule("subprocess")

__all__ = ["run_command"]

_CHUNK: Final = 65_536
_REST: Final = 64
"""Chunks that are taken after the end; a child left behind may write for ever."""
_LOOK: Final = 0.05
"""Seconds between two looks at the termination flag."""
_GRACE: Final = 2 * SECOND
_ERROR_TAIL: Final = 4_000
_LARGEST_RESULT: Final = 64 << 20


def run_command(
    command: str | Sequence[str],
    options: Sequence[str] = (),
    *,
    shell: bool = False,
    cwd: str | None = None,
    popen: Mapping[str, Any] | None = None,
) -> bytes:
    """Run a program to its end.

    Args:
        command: Program and arguments; text is split like a shell would, unless `shell`.
        options: Appended to the command.
        shell: Give the command as text to the system's shell.
        cwd: Folder to run in; None: the current one.
        popen: Further options of `subprocess.Popen`.

    Returns:
        What it wrote to stdout, at most the first 64 MB.

    Raises:
        OSError: It could not be started, or ended with an exit code other than 0 (the message holds
            the end of its stderr).
        TaskTerminationException: The run was asked to end; the program and what it started are gone.
    """
    arguments = _arguments(command, options, shell=shell)
    flag = _current_flag()
    settings: dict[str, Any] = {
        "stdin": subprocess.DEVNULL,
        "start_new_session": True,
        **dict(popen or {}),
        "stdout": subprocess.PIPE,
        "stderr": subprocess.PIPE,
        "shell": shell,
    }
    if cwd is not None:
        settings["cwd"] = cwd
    process = subprocess.Popen(arguments, **settings)  # the task's own command
    reader = _Output(process)
    try:
        reader.follow(flag)
    except BaseException:
        _end_group(process)
        raise
    finally:
        reader.close()
    if flag is not None and flag.is_set() and process.returncode:
        msg = flag.reason or "terminated"
        raise TaskTerminationException(msg)
    if process.returncode:
        raise OSError(_complaint(command, process.returncode, bytes(reader.error_tail)))
    return bytes(reader.result)


def _arguments(command: str | Sequence[str], options: Sequence[str], *, shell: bool) -> str | list[str]:
    if shell:
        text = command if isinstance(command, str) else shlex.join(command)
        return " ".join([text, *map(shlex.quote, options)])
    parts = shlex.split(command) if isinstance(command, str) else list(command)
    return [*parts, *options]


def _current_flag() -> Any:
    run = current_run.get()
    return None if run is None else run.flag


def _complaint(command: str | Sequence[str], code: int, error_tail: bytes) -> str:
    shown = command if isinstance(command, str) else shlex.join(command)
    end = f"was killed by {_signal_name(-code)}" if code < 0 else f"failed with exit code {code}"
    text = error_tail.decode(errors="replace").strip()
    return f"command {shown!r} {end}" + (f":\n{text}" if text else "")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


class _Output:
    """Reads a program's output until it has ended, and passes it on."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self.result = bytearray()
        self.error_tail = bytearray()
        self._selector = selectors.DefaultSelector()
        self._decoders = {}
        for name, pipe in (("stdout", process.stdout), ("stderr", process.stderr)):
            if pipe is not None:
                os.set_blocking(pipe.fileno(), False)
                self._selector.register(pipe, selectors.EVENT_READ, name)
                self._decoders[name] = codecs.getincrementaldecoder("utf-8")("replace")

    def follow(self, flag: Flag | None) -> None:
        """Pass output on until the program has ended, or end it when the flag is set."""
        asked: Span | None = None
        while True:
            for key, _ in self._selector.select(_LOOK):
                self._read(key)
            if self.process.poll() is not None:
                break
            if not self._selector.get_map():
                # It closed its output and goes on: nothing is left to wait on but the process.
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self.process.wait(_LOOK)
            if flag is not None and flag.is_set():
                asked = self._ask_to_end(asked)
        if asked is not None:
            _end_group(self.process)
        for key in list(self._selector.get_map().values()):
            for _ in range(_REST):
                if not self._read(key):
                    break

    def _ask_to_end(self, asked: Span | None) -> Span:
        """SIGTERM first, SIGKILL when it has not helped; when it was asked first."""
        now = SystemClock().uptime()
        if asked is None:
            _signal_group(self.process, signal.SIGTERM)
            return now
        if now - asked > _GRACE:
            _signal_group(self.process, signal.SIGKILL)
        return asked

    def _read(self, key: selectors.SelectorKey) -> bool:
        """Take a chunk; whether there was one. Children left behind may hold the pipe open."""
        try:
            data = os.read(key.fd, _CHUNK)
        except BlockingIOError:
            return False
        if not data:
            self._selector.unregister(key.fileobj)
            return False
        if key.data == "stdout":
            self.result += data[: _LARGEST_RESULT - len(self.result)]
        else:
            self.error_tail += data
            del self.error_tail[:-_ERROR_TAIL]
        self._pass_on(key.data, self._decoders[key.data].decode(data))
        return True

    def _pass_on(self, stream: str, text: str) -> None:
        run = current_run.get()
        if run is not None and run.sink is not None:
            run.sink.write(stream, text)
        else:
            target = sys.stdout if stream == "stdout" else sys.stderr
            target.write(text)

    def close(self) -> None:
        """Close the pipes."""
        self._selector.close()
        for pipe in (self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()


def _signal_group(process: subprocess.Popen[bytes], number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, number)
        else:
            process.send_signal(number)


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """Kill the program and everything in its group, and collect it."""
    _signal_group(process, getattr(signal, "SIGKILL", signal.SIGTERM))
    process.wait()
