"""Floor 4: the worker's side of a process run. Runs in a process of its own, forked or spawned.

Its only thread takes an order from a pipe, runs it and sends the outcome. SIGTERM asks the run to
end: it sets the flag, and raises in the task's code unless the task has taken the flag to look at it
itself.
"""

from __future__ import annotations

import _thread
import atexit
import contextlib
import importlib
import os
import select
import signal
import sys
import threading
from collections.abc import Callable, Coroutine
from datetime import timedelta
from types import FrameType
from typing import TYPE_CHECKING, Any, Final

import cloudpickle

from rocket_magic._lazy import LazyModule
from rocket_magic._protocols import Action
from rocket_magic.args import current_run
from rocket_magic.clock import Clock, SystemClock, VirtualClock
from rocket_magic.execution._base import Flag, Outcome
from rocket_magic.execution._becoming import become_worker, flush, is_read, make_streams, set_handler
from rocket_magic.execution._codes import Codes
from rocket_magic.execution._distant_clock import Distant, DistantClock
from rocket_magic.execution._failure import exception_text
from rocket_magic.execution._forked import end_if_forked, keep_from_children
from rocket_magic.execution._group import has_children
from rocket_magic.execution._main_module import main_of
from rocket_magic.execution._modules import NewModules
from rocket_magic.execution._outcome import outcome_of_error
from rocket_magic.execution._record_sender import RecordSender
from rocket_magic.execution._returning import pack_answer
from rocket_magic.execution._wire import FRAME, SMALL, Piece, pack_frame, unpack_frame
from rocket_magic.instants import Instant

if TYPE_CHECKING:
    import asyncio
else:
    asyncio = LazyModule("asyncio")

__all__ = ["ENDED", "live", "main", "practice_order", "rehearse"]

_CLOCK: Final = SystemClock()
_REHEARSALS: Final = 20
"""After so many calls the interpreter has nothing left to learn about a function."""

_DROPPED: Final = 0.001
"""Seconds until an end is asked for again that came where Python drops exceptions."""

ENDED: Final = 143
"""Exit code of a worker that was asked to end: its group is ended with it."""


def main(orders: int, answers: int, stdout: int, stderr: int, lifeline: int, records: int) -> None:
    """Entry of a spawned worker."""
    make_streams()
    become_worker(stdout, stderr, lifeline)
    live(orders, answers, records)


def practice_order() -> bytes:
    """An order's body that does nothing, for workers that are made ahead to practise on."""
    body: bytes = cloudpickle.dumps((lambda: None, None))
    return body


def live(orders: int, answers: int, records: int, practice: bytes = b"", codes: Codes | None = None) -> None:
    """Serve orders until there are no more; never returns.

    Args:
        orders: Descriptor that orders come from.
        answers: Descriptor that their outcomes go to.
        records: Descriptor that log records go to.
        practice: A run to go through while none is there; none where it is empty.
        codes: Code of the user's files that is known already.
    """
    code = 1
    try:
        worker = _Worker(orders, answers, RecordSender(records), codes)
        set_handler(signal.SIGTERM, worker.on_sigterm)
        keep_from_children(signal.SIGTERM, worker.on_sigterm)
        sys.unraisablehook = _on_unraisable
        code = worker.serve(practice)
    except _EndRunError:
        code = ENDED
    except BaseException as error:  # nobody is left to hear it but the stream of the last run
        with contextlib.suppress(Exception):
            sys.stderr.write(exception_text(error))
    finally:
        _leave(code)


def rehearse(body: bytes) -> None:
    """Serve a few orders in the fork server itself, before it forks.

    What Python and the system's loader settle on first use is settled then: later it would be in each
    worker, at the price of copying the pages concerned.
    """
    sender = RecordSender(-1)
    here: tuple[Any, ...] = None, None, {}, []
    order = b"".join(pack_frame(("", "", 0, here, sender.layout, len(body), False), body))
    pipe = os.pipe()
    for _ in range(_REHEARSALS):
        os.write(pipe[1], order)
        _Worker(*pipe, sender).serve()  # its answer stays in the pipe, and is read away
        os.read(pipe[0], SMALL)
    for descriptor in pipe:
        os.close(descriptor)


def _leave(code: int) -> None:
    """End without the interpreter's shutdown: threads of the task must not hold the process up."""
    with contextlib.suppress(BaseException):
        atexit._run_exitfuncs()  # noqa: SLF001  what os._exit would leave out
    flush()
    os._exit(code)


class _EndRunError(BaseException):
    """Raised in the task's code by SIGTERM; not an Exception, so that `except Exception` lets it through."""


def _on_unraisable(dropped: Any) -> None:
    """An end that is lost in a `__del__` or in the callback of a weak reference comes again."""
    if dropped.exc_type is _EndRunError:
        _thread.start_new_thread(_ask_again, ())
    else:
        sys.__unraisablehook__(dropped)


def _ask_again() -> None:
    _CLOCK.sleep(_DROPPED)  # the callback is left by then, or the end falls into it again
    os.kill(os.getpid(), signal.SIGTERM)


class _Env:
    """The current run in a worker; notes whether the task's code has taken the flag.

    Attributes:
        cancel: Cancels the run's coroutine, once it runs.
    """

    sink = None
    cancel: Callable[[], object] = staticmethod(lambda: None)

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


