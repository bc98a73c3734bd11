"""Floor 4: the worker's side of a process run. Runs in a process of its own, forked or spawned.

The main thread takes an order from the channel, runs it and sends the outcome. A watcher thread
notices that the scheduler's process is gone (the channel hangs up) and ends the whole group, however
busy the main thread is. SIGTERM asks the run to end: it sets the flag, and raises in the task's code
unless the task has taken the flag to look at it itself.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import faulthandler
import io
import os
import pickle
import select
import signal
import socket
import sys
import sysconfig
import threading
from collections.abc import Callable, Coroutine
from datetime import timedelta
from itertools import islice
from types import FrameType
from typing import Any, Final

import cloudpickle

from rocket_magic._protocols import Action
from rocket_magic.args import current_run
from rocket_magic.clock import Clock, SystemClock, VirtualClock
from rocket_magic.execution._base import Flag, Outcome
from rocket_magic.execution._failure import exception_message, exception_text
from rocket_magic.execution._outcome import outcome_of_error
from rocket_magic.execution._wire import FRAME, RAW, Piece, pack_frame

__all__ = ["ENDED", "live"]

ENDED: Final = 143
"""Exit code of a worker that was asked to end: its group is ended with it."""


def live(channel: socket.socket) -> None:
    """Serve orders from the channel until it ends; never returns."""
    code = 1
    try:
        code = _Worker(channel).serve()
    except _EndRunError:
        code = ENDED
    except BaseException as error:  # nobody is left to hear it but the stream of the last run
        with contextlib.suppress(Exception):
            sys.stderr.write(exception_text(error))
    finally:
        _leave(code)


def _leave(code: int) -> None:
    """End without the interpreter's shutdown: threads of the task must not hold the process up."""
    with contextlib.suppress(BaseException):
        atexit._run_exitfuncs()  # noqa: SLF001  what os._exit would leave out
    _flush()
    os._exit(code)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(BaseException):
            stream.flush()


class _EndRunError(BaseException):
    """Raised in the task's code by SIGTERM; not an Exception, so that `except Exception` lets it through."""


class _Env:
    """The current run in a worker; notes whether the task's code has taken the flag."""

    sink = None

    def __init__(self, run_id: str, task_name: str, clock: Clock) -> None:
        self.run_id = run_id
        self.task_name = task_name
        self.clock = clock
        self.asked = Flag()
        self.flag_taken = False

    @property
    def flag(self) -> Flag:
        """The run's flag; whoever takes it is expected to look at it."""
        self.flag_taken = True
        return self.asked


