"""Any `time_func`: frozen, jumping, fast, failing; the wall clock stepped; starts that come late."""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from rocket_magic import Rocketry, VirtualClock
from rocket_magic.clock import Alarm, SystemClock
from rocket_magic.conds import cron, daily, every, hourly
from rocket_magic.exc import ConfigError
from rocket_magic.instants import HOUR, SECOND, Instant, Span
from tests.waiting import wait_for

START = 1_767_225_600.0
"""The first second of 2026 in UTC."""


class Hand:
    """A time function that is set by hand."""

    def __init__(self) -> None:
        self.value: Any = START

    def __call__(self) -> Any:
        if isinstance(self.value, Exception):
            raise self.value
        return self.value


class Wall:
    """A clock like the machine's whose wall time and elapsed time are moved apart by hand."""

    def __init__(self) -> None:
        self.wall: Instant = int(START) * SECOND
        self.real: Span = 0

    def pass_time(self, seconds: float, *, asleep: bool = False) -> None:
        """Let real time go by."""
        self.wall += int(seconds * SECOND)
        self.real += int(seconds * SECOND)

    def __call__(self) -> float:
        return self.wall / SECOND

    def now(self) -> Instant:
        return self.wall

    def elapsed(self) -> Span:
        return self.real

    def uptime(self) -> Span:
        return self.real

    def wait(self, alarm: Alarm, until: Instant, poll: float | None) -> None:
        alarm.wait(0.002)

    async def wait_async(self, alarm: Alarm, until: Instant, poll: float | None) -> None:
        await alarm.wait_async(0.002)

    def sleep(self, seconds: float) -> None:
        self.pass_time(seconds)


def n_starts(app: Rocketry, name: str = "a") -> int:
    """How often a task started."""
    return len(app.session.get_task_log(task_name=name, action="run"))


@pytest.fixture
def started() -> Iterator[Callable[..., Rocketry]]:
    """Makes an application with one task "a" that runs on a thread, and stops it at the end."""
    made: list[Rocketry] = []

    def make(clock: Any, schedule: Any, cycle_sleep: float | None = 0.005, **policy: Any) -> Rocketry:
        app = Rocketry(time_func=clock, execution="main", cycle_sleep=cycle_sleep, timezone="UTC")
        app.task(schedule, name="a", func=lambda: None, **policy)
        app.session.start_thread()
        made.append(app)
        return app

    yield make
    for app in made:
        assert app.session.stop(force=True, wait=5)


def settle(app: Rocketry) -> None:
    """Wait until the scheduler has looked a few times."""
    for _ in range(3):
        looked = threading.Event()
        app.session._board.inbox.post(looked.set)
        assert looked.wait(5)
    threading.Event().wait(0.03)


@pytest.mark.parametrize("cycle_sleep", [0.005, None])
def test_any_function_drives_a_schedule(started, cycle_sleep):
    """It is looked at again and again, with a pause between two looks and without."""
    clock = Hand()
    app = started(clock, every("10 min"), cycle_sleep)
    wait_for(lambda: n_starts(app) == 1)
    for hour in range(1, 4):
        clock.value = START + 600 * hour
        wait_for(lambda hour=hour: n_starts(app) == 1 + hour)


def test_a_frozen_function_runs_nothing_twice(started):
    """Time stands still, so nothing more is due."""
    app = started(Hand(), daily)
    wait_for(lambda: n_starts(app) == 1)
    settle(app)
    assert n_starts(app) == 1


def test_a_function_that_jumps_back_makes_no_second_run_of_a_period(started):
    """F27: the day's run was made."""
    clock = Hand()
    app = started(clock, daily)
    wait_for(lambda: n_starts(app) == 1)
    clock.value = START + 7200
    settle(app)
    clock.value = START + 3600
    settle(app)
    assert n_starts(app) == 1


def test_a_function_a_hundred_times_too_fast(started):
    """A run each minute of its own time."""
    real = SystemClock()
    begun = real.uptime()
    app = started(lambda: START + 100 * (real.uptime() - begun) / SECOND, every("20 s"))
    wait_for(lambda: n_starts(app) >= 3)


@pytest.mark.parametrize("bad", [None, "noon", math.nan, math.inf, True, OSError("no clock")])
def test_a_function_that_fails_is_refused_at_once(bad):
    """F26: with its name and what it returned."""
    clock = Hand()
    clock.value = bad
    with pytest.raises(ConfigError, match="time_func"):
        Rocketry(time_func=clock)


@pytest.mark.parametrize("cycle_sleep", [0.005, None])
@pytest.mark.parametrize("bad", [None, math.nan, OSError("no clock")])
def test_a_function_that_fails_later_holds_the_starts(started, caplog, bad, cycle_sleep):
    """F26: one named error; it goes on when the function answers again."""
    clock = Hand()
    app = started(clock, every("10 min"), cycle_sleep)
    wait_for(lambda: n_starts(app) == 1)
    with caplog.at_level(logging.ERROR):
        clock.value = bad
        wait_for(lambda: app.session.snapshot_state().state == "held")
        threading.Event().wait(0.15)  # several looks at the failing clock
        assert "time_func" in app.session.snapshot_state().problem
    assert len([one for one in caplog.records if "starts are held" in one.message]) == 1
    clock.value = START + 700
    wait_for(lambda: n_starts(app) == 2)
    assert (app.session.snapshot_state().state, app.session.snapshot_state().problem) == ("running", None)


