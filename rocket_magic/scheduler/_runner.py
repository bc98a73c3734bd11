"""Floor 7: the runner. It gives one session's engine a thread to live on, from startup to its end.

Every public method may be called from any thread. What others ask meanwhile goes over the desk.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, Protocol

from rocket_magic._lazy import LazyModule
from rocket_magic.args import Parameters
from rocket_magic.clock import VirtualClock
from rocket_magic.execution import ExecutionSettings, make_executors
from rocket_magic.instants import NEVER, Instant
from rocket_magic.scheduler._board import Board, Owner, Phase
from rocket_magic.scheduler._desk import Desk
from rocket_magic.scheduler._direct import DirectCaller
from rocket_magic.scheduler._drivers import Driver
from rocket_magic.scheduler._engine import Engine
from rocket_magic.scheduler._interrupts import MOST_PRESSES, hearing_signals, taking_interrupts
from rocket_magic.scheduler._log_keeping import LogKeeper
from rocket_magic.scheduler._missed import tell_missed
from rocket_magic.scheduler._restart import check_restart, restart_process
from rocket_magic.scheduler._stepping import Stepper

if TYPE_CHECKING:
    import asyncio
else:
    asyncio = LazyModule("asyncio")

if TYPE_CHECKING:
    from rocket_magic.tasks import Task


class RunnerOwner(Owner, Protocol):
    """The session, as the runner sees it."""

    def renew_clock(self) -> bool:
        """Take the clock from the config again; whether it is another one now."""
        ...


class Runner:
    """Runs one session's scheduler, on whatever thread it is given.

    Args:
        session: The session.
    """

    def __init__(self, session: RunnerOwner) -> None:
        self.session = session
        self._settings = ExecutionSettings()
        self.board = Board(session, make_executors(self._settings))
        self.engine = Engine(self.board)
        self.driver = Driver(self.engine)
        self._settings.loop = self.driver.loop
        self._settings.runner = self.driver.run_inline
        self._settings.warn = self._warn
        self.configure_executors()
        self.desk = Desk(self.engine)
        self.log_keeper = LogKeeper(self.engine)
        self._stepper = Stepper(self.driver)
        self._thread: threading.Thread | None = None
        self._lifecycle = threading.RLock()
        self._quitting = False

    def configure_executors(self) -> None:
        """Take over what the config says of runs."""
        config, settings = self.session.config, self._settings
        settings.grace = config.grace.total_seconds()
        settings.max_thread_count = config.max_thread_count
        settings.process_reuse = config.process_reuse
        settings.process_start_method = config.process_start_method
        settings.max_process_count = config.max_process_count
        settings.dask_cluster = config.dask_cluster

    def _warn(self, text: str) -> None:
        self.board.scheduler_log.warning(text)

    # Running

    def run(self) -> None:
        """Run on the calling thread until shut down; restarts as the config says.

        Raises:
            BaseException: The error that stopped the scheduler.
        """
        if _loop_is_running():
            # The caller's thread has an event loop (a notebook cell): ours needs a thread of its own.
            self.start_thread()
            self._join_interruptibly()
        else:
            self._live(self._drive_interruptibly)
        self._raise_fatal()

    def _live(self, drive: Callable[[], None]) -> None:
        self._quitting = False
        while True:
            self._begin()
            drive()
            if not self._after():
                return

    def _begin(self) -> None:
        if self.session.renew_clock():
            self.engine.clock_replaced()
        self.log_keeper.open()
        board = self.board
        board.restarts.started(self.session.config, restarted=board.restart_wanted, forced=board.force)
        self.engine.begin()
        tell_missed(board)

    def _after(self) -> bool:
        """After the scheduler stopped: whether it is to start again right here."""
        board = self.board
        again = board.restart_wanted and not self._quitting and board.fatal_error is None
        if again and self.session.config.restarting == "recall":
            return True
        board.executors.close()
        self.driver.close_loop()
        if board.force:  # a log that hangs must not hold it up
            self.session.log.rest(self.session.config.grace.total_seconds())
        else:
            self.session.log.rest()
        if again:
            self.session.log.close()
            restart_process(self.session.config.restarting)
        return False

    def _drive_interruptibly(self) -> None:
        """Drive; Ctrl-C shuts down gracefully, a second one by force, a third one is let through."""
        with (
            hearing_signals(self.board.inbox.alarm.ring),
            taking_interrupts(lambda press: self.shut_down(force=press > 1), raise_from=MOST_PRESSES),
        ):
            self.driver.drive()

    def _join_interruptibly(self) -> None:
        thread = self._thread
        while thread is not None and thread.is_alive():
            try:
                thread.join()
            except KeyboardInterrupt:
                self.shut_down(force=self.board.stop_wanted)

    def _raise_fatal(self) -> None:
        if self.board.fatal_error is not None:
            raise self.board.fatal_error

    async def serve(self) -> None:
        """Run on the running event loop until shut down; cancelling it shuts down gracefully."""
        self._quitting = False
        while True:
            self._begin()
            with taking_interrupts(lambda press: self.shut_down(force=press > 1), raise_from=MOST_PRESSES):
                await self._drive_on_loop()
            if not self._after():
                break
        self._raise_fatal()

    async def _drive_on_loop(self) -> None:
        driving = asyncio.ensure_future(self.driver.drive_async())
        try:
            await asyncio.shield(driving)
        except asyncio.CancelledError:
            self.shut_down(force=False)
            await driving
            self._after()
            raise

    def start_thread(self) -> None:
        """Run on a background thread; does nothing when the scheduler is alive already."""
        with self._lifecycle:
            if self.alive:
                return
            self._quitting = False
            ready: Future[None] = Future()
            self._thread = threading.Thread(
                target=self._live_on_thread, args=(ready,), name="rocket_magic scheduler", daemon=True
            )
            self._thread.start()
            ready.result()

    def _live_on_thread(self, ready: Future[None]) -> None:
        """Begin, tell the one who waits for it, and live; what ends it is told by the state "crashed"."""
        try:
            self._begin()
        except BaseException as error:
            ready.set_exception(error)
            return
        ready.set_result(None)
        try:
            self.driver.drive()
            while self._after():
                self._begin()
                self.driver.drive()
        except BaseException as error:
            self.engine.crash(error)

    @property
    def alive(self) -> bool:
        """Whether the scheduler is alive or its thread still is."""
        return self.engine.alive or (self._thread is not None and self._thread.is_alive())

    def shut_down(self, *, force: bool) -> None:
        """Ask for shutdown; a second request ends the runs in flight."""
        board = self.board
        self._quitting = True
        if not self.engine.alive:
            return
        again = board.stop_wanted or board.phase is Phase.STOPPING
        board.stop_wanted = True
        if force or again:
            board.inbox.post(self.engine.force)
        else:
            board.inbox.post(lambda: None)

    def stop(self, *, force: bool, wait: float | None) -> bool:
        """Shut down and wait for the end; whether it came in time."""
        if force or not (self._quitting and self.alive):
            self.shut_down(force=force)  # waiting for a shutdown that is under way must not hasten it
        thread = self._thread
        if thread is None or thread is threading.current_thread():
            return not self.engine.alive or self._stop_undriven()
        with self._released_clock():
            thread.join(wait)
        return not thread.is_alive()

    def _stop_undriven(self) -> bool:
        """Finish a scheduler that `step` left open: nobody drives it now."""
        if self.board.owner is None and self.engine.alive:
            with self._released_clock():
                self._drive_interruptibly()
            self._after()
        return not self.engine.alive

    def step(self, span: Any, *, to_next: bool, until: Any, patient: bool) -> Instant:
        """Move a virtual clock on and carry out what is due on the way.

        Raises:
            ClockError: The clock isn't virtual, or the step leads back.
        """
        self._stepper.virtual_clock()
        if self.board.owner is None and not self.engine.alive:
            self._begin()
        return self._stepper.step(span, to_next=to_next, until=until, patient=patient)

    def halt_step(self) -> None:
        """Let the step under way return where time stands; runs that it waits for go on."""
        self._stepper.halt()

    @contextlib.contextmanager
    def _released_clock(self) -> Iterator[None]:
        """Let a virtual clock move on while the scheduler shuts down: runs may sleep on it."""
        clock = self.session.clock
        if not isinstance(clock, VirtualClock):
            yield
            return
        if self.board.owner is not None:
            self.desk.ask(lambda: None)  # now it has seen the request: nothing new starts as the clock moves
        clock.allow(NEVER - 1)
        try:
            yield
        finally:
            clock.allow(clock.now())

    def restart(self, *, force: bool) -> None:
        """Restart when the runs in flight have ended, by themselves or by force."""
        check_restart(self.session.config.restarting)
        self.board.restart_wanted = True
        self.board.inbox.post(self.engine.force if force else lambda: None)

    def run_once(self, tasks: Sequence[Task], execution: str | None, *, obey_cond: bool) -> None:
        """Run some tasks once and nothing else."""
        board = self.board
        before = [(task, task.execution, task.disabled) for task in tasks]
        board.only = frozenset(tasks)
        for task in tasks:
            if execution is not None:
                task.execution = execution
            if not obey_cond:
                task.batches.append(Parameters())

        def drive() -> None:
            board.owner = threading.current_thread()
            try:
                self.engine.step()  # startup tasks, and one look at each task when there are none
                if board.n_cycles == 0:
                    self.engine.step()
                board.stop_wanted = True
                # still ours: what the log acknowledges meanwhile must not start on its writer's thread
                self._drive_interruptibly()
            finally:
                board.owner = None

        try:
            self._begin()
            drive()
            self._after()
        finally:
            board.only = None
            for task, mode, disabled in before:
                task.execution, task.disabled = mode, disabled
        self._raise_fatal()

    def run_alone(self, task: Task, batch: Parameters) -> Any:
        """Run a task on the calling thread, outside the schedule; the log has its records."""
        return DirectCaller(self.engine, self._open_log).call(task, batch)

    def _open_log(self) -> None:
        with self._lifecycle:
            if not self.alive:
                self.log_keeper.open()


def _loop_is_running() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
