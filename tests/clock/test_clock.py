"""Clocks: what stands still, what moves, and how waiting ends."""

from __future__ import annotations

import asyncio
import pickle
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest

from rocket_magic.clock import Alarm, Clock, FunctionClock, SystemClock, VirtualClock, as_clock
from rocket_magic.exc import ClockError
from rocket_magic.instants import NEVER, SECOND, to_instant


def test_a_virtual_clock_stands_still_where_it_was_set():
    """Naive text is meant in the clock's own zone."""
    clock = VirtualClock("2026-03-28 22:00", tz="Europe/Helsinki")
    expected = to_instant(datetime(2026, 3, 28, 20, tzinfo=UTC), UTC)
    assert clock.now() == expected
    assert clock() == expected / SECOND
    assert clock.now() == expected


@pytest.mark.parametrize(
    ("to", "expected"),
    [
        ("2026-01-02 00:00", 86_400),
        (timedelta(hours=1), 3_600),
        (timedelta(hours=-1), -3_600),
        (datetime(2026, 1, 1, 0, 0, 5), 5),
    ],
)
def test_jump_moves_to_a_moment_or_by_a_span(to, expected):
    """Forward and back."""
    clock = VirtualClock("2026-01-01")
    start = clock.now()
    clock.jump(to)
    assert (clock.now() - start) / SECOND == expected


@pytest.mark.parametrize("moment", ["tomorrow", "", float("nan"), True, [1]])
def test_a_moment_that_can_not_be_read_is_refused(moment):
    """The message shows the value."""
    with pytest.raises(ClockError, match="is not a moment"):
        VirtualClock(moment)


def test_an_unknown_zone_is_refused():
    """By name."""
    with pytest.raises(ClockError, match="'Mars/Olympus' is not a known time zone"):
        VirtualClock("2026-01-01", tz="Mars/Olympus")


def test_waiting_within_the_horizon_costs_nothing():
    """The clock jumps to what is waited for."""
    clock = VirtualClock("2026-01-01")
    start = clock.now()
    clock.allow(start + 10 * SECOND)
    clock.wait(Alarm(), start + 4 * SECOND, None)
    assert clock.now() == start + 4 * SECOND


def test_waiting_stops_at_the_horizon():
    """Beyond it the waiter is held until somebody moves the clock."""
    clock = VirtualClock("2026-01-01")
    start = clock.now()
    alarm = Alarm()
    clock.allow(start + SECOND)
    clock.wait(alarm, NEVER, None)
    assert clock.now() == start + SECOND
    waiter = threading.Thread(target=clock.wait, args=(alarm, NEVER, None))
    waiter.start()
    clock.jump(timedelta(seconds=5))
    waiter.join(5)
    assert not waiter.is_alive()


def test_a_sleeper_wakes_when_the_clock_gets_there():
    """And is counted while it sleeps."""
    clock = VirtualClock("2026-01-01")
    sleeper = threading.Thread(target=clock.sleep, args=(60,))
    sleeper.start()
    while not clock.asleep:
        pass
    clock.jump(timedelta(seconds=59))
    assert clock.asleep == 1
    assert clock.next_wake() == clock.now() + SECOND
    clock.jump(timedelta(seconds=1))
    sleeper.join(5)
    assert not sleeper.is_alive()
    assert clock.asleep == 0


def test_a_virtual_clock_travels_as_one_that_stands_at_the_same_place():
    """To a worker process."""
    clock = VirtualClock("2026-01-01 12:00", tz="Europe/Helsinki")
    again = pickle.loads(pickle.dumps(clock))
    assert again.now() == clock.now()
    assert again.tz == clock.tz


@pytest.mark.parametrize("value", [None, "12", float("nan"), float("inf"), datetime(2026, 1, 1), True])
def test_a_time_function_must_return_seconds(value):
    """Refused when it is set."""
    with pytest.raises(ClockError, match="must return seconds since the epoch"):
        FunctionClock(lambda: value)


def test_a_time_function_that_raises_is_named():
    """With its error as the cause."""

    def broken() -> float:
        message = "no battery"
        raise RuntimeError(message)

    with pytest.raises(ClockError, match="raised RuntimeError: no battery"):
        FunctionClock(broken)


def test_as_clock_finds_the_clock_behind_a_time_function():
    """None and time.time are the system's; a virtual clock is itself."""
    virtual = VirtualClock("2026-01-01")
    assert isinstance(as_clock(None), SystemClock)
    assert isinstance(as_clock(time.time), SystemClock)  # noqa: TID251  not called
    assert as_clock(virtual) is virtual
    assert isinstance(as_clock(lambda: 5.0), FunctionClock)
    assert isinstance(SystemClock(), Clock)


def test_ringing_before_the_wait_is_not_lost():
    """Neither in a thread nor on an event loop."""
    alarm = Alarm()
    alarm.ring()
    assert alarm.wait(0)
    assert not alarm.wait(0)
    alarm.ring()
    assert asyncio.run(alarm.wait_async(0))


def test_an_alarm_wakes_a_waiter_on_an_event_loop_from_another_thread():
    """Without polling."""

    async def main() -> bool:
        alarm = Alarm()
        threading.Timer(0.01, alarm.ring).start()
        return await alarm.wait_async(5)

    assert asyncio.run(main())
