"""Floor 7: stepping. Moves a virtual clock on and has what is due on the way carried out."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

from rocket_magic.clock import VirtualClock
from rocket_magic.exc import ClockError
from rocket_magic.instants import NEVER, Instant, from_timedelta, to_datetime
from rocket_magic.scheduler._drivers import Driver
from rocket_magic.scheduler._interrupts import taking_interrupts
from rocket_magic.time import parse_duration


class Stepper:
    """Steps one driver's scheduler, on this thread or on the one that drives it."""

    def __init__(self, driver: Driver) -> None:
        self.driver = driver
        self.engine = driver.engine
        self.board = driver.board
        self._halts = 0
        self._awaited: threading.Event | None = None

    def virtual_clock(self) -> VirtualClock:
        """The session's clock.

        Raises:
            ClockError: It can't be stepped.
        """
        clock = self.board.session.clock
        if not isinstance(clock, VirtualClock):
            msg = "only a session on a VirtualClock can be stepped; set time_func=VirtualClock(...) first"
            raise ClockError(msg)
        return clock

    def step(self, span: Any, *, to_next: bool, until: Any, patient: bool) -> Instant:
        """Move a virtual clock on and carry out what is due on the way."""
        clock = self.virtual_clock()
        if self.board.owner is not None and self.board.owner is threading.current_thread():
            msg = "a task can't step the clock of its own scheduler"
            raise ClockError(msg)
        halts = self._halts
        # what is due here, so that the next is known
        self._travel(clock, clock.now(), halts, patient=patient)
        target = self._target(clock, span, to_next=to_next, until=until)
        self._travel(clock, target, halts, patient=patient)
        return clock.now()

    def halt(self) -> None:
        """Let the step under way return where time stands; runs that it waits for go on. Any thread."""
        self._halts += 1
        awaited = self._awaited
        if awaited is not None:
            awaited.set()
        self.board.inbox.post(lambda: None)  # wakes a driver on the stepping thread

    def _target(self, clock: VirtualClock, span: Any, *, to_next: bool, until: Any) -> Instant:
        if to_next:
            at = self.driver.next_event()
            return clock.now() if at >= NEVER - 1 else at
        if until is not None:
            return max(clock.instant(until), clock.now())
        if isinstance(span, timedelta):
            return clock.now() + from_timedelta(span)
        return clock.now() + parse_duration(span, "step")

    def _travel(self, clock: VirtualClock, target: Instant, halts: int, *, patient: bool) -> None:
        if target < clock.now():
            msg = f"can't step back: the clock stands at {to_datetime(clock.now(), clock.tz)}"
            raise ClockError(msg)
        self.board.patient = patient
        clock.allow(target)
        try:
            if self.board.owner is None:
                self._drive_until(target, halts)
            else:
                with self.driver.awaiting_arrival(target) as event:
                    self._awaited = event
                    while self._halts == halts and not event.wait(1.0) and self.engine.alive:
                        pass
        finally:
            self._awaited = None
            clock.allow(clock.now())
            self.board.patient = True

    def _drive_until(self, target: Instant, halts: int) -> None:
        """Step on this thread; Ctrl-C ends that at the present instant, and the session can be stepped on."""
        pressed: list[int] = []

        def press(number: int) -> None:
            pressed.append(number)
            self.board.inbox.post(lambda: None)  # wakes the driver

        with taking_interrupts(press, raise_from=1):
            self.driver.drive_until(target, lambda: not pressed and self._halts == halts)
        if pressed:
            raise KeyboardInterrupt