class _StandingClock:
    """A copy of a virtual clock: only this run moves it, by sleeping."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock

    def __call__(self) -> float:
        return self._clock()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._clock, name)

    def sleep(self, seconds: float) -> None:
        """Move on without waiting."""
        self._clock.jump(timedelta(seconds=max(seconds, 0)))


class _Worker:
    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel
        self._env: _Env | None = None
        self._asked = False
        # No copies of what the server has: touching an object copies its page.
        self._n_known = len(sys.modules)
        self._place: tuple[Any, ...] | None = None
        self._before: tuple[dict[str, str], list[str]] | None = None
        signal.signal(signal.SIGTERM, self._on_sigterm)
        threading.Thread(target=self._watch, name="rocket-magic-lifeline", daemon=True).start()

    def _on_sigterm(self, _number: int, _frame: FrameType | None) -> None:
        self._asked = True
        env = self._env
        if env is None:
            return
        env.asked.set("terminated")
        if not env.flag_taken:
            raise _EndRunError

    def _watch(self) -> None:
        """End the group when the other side of the channel is gone; costs nothing until then."""
        poll = select.poll()
        poll.register(self._channel, 0)
        while True:
            for _, event in poll.poll():
                if event & (select.POLLHUP | select.POLLERR | select.POLLNVAL):
                    _end_own_group()

    def serve(self) -> int:
        """Serve orders; the exit code."""
        self._warm_up()
        while True:
            order = self._receive()
            if order is None:
                return 0
            (run_id, task_name, place, largest, reuse), body = order
            if reuse and self._before is None:
                self._before = dict(os.environ), list(sys.path)
            self._settle_in(place)
            outcome = self._run(run_id, task_name, body)
            del body
            _flush()
            frame = self._answer(outcome, task_name, largest)
            ended = self._asked
            del outcome
            self._send(frame)
            if ended:
                return ENDED
            if not reuse:
                return 0

    def _settle_in(self, place: tuple[Any, ...]) -> None:
        """Take over the scheduler's folder, search path and changed environment."""
        folder, path, changed, removed = place
        if folder is not None:
            with contextlib.suppress(OSError):
                os.chdir(folder)
        if place == self._place:
            return
        if self._place is not None and self._before is not None:  # an earlier run's place was another one
            os.environ.clear()
            os.environ.update(self._before[0])
            sys.path[:] = self._before[1]
        self._place = place
        if path is not None:
            sys.path[:] = path
        os.environ.update(changed)
        for name in removed:
            os.environ.pop(name, None)

    # The run

    def _warm_up(self) -> None:
        """Go through a run's motions while there is time: after a fork, the first touch copies a page."""
        poll = select.poll()
        poll.register(self._channel, select.POLLIN)
        if poll.poll(0):
            return
        body = cloudpickle.dumps((lambda: None, SystemClock()))
        self._answer(self._run("", "", body), "", len(body))

    def _run(self, run_id: str, task_name: str, body: bytes) -> Outcome:
        env = _Env(run_id, task_name, VirtualClock(0))
        try:
            try:
                self._env = env
                if self._asked:
                    raise _EndRunError
                return Outcome(run_id, Action.SUCCESS, self._call(env, body))
            finally:
                self._env = None
        except _EndRunError as error:
            return Outcome(run_id, Action.TERMINATE, exc=error)
        except BaseException as error:
            if self._asked and not env.flag_taken:
                # The task turned the end it was asked for into an error of its own.
                return Outcome(run_id, Action.TERMINATE, exc=error)
            return outcome_of_error(run_id, error, env.asked)

    def _call(self, env: _Env, body: bytes) -> Any:
        call, clock = cloudpickle.loads(body)
        env.clock = _StandingClock(clock) if isinstance(clock, VirtualClock) else clock
        token = current_run.set(env)  # type: ignore[arg-type]  # the same attributes; it notes who takes the flag
        try:
            value = call()
            if isinstance(value, Coroutine):
                return asyncio.run(value)
            return value
        finally:
            current_run.reset(token)

    # The way back

    def _answer(self, outcome: Outcome, task_name: str, largest: int) -> list[Piece]:
        body: list[Piece] = []
        layout: tuple[int, ...] = ()
        if outcome.action is Action.SUCCESS and outcome.signal is None:
            try:
                body, layout = _pack_value(outcome.value)
                _check_size(body, task_name, largest)
            except BaseException as error:
                body, layout = [], ()
                outcome = _refused(outcome, task_name, error)
        elif outcome.exc is not None and outcome.action is not Action.TERMINATE:
            with contextlib.suppress(BaseException):
                body = [_pack_error(outcome.exc)]
        head = (
            outcome.run_id, str(outcome.action), outcome.reason, outcome.signal, outcome.exc_text,
            self._new_modules(), layout,
        )  # fmt: skip
        return pack_frame(head, *body)

    def _new_modules(self) -> list[str]:
        """Installed modules that this run imported: the fork server may load them beforehand.

        Not the user's own files: those are to be read anew, since they are being edited.
        """
        count = len(sys.modules) - self._n_known
        self._n_known += count
        fresh = list(islice(reversed(sys.modules), max(count, 0)))[::-1]
        return [name for name in fresh if name.count(".") < _DEEPEST and _is_installed(name)]

    def _receive(self) -> tuple[tuple[Any, ...], bytes] | None:
        start = self._read(FRAME.size)
        if start is None:
            return None
        head_size, body_size = FRAME.unpack(start)
        head = self._read(head_size)
        body = self._read(body_size)
        if head is None or body is None:
            return None
        return pickle.loads(head), body  # noqa: S301  from our parent

    def _read(self, size: int) -> bytes | None:
        data = bytearray(size)
        view = memoryview(data)
        while view:
            count = self._channel.recv_into(view)
            if not count:
                return None
            view = view[count:]
        return bytes(data)

    def _send(self, pieces: list[Piece]) -> None:
        for piece in pieces:
            self._channel.sendall(piece)


_DEEPEST: Final = 2
_LARGEST_ERROR: Final = 1 << 20
_LARGE: Final = 1 << 20


def _is_installed(name: str) -> bool:
    if any(part.startswith("_") for part in name.split(".")):
        return False
    origin = getattr(getattr(sys.modules.get(name), "__spec__", None), "origin", None)
    return isinstance(origin, str) and (origin == "built-in" or origin.startswith(_INSTALLED))


