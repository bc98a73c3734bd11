"""Floor 4: the worker's side of a process run. Runs in a process of its own, forked or spawned.

Its only thread takes an order from a pipe, runs it and sends the outcome. SIGTERM asks the run to
end: it sets the flag, and raises in the task's code unless the task has taken the flag to look at it
itself.
"""

from __future__ import annotations

import atexit
import contextlib
import importlib
import os
import signal
import sys
import threading
from collections.abc import Coroutine
from types import FrameType
from typing import TYPE_CHECKING, Any, Final

import cloudpickle

from rocket_magic._lazy import LazyModule
from rocket_magic._protocols import Action
from rocket_magic.args import current_run
from rocket_magic.clock import Clock, SystemClock, VirtualClock
from rocket_magic.execution._base import Outcome
from rocket_magic.execution._failure import exception_text
from rocket_magic.execution._forked import end_if_forked, keep_from_children
from rocket_magic.execution._outcome import outcome_of_error
from rocket_magic.execution.process._becoming import become_worker, flush, is_read, make_streams, set_handler
from rocket_magic.execution.process._codes import Codes
from rocket_magic.execution.process._distant_clock import Distant, DistantClock
from rocket_magic.execution.process._group import has_children
from rocket_magic.execution.process._main_module import call_in_main
from rocket_magic.execution.process._modules import NewModules
from rocket_magic.execution.process._order_pipe import OrderPipe
from rocket_magic.execution.process._place import Place
from rocket_magic.execution.process._record_sender import RecordSender
from rocket_magic.execution.process._returning import pack_answer
from rocket_magic.execution.process._run_in_worker import (
    EndRunError,
    RunInWorker,
    StandingClock,
    await_cancellable,
    on_unraisable,
)
from rocket_magic.execution.process._wire import SMALL, pack_frame
from rocket_magic.instants import Instant

if TYPE_CHECKING:
    import asyncio
else:
    asyncio = LazyModule("asyncio")

__all__ = ["ENDED", "live", "main", "practice_order", "rehearse"]

_CLOCK: Final = SystemClock()
_REHEARSALS: Final = 20
"""After so many calls the interpreter has nothing left to learn about a function."""

ENDED: Final = 143
"""Exit code of a worker that was asked to end: its group is ended with it."""


def main(orders: int, answers: int, stdout: int, stderr: int, lifeline: int, records: int) -> None:
    """Entry of a spawned worker."""
    make_streams()
    become_worker(stdout, stderr, lifeline)
    live(orders, answers, RecordSender(records))


def practice_order() -> bytes:
    """An order's body that does nothing, for workers that are made ahead to practise on."""
    body: bytes = cloudpickle.dumps((lambda: None, None))
    return body


def live(
    orders: int, answers: int, records: RecordSender, practice: bytes = b"", codes: Codes | None = None
) -> None:
    """Serve orders until there are no more; never returns.

    Args:
        orders: Descriptor that orders come from.
        answers: Descriptor that their outcomes go to.
        records: What sends log records.
        practice: A run to go through while none is there; none where it is empty.
        codes: Code of the user's files that is known already.
    """
    code = 1
    try:
        worker = _Worker(orders, answers, records, codes)
        set_handler(signal.SIGTERM, worker.on_sigterm)
        keep_from_children(signal.SIGTERM, worker.on_sigterm)
        sys.unraisablehook = on_unraisable
        code = worker.serve(practice)
    except EndRunError:
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


def _finished(value: Any, env: RunInWorker) -> Any:
    """The value of a run; a coroutine is awaited for it."""
    return asyncio.run(await_cancellable(env, value)) if isinstance(value, Coroutine) else value


class _Worker:
    def __init__(self, orders: int, answers: int, records: RecordSender, codes: Codes | None = None) -> None:
        self._pid = os.getpid()
        self._pipe = OrderPipe(orders, answers)
        self._records = records
        self._codes = codes
        self._env: RunInWorker | None = None
        self._asked = False
        self._speaking = threading.Lock()
        self._modules = NewModules()
        self._place = Place()

    def on_sigterm(self, _number: int, _frame: FrameType | None) -> None:
        self._asked = True
        env = self._env
        if env is None:
            return
        env.asked.set("terminated")
        if not env.flag_taken:
            with contextlib.suppress(RuntimeError):  # its loop is closed
                env.cancel()
            raise EndRunError

    def serve(self, practice: bytes = b"") -> int:
        """Serve orders; the exit code."""
        if practice and not self._pipe.has_order():
            self._practise(practice)
        while True:
            order = self._pipe.receive()
            if order is None:
                return 0
            (run_id, task_name, number, place, layout, largest, reuse), body = order
            if reuse:
                self._place.remember()
            self._place.settle_in(place)
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
            self._pipe.send(frame)
            if ended:
                return ENDED
            if not reuse:
                return 0

    def _practise(self, body: bytes) -> None:
        """Go through a run's motions while there is time: after a fork, the first touch copies a page."""
        with contextlib.suppress(ImportError):  # the package is being replaced
            importlib.import_module("rocket_magic.execution.process._practice")
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

    def _run(self, run_id: str, task_name: str, body: bytes) -> Outcome:
        env = RunInWorker(run_id, task_name, _CLOCK)
        try:
            try:
                self._env = env
                if self._asked:
                    raise EndRunError
                value = self._call(env, body)
            finally:
                self._env = None
        except EndRunError as error:
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

    def _call(self, env: RunInWorker, body: bytes) -> Any:
        call, clock = cloudpickle.loads(body)
        if clock is not None:
            env.clock = self._clock_of(clock)
        token = current_run.set(env)  # type: ignore[arg-type]  # the same attributes; it notes who takes the flag
        try:
            return call_in_main(call, lambda value: _finished(value, env))
        finally:
            current_run.reset(token)

    def _clock_of(self, given: Clock | Distant) -> Any:
        """What stands for the session's clock here."""
        if isinstance(given, Distant):
            return DistantClock(given.clock, self._sleep)
        return StandingClock(given) if isinstance(given, VirtualClock) else given

    def _sleep(self, seconds: float) -> Instant:
        """Have the scheduler's process put us to sleep on its clock; the instant of waking."""
        with self._speaking:
            flush()
            self._pipe.send(pack_frame((float(seconds),)))
            word = self._pipe.receive()
        if word is None:  # the scheduler is gone
            raise EndRunError
        instant: Instant = word[0][0]
        return instant
