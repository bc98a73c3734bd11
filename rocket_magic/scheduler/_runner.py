"""Floor 7: the runner. It gives one session's engine a thread to live on and takes what others ask.

Every public method may be called from any thread. What touches the scheduler's state is posted to the
inbox, or done at once when the scheduler isn't alive or the caller is its own thread.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Protocol

from rocket_magic._lazy import LazyModule
from rocket_magic._protocols import EventKind, Explanation
from rocket_magic.args import ArgumentEnv, Parameters
from rocket_magic.clock import VirtualClock
from rocket_magic.exc import ClockError, TaskLoggingError
from rocket_magic.execution import ExecutionSettings, make_executors
from rocket_magic.instants import NEVER, Instant, from_timedelta, to_datetime
from rocket_magic.log import Record, Recovery
from rocket_magic.scheduler._board import Board, Owner, Phase
from rocket_magic.scheduler._circles import warn_of_circles
from rocket_magic.scheduler._drivers import Driver
from rocket_magic.scheduler._engine import Engine
from rocket_magic.scheduler._explaining import explain_task
from rocket_magic.scheduler._hooks import Bracket
from rocket_magic.scheduler._interrupts import MOST_PRESSES, hearing_signals, taking_interrupts
from rocket_magic.scheduler._missed import tell_missed
from rocket_magic.scheduler._restart import check_restart, restart_process
from rocket_magic.time import parse_duration

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
        self._configure_executors()
        self._thread: threading.Thread | None = None
        self._lifecycle = threading.RLock()
        self._log_opened: Any = None
        self._quitting = False

    def _configure_executors(self) -> None:
        config, settings = self.session.config, self._settings
        settings.grace = config.grace.total_seconds()
        settings.max_thread_count = config.max_thread_count
        settings.process_reuse = config.process_reuse
        settings.process_start_method = config.process_start_method

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
        self._open_log()
        self.engine.begin()
        tell_missed(self.board)

    def _after(self) -> bool:
        """After the scheduler stopped: whether it is to start again right here."""
        board = self.board
        again = board.restart_wanted and not self._quitting and board.fatal_error is None
        if again and self.session.config.restarting == "recall":
            return True
        board.executors.close()
        self.driver.close_loop()
        if board.force:  # a log that hangs must not hold it up
            self.session.log.flush(self.session.config.grace.total_seconds())
        else:
            self.session.log.flush()
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
            ready = threading.Event()

            def live() -> None:
                with contextlib.suppress(Exception):  # told in the state "crashed" and on rocketry.scheduler
                    try:
                        self._begin()
                    finally:
                        ready.set()
                    self.driver.drive()
                    while self._after():
                        self._begin()
                        self.driver.drive()

            self._thread = threading.Thread(target=live, name="rocket_magic scheduler", daemon=True)
            self._thread.start()
            ready.wait()

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
                self.driver.drive()
            self._after()
        return not self.engine.alive

    @contextlib.contextmanager
    def _released_clock(self) -> Iterator[None]:
        """Let a virtual clock move on while the scheduler shuts down: runs may sleep on it."""
        clock = self.session.clock
        if not isinstance(clock, VirtualClock):
            yield
            return
        if self.board.owner is not None:
            self._ask(lambda: None)  # now it has seen the request: nothing new starts as the clock moves
        clock.allow(NEVER - 1)
        try:
            yield
        finally:
            clock.allow(clock.now())

    def restart(self) -> None:
        """Restart when the runs in flight have ended."""
        check_restart(self.session.config.restarting)
        self.board.restart_wanted = True
        self.board.inbox.post(lambda: None)

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
                self.engine.step()
                self.engine.step()
            finally:
                board.owner = None
            board.stop_wanted = True
            self._drive_interruptibly()

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
        """Run a task on the calling thread, outside the schedule."""
        env = ArgumentEnv(session=self.session, task=task, run=None)
        value = task.make_call(batch, env, "pre")()
        if asyncio.iscoroutine(value):
            value = asyncio.run(value)
        self.session.returns[task] = value
        return value

    # What others ask

    def _do(self, command: Callable[[], None]) -> None:
        """Have something done on the scheduler's thread, or here when there is none."""
        if self.board.owner is None and not self.engine.alive:
            command()
        else:
            self.board.inbox.post(command)

    def _ask(self, command: Callable[[], None]) -> None:
        """Have something done on the scheduler's thread and wait for it; errors come back."""
        owner = self.board.owner
        if owner is None or owner is threading.current_thread():
            command()
            return
        done: Future[None] = Future()

        def do() -> None:
            try:
                command()
            except BaseException as error:
                done.set_exception(error)
            else:
                done.set_result(None)

        self.board.inbox.post(do)
        done.result()

    def enlist(self, task: Task, replaced: Task | None) -> None:
        """Care for a new task; the one it replaces hands its runs in flight over."""
        board = self.board

        def do() -> None:
            if replaced is not None:
                self.engine.looker.forget(replaced)
                replaced.successor = task
                task.runs = replaced.runs
                for batch in replaced.batches:
                    task.batches.append(batch)
            if self.engine.alive:
                self.engine.looker.enlist(task)
                warn_of_circles(board, [task])
            if replaced is None:
                board.happened(EventKind.TASKS_CHANGED)
                board.happened(EventKind.TASKS_CHANGED, task.name)

        if self.engine.alive or replaced is not None:
            self._do(do)
        board.publish("task", task.name)

    def forget(self, task: Task) -> None:
        """Stop caring for a task that was removed."""

        def do() -> None:
            task.removed = True
            self.engine.looker.forget(task)
            self.board.happened(EventKind.TASKS_CHANGED)
            self.board.happened(EventKind.TASKS_CHANGED, task.name)

        self._do(do)
        self.board.publish("task", task.name)

    def tasks_changed(self, old: str, new: str) -> None:
        """A task was renamed."""

        def do() -> None:
            for task in self.session.task_list():
                if task.name == new:
                    self.engine.looker.enlist(task)
            for name in (None, old, new):
                self.board.happened(EventKind.TASKS_CHANGED, name)

        if self.engine.alive:
            self._do(do)
        self.board.publish("task", old)
        self.board.publish("task", new)

    def changed(self, task: Task, field: str) -> None:
        """A field of a task was set."""
        if field in ("start_cond", "end_cond"):
            self._do(lambda: self.engine.looker.enlist(task) if self.engine.alive else None)
        elif self.engine.alive:
            self._do(lambda: self.board.touch(task))
        self.board.publish("task", task.name)

    def queue(self, task: Task, batch: Parameters) -> None:
        """Queue one run by hand."""
        task.check_batch(batch)

        def do() -> None:
            task.batches.append(batch)
            if self.engine.alive:
                self.board.touch(task)

        self._do(do)
        self.board.publish("task", task.name)

    def terminate(self, task: Task, reason: str) -> None:
        """Ask the runs in flight of a task to end."""
        self._do(lambda: self.engine.ender.end_runs(task, reason))

    def config_changed(self, name: str) -> None:
        """An option was set: it takes effect at the next wake-up."""
        self._configure_executors()

        def do() -> None:
            if name == "shut_cond":
                self.engine.read_shut_cond()
            if name in ("timezone", "on_overlap", "multilaunch", "execution", "max_process_count"):
                for task in self.session.task_list():
                    self.board.touch(task)
            self.board.happened(EventKind.CONFIG_CHANGED)

        if self.engine.alive:
            self._do(do)
        self.board.publish("config")

    def parameters_changed(self) -> None:
        """Session parameters were set."""
        if self.engine.alive:
            self._do(lambda: self.board.happened(EventKind.PARAMETERS_CHANGED))

    def call_init_hooks(self, task: Task) -> None:
        """Call the hooks for a new task."""
        session = self.session
        bracket = Bracket(
            session.hooks.task_init,
            lambda hook, given: session.call(hook, task, given),
            {"task": task, "session": session},
        )
        bracket.open()
        for error in bracket.close():
            raise error

    def explain(self, task: Task, at: Instant | None = None) -> Explanation:
        """Why a task runs or doesn't, with everything that holds it; earlier, as far as the log tells."""
        return explain_task(self.board, self.session, task, at)

    # Log

    def set_repo(self, repo: Any, *, delete_existing: bool) -> None:
        """Keep the log elsewhere; what it says of our tasks is taken over."""

        def do() -> None:
            self.session.log.set_repo(repo, delete_existing)
            self._log_opened = None
            if self.engine.alive:
                self._open_log()
                for task in self.session.task_list():
                    self.board.touch(task)

        self._ask(do)
        self.board.publish("state")

    def _open_log(self) -> None:
        """Take over what an existing log says, once for each log."""
        log = self.session.log
        if self._log_opened is log:
            return
        self._log_opened = log
        log.on_error = self._log_error
        self.board.read_clock()
        names = [task.name for task in self.session.task_list()]
        self._recover(log.open(names, self.board.now))

    def _recover(self, recovery: Recovery) -> None:
        """Start interrupted runs again (rule D1), but not for ever."""
        board, config = self.board, self.session.config
        for text in recovery.repaired:
            board.scheduler_log.warning("The task log was repaired: %s", text)
        for name in recovery.interrupted:
            board.scheduler_log.warning("A run of task %r was cut off by the scheduler's death", name)
        for name, in_a_row in recovery.interrupted_in_a_row.items():
            task = self.session.find_task(name)
            if task is None:
                continue
            rerun = config.rerun_interrupted if task.rerun_interrupted is None else task.rerun_interrupted
            if in_a_row >= _MOST_INTERRUPTED:
                task.barred = (
                    f"its last {in_a_row} runs were cut off by the scheduler's death; "
                    "run it by hand once it is safe"
                )
                board.scheduler_log.error("Task %r is not started again by itself: %s", name, task.barred)
            elif rerun:
                self._resume(task)
            else:
                self.session.log.use_up_interrupted(name)

    def _resume(self, task: Task) -> None:
        """Make the run again that was cut off, now or before an earlier start that came to nothing."""
        cut_off = self.session.log.recent_runs(task.name, 1)
        if cut_off:
            self.engine.starter.resumed[task] = cut_off[-1]
        if not (task.on_startup or task.on_shutdown):  # those start by themselves
            task.queued_starts = 1

    def _log_error(self, error: BaseException, records: Sequence[Record]) -> None:
        """The log tells of a failure, at most once a minute while it lasts; from its writer's thread."""
        if isinstance(error, TaskLoggingError) and not self.session.config.silence_task_logging:
            return  # it stops the scheduler, which tells of it
        what = f"{len(records)} record(s) are not in the task log" if records else "a logging handler failed"
        text = f"{what}: {type(error).__name__}: {error}"
        if self.engine.alive:
            self.board.inbox.post(lambda: self.board.silence(text, error))
        else:
            self.board.silence(text, error)

    # Time travel

    def step(self, span: Any, *, to_next: bool, until: Any, patient: bool) -> Instant:
        """Move a virtual clock on and carry out what is due on the way."""
        clock = self.session.clock
        if not isinstance(clock, VirtualClock):
            msg = "only a session on a VirtualClock can be stepped; set time_func=VirtualClock(...) first"
            raise ClockError(msg)
        if self.board.owner is None and not self.engine.alive:
            self._begin()
        if self.board.owner is not None and self.board.owner is threading.current_thread():
            msg = "a task can't step the clock of its own scheduler"
            raise ClockError(msg)
        self._travel(clock, clock.now(), patient=patient)  # what is due here, so that the next is known
        target = self._target(clock, span, to_next=to_next, until=until)
        self._travel(clock, target, patient=patient)
        return clock.now()

    def _target(self, clock: VirtualClock, span: Any, *, to_next: bool, until: Any) -> Instant:
        if to_next:
            at = self.driver.next_event()
            return clock.now() if at >= NEVER - 1 else at
        if until is not None:
            return max(clock.instant(until), clock.now())
        if isinstance(span, timedelta):
            return clock.now() + from_timedelta(span)
        return clock.now() + parse_duration(span, "step")

    def _travel(self, clock: VirtualClock, target: Instant, *, patient: bool) -> None:
        if target < clock.now():
            msg = f"can't step back: the clock stands at {to_datetime(clock.now(), clock.tz)}"
            raise ClockError(msg)
        self.board.patient = patient
        clock.allow(target)
        try:
            if self.board.owner is None:
                self._drive_until(target)
            else:
                with self.driver.awaiting_arrival(target) as event:
                    while not event.wait(1.0) and self.engine.alive:
                        pass
        finally:
            clock.allow(clock.now())
            self.board.patient = True

    def _drive_until(self, target: Instant) -> None:
        """Step on this thread; Ctrl-C ends that at the present instant, and the session can be stepped on."""
        pressed: list[int] = []

        def press(number: int) -> None:
            pressed.append(number)
            self.board.inbox.post(lambda: None)  # wakes the driver

        with taking_interrupts(press, raise_from=1):
            self.driver.drive_until(target, lambda: not pressed)
        if pressed:
            raise KeyboardInterrupt


_MOST_INTERRUPTED = 3


def _loop_is_running() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