async def _cancellable(env: _Env, work: Coroutine[Any, Any, Any]) -> Any:
    """Await a run's coroutine. An end that is raised in another of its tasks would be that task's alone."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    if task is not None:
        env.cancel = lambda: loop.call_soon_threadsafe(task.cancel)
    return await work


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
    def __init__(self, orders: int, answers: int, records: RecordSender, codes: Codes | None = None) -> None:
        self._pid = os.getpid()
        self._orders = orders
        self._answers = answers
        self._records = records
        self._codes = codes
        self._env: _Env | None = None
        self._asked = False
        self._speaking = threading.Lock()
        self._modules = NewModules()
        self._place: tuple[Any, ...] | None = None
        self._before: tuple[dict[str, str], list[str]] | None = None

    def on_sigterm(self, _number: int, _frame: FrameType | None) -> None:
        self._asked = True
        env = self._env
        if env is None:
            return
        env.asked.set("terminated")
        if not env.flag_taken:
            with contextlib.suppress(RuntimeError):  # its loop is closed
                env.cancel()
            raise _EndRunError

    def serve(self, practice: bytes = b"") -> int:
        """Serve orders; the exit code."""
        if practice and not self._has_order():
            self._practise(practice)
        while True:
            order = self._receive()
            if order is None:
                return 0
            (run_id, task_name, number, place, layout, largest, reuse), body = order
            if reuse and self._before is None:
                self._before = dict(os.environ), list(sys.path)
            self._settle_in(place)
            self._records.begin(number, layout)
            outcome = self._run(run_id, task_name, body)
            del body, order
            flush()
            logged = self._records.end()
            ended = self._asked
            family = ended and has_children()
            modules = self._new_modules()
            frame = pack_answer(
                outcome, task_name, largest, modules, family=family, silent=is_read(), logged=logged
            )
            del outcome
            self._send(frame)
            if ended:
                return ENDED
            if not reuse:
                return 0

    def _has_order(self) -> bool:
        poll = select.poll()
        poll.register(self._orders, select.POLLIN)
        return bool(poll.poll(0))

    def _practise(self, body: bytes) -> None:
        """Go through a run's motions while there is time: after a fork, the first touch copies a page."""
        with contextlib.suppress(ImportError):  # the package is being replaced
            importlib.import_module("rocket_magic.execution._practice")
        self._modules = NewModules()
        if self._codes is not None:
            self._codes.missed.clear()
        outcome = self._run("", "", body)
        pack_answer(outcome, "", len(body), (), family=False, silent=is_read(), logged=False)

    def _new_modules(self) -> list[str]:
        """What was imported: names of installed modules, paths of the user's own."""
        modules = self._modules.take()
        if self._codes is not None and self._codes.missed:
            modules += self._codes.take_missed()
        return modules

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
        if changed:
            os.environ.update(changed)
        for name in removed:
            os.environ.pop(name, None)

    def _run(self, run_id: str, task_name: str, body: bytes) -> Outcome:
        env = _Env(run_id, task_name, _CLOCK)
        try:
            try:
                self._env = env
                if self._asked:
                    raise _EndRunError
                value = self._call(env, body)
            finally:
                self._env = None
        except _EndRunError as error:
            end_if_forked(self._pid, SystemExit(ENDED))
            return Outcome(run_id, Action.TERMINATE, exc=error)
        except BaseException as error:
            end_if_forked(self._pid, error)
            if self._asked and not env.flag_taken:
                # The task turned the end it was asked for into an error of its own.
                return Outcome(run_id, Action.TERMINATE, exc=error)
            return outcome_of_error(run_id, error, env.asked)
        end_if_forked(self._pid)
        return Outcome(run_id, Action.SUCCESS, value)

    def _call(self, env: _Env, body: bytes) -> Any:
        call, clock = cloudpickle.loads(body)
        if clock is not None:
            env.clock = self._clock_of(clock)
        token = current_run.set(env)  # type: ignore[arg-type]  # the same attributes; it notes who takes the flag
        try:
            with main_of(call):
                value = call()
                if isinstance(value, Coroutine):
                    return asyncio.run(_cancellable(env, value))
                return value
        finally:
            current_run.reset(token)

    def _clock_of(self, given: Clock | Distant) -> Any:
        """What stands for the session's clock here."""
        if isinstance(given, Distant):
            return DistantClock(given.clock, self._sleep)
        return _StandingClock(given) if isinstance(given, VirtualClock) else given

    def _sleep(self, seconds: float) -> Instant:
        """Have the scheduler's process put us to sleep on its clock; the instant of waking."""
        with self._speaking:
            flush()
            self._send(pack_frame((float(seconds),)))
            word = self._receive()
        if word is None:  # the scheduler is gone
            raise _EndRunError
        instant: Instant = word[0][0]
        return instant

    # Orders and answers

    def _receive(self) -> tuple[tuple[Any, ...], bytes] | None:
        """The next order; None when there will be none."""
        data = os.read(self._orders, SMALL)
        if not data:
            return None
        return unpack_frame(data) or self._receive_rest(data)

    def _receive_rest(self, data: bytes) -> tuple[tuple[Any, ...], bytes] | None:
        start = self._read(data, FRAME.size)
        if start is None:
            return None
        head_size, body_size = FRAME.unpack_from(start)
        frame = self._read(start, FRAME.size + head_size + body_size)
        return None if frame is None else unpack_frame(frame)

    def _read(self, begun: bytes, size: int) -> bytes | None:
        """`begun` and what follows, at least `size` bytes."""
        if len(begun) >= size:
            return begun
        data = bytearray(size)
        data[: len(begun)] = begun
        view = memoryview(data)[len(begun) :]
        while view:
            count = os.readv(self._orders, [view])
            if not count:
                return None
            view = view[count:]
        return bytes(data)

    def _send(self, pieces: list[Piece]) -> None:
        for piece in pieces:
            sent = os.write(self._answers, piece)
            while sent < len(piece):
                sent += os.write(self._answers, memoryview(piece)[sent:])