_INSTALLED: Final = tuple(
    path + os.sep
    for key, path in sysconfig.get_paths().items()
    if key in {"stdlib", "platstdlib", "purelib", "platlib"}
)


def _pack_value(value: Any) -> tuple[list[Piece], tuple[int, ...]]:
    """The value's pieces and their layout.

    Large bytes go as they are, the buffers of arrays beside the pickle: neither is copied. The C
    pickler is tried first; functions and classes of a notebook need cloudpickle.
    """
    if type(value) is bytes and len(value) >= _LARGE:
        return [value], RAW
    buffers: list[memoryview] = []

    def keep(buffer: pickle.PickleBuffer) -> bool:
        view = buffer.raw()
        if len(view) < _LARGE:
            return True  # small ones stay in the pickle
        buffers.append(view)
        return False

    try:
        packed = pickle.dumps(value, pickle.HIGHEST_PROTOCOL, buffer_callback=keep)
    except Exception:
        buffers.clear()
        packed = cloudpickle.dumps(value)
    if not buffers:
        return [packed], ()
    return [packed, *buffers], (len(packed), *map(len, buffers))


class _TooLargeError(Exception):
    """A return value over the limit; says all there is to say."""


def _check_size(body: list[Piece], task_name: str, largest: int) -> None:
    size = sum(len(piece) for piece in body)
    if size > largest:
        msg = (
            f"task {task_name!r} returned {size:,} bytes from its process, the limit max_return_size "
            f"is {largest:,}: write the result to a file and return its path"
        )
        raise _TooLargeError(msg)


def _pack_error(error: BaseException) -> bytes:
    error = error.with_traceback(None)
    try:
        body = pickle.dumps(error, pickle.HIGHEST_PROTOCOL)
    except Exception:
        body = cloudpickle.dumps(error)
    pickle.loads(body)  # noqa: S301  our own object: many exceptions can be pickled but not unpickled
    return body if len(body) <= _LARGEST_ERROR else b""


def _refused(outcome: Outcome, task_name: str, error: BaseException) -> Outcome:
    kind = type(outcome.value)
    where = f"{kind.__module__}.{kind.__qualname__}".removeprefix("builtins.")
    if isinstance(error, _TooLargeError):
        text = str(error)
    else:
        text = (
            f"task {task_name!r} returned {where}, which can't travel from its process "
            f"({exception_message(error)}): return plain data or a file's path, or use execution='thread'"
        )
    return Outcome(outcome.run_id, Action.FAIL, exc_text=text + "\n", reason=text)


# The process


def become_worker(channel: int, stdout: int, stderr: int) -> socket.socket:
    """Make the calling process a worker: own session, own streams, no terminal."""
    with contextlib.suppress(PermissionError):  # a spawned one has its session already
        os.setsid()
    null = os.open(os.devnull, os.O_RDWR)
    for source, target in ((null, 0), (stdout, 1), (stderr, 2)):
        os.dup2(source, target)
    for descriptor in {null, stdout, stderr} - {0, 1, 2}:
        os.close(descriptor)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115  lives as long as the process
    sys.stdout = _stream(1)
    sys.stderr = _stream(2)
    for name in ("stdin", "stdout", "stderr"):
        setattr(sys, f"__{name}__", getattr(sys, name))
    with contextlib.suppress(Exception):
        faulthandler.enable(all_threads=False)
    return socket.socket(fileno=channel)


def _stream(descriptor: int) -> io.TextIOWrapper:
    raw = io.FileIO(descriptor, "w", closefd=False)
    return io.TextIOWrapper(
        io.BufferedWriter(raw, 65_536),
        encoding="utf-8",
        errors="backslashreplace",
        newline="\n",
        line_buffering=True,
    )


def forget_parent() -> None:
    """Drop what a forked process must not share with the one it was forked from."""
    atexit._clear()  # noqa: SLF001  as multiprocessing does after a fork
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None:  # Python reseeds its own generator after a fork, numpy does not
        seed: Callable[[], None] = numpy_random.seed
        seed()


def _end_own_group() -> None:
    os.killpg(0, signal.SIGKILL)


def main(channel: int, stdout: int, stderr: int) -> None:
    """Entry of a spawned worker."""
    live(become_worker(channel, stdout, stderr))