def test_a_scheduler_whose_clock_fails_can_be_stopped(started):
    """The shutdown needs no time."""
    clock = Hand()
    app = started(clock, hourly)
    wait_for(lambda: n_starts(app) == 1)
    clock.value = OSError("gone")
    wait_for(lambda: app.session.snapshot_state().state == "held")
    assert app.session.stop(wait=5)


@pytest.mark.parametrize("back", [10, 7200, 5 * 86400])
def test_the_wall_clock_stepped_back_makes_no_second_run(started, back):
    """F27: `daily`, `hourly` and `cron` alike; records stay in the order of writing."""
    clock = Wall()
    clock.pass_time(12 * 3600 + 1830)
    app = started(clock, daily)
    for name, schedule in [("b", hourly), ("c", cron("* * * * *"))]:
        app.task(schedule, name=name, func=lambda: None)
    wait_for(lambda: all(n_starts(app, name) == 1 for name in "abc"))
    clock.wall -= back * SECOND
    settle(app)
    if back < 3600:
        assert [n_starts(app, name) for name in "abc"] == [1, 1, 1]
    else:
        assert n_starts(app, "a") <= 2  # days that were never run are periods of their own


def test_every_counts_real_time_whatever_the_wall_clock_does(started):
    """F27, F28: neither sooner nor later."""
    clock = Wall()
    app = started(clock, every("1 hour"))
    wait_for(lambda: n_starts(app) == 1)
    clock.wall += 3 * HOUR
    settle(app)
    assert n_starts(app) == 1
    clock.wall -= 5 * HOUR
    settle(app)
    assert n_starts(app) == 1
    clock.pass_time(3600)
    wait_for(lambda: n_starts(app) == 2)


@pytest.mark.parametrize("ahead", [2, 72])
def test_the_wall_clock_stepped_forward_makes_one_run(started, ahead):
    """F28: one run, however many periods went by."""
    clock = Wall()
    app = started(clock, hourly)
    wait_for(lambda: n_starts(app) == 1)
    clock.wall += ahead * HOUR
    wait_for(lambda: n_starts(app) == 2)
    settle(app)
    assert n_starts(app) == 2


def test_a_machine_asleep_over_due_instants_makes_one_late_run(started):
    """D3: the record says for when it was due and how many others it stands for."""
    clock = Wall()
    app = started(clock, cron("0 * * * *"))
    settle(app)
    before = n_starts(app)
    clock.pass_time(5 * 3600 + 1800)
    wait_for(lambda: n_starts(app) == before + 1)
    settle(app)
    assert n_starts(app) == before + 1
    row = app.session.get_task_log(task_name="a", action="run")[-1]
    assert row.created - row.due > 3600
    assert row.merged == 4


@pytest.mark.parametrize("of_the_task", [True, False])
def test_a_start_later_than_its_grace_is_skipped_and_recorded(started, of_the_task):
    """`misfire_grace_time` of the task or of the session."""
    clock = Wall()
    policy = {"misfire_grace_time": "10 min"} if of_the_task else {}
    app = started(clock, "daily between 10:00 and 11:00", **policy)
    if not of_the_task:
        app.session.config.misfire_grace_time = "10 min"
    settle(app)
    clock.pass_time(15 * 3600)
    wait_for(lambda: app.session.get_task_log(task_name="a", action="inaction"))
    row = app.session.get_task_log(task_name="a", action="inaction")[-1]
    assert "missed" in row.reason
    assert "misfire_grace_time" in row.reason


class TestAnotherClockInARunningSession:
    """A restart by recall takes the `time_func` of the config."""

    def test_virtual_history_is_kept_apart_and_the_real_log_comes_back(self):
        """As `%rocket clock virtual` and `%rocket clock real` do."""
        app = Rocketry(execution="main", restarting="recall", timezone="UTC")
        app.task("every 1 hour", name="a", func=lambda: None)
        app.session.start_thread()
        wait_for(lambda: n_starts(app) == 1)
        real = app.session.get_task_log()[0].run_id
        clock = VirtualClock("2026-03-28 22:00")
        app.session.config.time_func = clock
        app.session.restart()
        wait_for(lambda: app.session.clock is clock and app.session.scheduler.state == "running")
        app.step("3 hours")
        assert n_starts(app) == 4
        assert real not in [row.run_id for row in app.session.get_task_log()]
        app.session.config.time_func = None
        app.session.restart()
        wait_for(lambda: app.session.clock is not clock and app.session.scheduler.state == "running")
        rows = app.session.get_task_log(action="run")
        assert (rows[0].run_id, len(rows)) == (real, 1)
        assert app.session.stop(wait=5)
