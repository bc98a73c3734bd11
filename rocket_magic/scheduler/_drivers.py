"""Floor 7: who drives the engine, and how waiting is done.

* `drive` blocks the calling thread (a notebook's scheduler thread, or `run()`).
* `drive_async` runs on the caller's event loop (`serve()`).
* `drive_until` blocks the calling thread until the clock has reached an instant and all is quiet.

Async runs live on an event loop of the scheduler's own that is turned only while they are in flight.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Coroutine, Iterator
from typing import TYPE_CHECKING, Any

from rocket_magic._lazy import LazyModule
from rocket_magic.clock import VirtualClock
from rocket_magic.exc import ClockError
from rocket_magic.instants import NEVER, Instant
from rocket_magic.scheduler._board import Board, Phase
from rocket_magic.scheduler._engine import Engine

if TYPE_CHECKING:
    import asyncio
else:
    asyncio = LazyModule("asyncio")

_YIELD = 0.0
_RETRY_CLOCK = 0.1
"""Seconds between two looks at a `time_func` that fails."""


class Driver:
    """Drives one engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.board: Board = engine.board
        self._loop: asyncio.AbstractEventLoop | None = None
        self._foreign = False
        self._turning = False
        self._inline: list[asyncio.Task[Any]] = []
        self._arrivals: list[tuple[Instant, threading.Event]] = []

    # The event loop of async runs

    def loop(self) -> asyncio.AbstractEventLoop:
        """The event loop that async runs live on; made when the first of them starts."""
        if self._loop is None or self._loop.is_closed():
            self._loop = asyncio.new_event_loop()
        return self._loop

    def run_inline(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        """Run the coroutine of a `main` task before the scheduler does anything else."""
        if self._turning:
            self._inline.append(self.loop().create_task(coroutine))
        else:
            self.loop().run_until_complete(coroutine)

    def close_loop(self) -> None:
        """Close the event loop, unless it is the caller's."""
        if self._loop is not None and not self._foreign and not self._loop.is_closed():
            pending = asyncio.all_tasks(self._loop)
            for task in pending:
                task.cancel()
            if pending:
                self._loop.run_until_complete(asyncio.gather(*pending, return_exceptions=True))
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.close()
        self._loop = None

    # Driving

    def drive(self) -> None:
        """Step and wait until the scheduler has stopped."""
        self._drive_while(lambda: self.engine.alive)

    def drive_until(self, target: Instant, wanted: Callable[[], bool]) -> None:
        """Step and wait until a virtual clock stands at `target` with nothing left to do there.

        Args:
            target: The instant.
            wanted: Asked between two steps: whether to go on.
        """
        self._drive_while(lambda: self.engine.alive and wanted() and not self._arrived(target))

    def _drive_while(self, go_on: Callable[[], bool]) -> None:
        board = self.board
        board.owner = threading.current_thread()
        try:
            while go_on():
                until = self.engine.step()
                if not go_on():
                    return
                if self._loop is not None and (board.n_async or asyncio.all_tasks(self._loop)):
                    # Also when only tasks are left that a run has made: they go on while we wait.
                    self._loop.run_until_complete(self._turn(until, go_on))
                else:
                    self._wait(until)
        finally:
            board.owner = None
            self._release_arrivals(everybody=True)

    async def _turn(self, until: Instant, go_on: Callable[[], bool]) -> None:
        """Wait and step on our event loop while async runs are in flight."""
        self._turning = True
        try:
            await self._wait_async(until)
            while self.board.n_async and go_on():
                until = self.engine.step()
                await self._end_inline()
                if go_on():
                    await self._wait_async(until)
        finally:
            self._turning = False

    async def _end_inline(self) -> bool:
        """Await the coroutines of `main` runs that this step has started; whether there were any."""
        waiting = bool(self._inline)
        if waiting:
            await asyncio.gather(*self._inline)
            self._inline.clear()
        return waiting

    async def drive_async(self) -> None:
        """Step and wait on the running event loop until the scheduler has stopped."""
        board = self.board
        board.owner = threading.current_thread()
        self._loop, self._foreign, self._turning = asyncio.get_running_loop(), True, True
        try:
            while self.engine.alive:
                until = self.engine.step()
                if not await self._end_inline() and self.engine.alive:
                    await self._wait_async(until)
        finally:
            board.owner = None
            self._loop, self._foreign, self._turning = None, False, False
            self._release_arrivals(everybody=True)

    # Waiting

    def _wait(self, until: Instant) -> None:
        board = self.board
        inbox = board.inbox
        known = inbox.n_outcomes  # read before the question: what comes in between must not be missed
        if until <= board.now and not self.engine.waits_for_wakers():
            return
        still = self._must_stand_still()
        if until <= board.now and not still:
            return
        if not inbox.announce_wait(known if still else 0):
            return
        try:
            if still:
                inbox.alarm.wait(None)
            else:
                self._release_arrivals(everybody=False)
                board.session.clock.wait(inbox.alarm, until, board.session.config.cycle_sleep)
        except ClockError:  # the next step tells of it
            inbox.alarm.wait(_RETRY_CLOCK)
        finally:
            inbox.waited()

    async def _wait_async(self, until: Instant) -> None:
        board = self.board
        inbox = board.inbox
        known = inbox.n_outcomes
        at_once = until <= board.now and not self.engine.waits_for_wakers()
        still = self._must_stand_still()
        if at_once or (until <= board.now and not still) or not inbox.announce_wait(known if still else 0):
            await asyncio.sleep(_YIELD)  # let the async runs have their turn
            return
        try:
            if still:
                await inbox.alarm.wait_async(None)
            else:
                self._release_arrivals(everybody=False)
                await board.session.clock.wait_async(inbox.alarm, until, board.session.config.cycle_sleep)
        except ClockError:
            await inbox.alarm.wait_async(_RETRY_CLOCK)
        finally:
            inbox.waited()

    def _must_stand_still(self) -> bool:
        """Whether a virtual clock may not move on, since runs are in flight."""
        board = self.board
        clock = board.session.clock
        if not isinstance(clock, VirtualClock) or not board.patient:
            return False
        clock.attach(board.inbox.alarm)  # before asking: a run that goes to sleep now must wake us
        return not self.engine.ender.quiet()

    # Arriving

    def _arrived(self, target: Instant) -> bool:
        board = self.board
        clock = board.session.clock
        if not isinstance(clock, VirtualClock):
            return True
        if board.inbox or clock.now() < target or board.phase is Phase.STARTING:
            return False
        if board.phase is Phase.STOPPING or board.settled != clock.now():
            return False
        if board.patient and not self.engine.ender.quiet():
            return False
        return board.next_look() > board.now and clock.next_wake() > clock.now()

    @contextlib.contextmanager
    def awaiting_arrival(self, target: Instant) -> Iterator[threading.Event]:
        """An event that is set when the clock stands at `target` with nothing left to do there.

        For threads other than the driving one.
        """
        event = threading.Event()
        arrival = (target, event)
        self.board.inbox.post(lambda: self._arrivals.append(arrival))
        try:
            yield event
        finally:  # also when the person was tired of waiting
            self.board.inbox.post(lambda: self._withdraw(arrival))

    def _withdraw(self, arrival: tuple[Instant, threading.Event]) -> None:
        if arrival in self._arrivals:
            self._arrivals.remove(arrival)

    def _release_arrivals(self, *, everybody: bool) -> None:
        if not self._arrivals:
            return
        for target, event in list(self._arrivals):
            if everybody or self._arrived(target):
                self._arrivals.remove((target, event))
                event.set()

    def next_event(self) -> Instant:
        """The next instant at which something happens by itself, or `NEVER`."""
        clock = self.board.session.clock
        wake = clock.next_wake() if isinstance(clock, VirtualClock) else NEVER
        return min(self.board.next_look(), wake)
