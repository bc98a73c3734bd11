"""The wall clock is set, the process is stopped, nothing ran for days, runs take no time (F28 to F61).

More of them stand in tests/test_time_func.py.
"""

from __future__ import annotations

import asyncio
import signal
import threading
import time

import pytest

from rocket_magic import Rocketry, VirtualClock
from rocket_magic._protocols import Action
from rocket_magic.args import TerminationFlag
from rocket_magic.conds import after_success, cron, daily, every, hourly
from rocket_magic.exc import TaskTerminationException
from rocket_magic.instants import HOUR, SECOND
from rocket_magic.log import Record
from tests.crash.oracle import violations
from tests.faults.support import Program, actions, wait_for
from tests.test_time_func import Wall, settle


async def wait_async():
    """Until cancelled."""
    await asyncio.sleep(60)


def wait_thread(flag=TerminationFlag()):
    """Until asked."""
    flag.wait(60)
    raise TaskTerminationException


def wait_process():
    """For long."""
    threading.Event().wait(60)


WAITS = {"async": wait_async, "thread": wait_thread, "process": wait_process}


@pytest.mark.parametrize("mode", ["async", "thread", "process"])
@pytest.mark.parametrize("step", [-2 * HOUR, 2 * HOUR, -120 * HOUR, 72 * HOUR])
def test_a_clock_step_during_a_run_with_a_timeout(mode, step):
    """F28, F29: the timeout strikes after its own real time, neither sooner nor never."""
    clock = Wall()
    app = Rocketry(time_func=clock, execution=mode, cycle_sleep=0.005, timezone="UTC")
    app.task(None, name="work", func=WAITS[mode], timeout="1 hour")
    app.session.start_thread()
    app.session["work"].run()
    wait_for(lambda: app.session["work"].is_running)
    settle(app)
    clock.pass_time(1800)
    clock.wall += step
    settle(app)
    assert actions(app, "work") == ["run"]
    clock.pass_time(1799)
    settle(app)
    assert actions(app, "work") == ["run"]
    clock.pass_time(2)
    wait_for(lambda: actions(app, "work") == ["run", "terminate"])
    assert "timeout" in app.session.get_task_log()[-1].reason
    assert app.session.stop(wait=5)
    assert violations(app.session.get_task_log()) == []


@pytest.mark.parametrize("step", [-10, -7200, -5 * 86400, 7200])
def test_a_clock_step_during_a_run_makes_no_second_one(step):
    """F27, F29: `daily` and `hourly` whose run began before the step and ends after it; order by sequence."""
    clock = Wall()
    clock.pass_time(12 * 3600 + 1830)
    app = Rocketry(time_func=clock, execution="thread", cycle_sleep=0.005, timezone="UTC")
    go = threading.Event()
    for name, schedule in (("day", daily), ("hour", hourly), ("every", every("1 hour"))):
        app.task(schedule, name=name, func=lambda: go.wait(20))
    app.task(after_success("day"), name="next", func=lambda: None)
    app.session.start_thread()
    wait_for(lambda: all(app.session[name].is_running for name in ("day", "hour", "every")))
    clock.wall += step * SECOND
    settle(app)
    go.set()
    wait_for(lambda: actions(app, "next") == ["run", "success"])
    settle(app)
    for name in ("every", "hour", "day"):  # the period that the run ended in has had its run
        assert actions(app, name) == ["run", "success"]
    assert app.session.stop(wait=5)
    rows = app.session.get_task_log()
    assert violations(rows) == []
    order = [(row.task_name, str(row.action)) for row in rows]
    assert order.index(("day", "success")) < order.index(("next", "run"))


@pytest.mark.slow
def test_a_process_that_was_stopped_for_a_while():
    """F28, D3: SIGSTOP and SIGCONT; one late run for all that was due, and the run in flight goes on."""
    source = """
import time, threading
from rocket_magic import Rocketry
from rocket_magic.conds import cron, every
app = Rocketry(execution="thread")
app.task(None, name="long", func=lambda: time.sleep(1), timeout="1 hour")
app.task(cron("* * * * * *", seconds=True), name="tick", func=lambda: None, execution="main")
app.session["long"].run()
app.session.start_thread()
while len(app.session.get_task_log(task_name="tick")) < 2:
    time.sleep(0.01)
say("ready")
input()
time.sleep(0.3)
for row in app.session.get_task_log(task_name="tick", action="run"):
    if row.merged:
        say("late", row.merged, row.reason)
say("long", *[row.action for row in app.session.get_task_log(task_name="long")])
app.session.stop(wait=5)
"""
    with Program(source) as child:
        child.expect("ready")
        child.signal(signal.SIGSTOP)
        threading.Event().wait(2.3)
        child.signal(signal.SIGCONT)
        child.type("on")
        assert int(child.expect("late").split()[1]) in (1, 2)
        child.expect("long run success")
        assert [line for line in child.lines if line.startswith("late")] == child.lines[1:2]
        assert child.wait(10) == 0, child.errors


@pytest.mark.parametrize("mode", ["main", "async", "thread"])
def test_pipelines_of_runs_that_take_no_time(mode):
    """F50: ten records of one instant are in the right order for `after`, and every link runs once."""
    app = Rocketry(execution=mode, time_func=VirtualClock("2026-01-01"))
    app.task(cron("0 * * * *"), name="t0", func=lambda: None)
    for i in range(1, 5):
        app.task(after_success(f"t{i - 1}"), name=f"t{i}", func=lambda: None)
    app.step("3 hours")
    app.session.stop()
    rows = app.session.get_task_log()
    chain = [(f"t{i}", action) for i in range(5) for action in (Action.RUN, Action.SUCCESS)]
    assert [(row.task_name, str(row.action)) for row in rows] == chain * (len(rows) // 10)
    assert len(rows) == 40  # at 00:00, where the clock stood at the start, and three more
    assert violations(rows) == []


@pytest.mark.parametrize(
    ("schedule", "step", "n"),
    [("cron 0 * * * *", "1 hour", 5), ("daily", "1 day", 5), ("minutely", "1 min", 5)],
)
def test_stepping_from_opening_to_opening(schedule, step, n):
    """F50, T7: at the exact instant of an opening the period is the new one (B21)."""
    app = Rocketry(execution="main", time_func=VirtualClock("2026-01-01"))
    app.task(schedule, name="work", func=lambda: None)
    app.step(0)
    for _ in range(n - 1):
        app.step(step)
    app.session.stop()
    assert len(app.session.get_task_log(action="run")) == n


MISSES = [
    ("every 1 s", 1.5, 0),
    ("every 1 s", 500, 499),
    ("every 1 s", 3 * 86400, 3 * 86400 - 1),
    ("minutely", 3 * 365 * 86400, 3 * 365 * 1440 - 1),
    ("cron */5 * * * *", 365 * 86400, 365 * 288 - 1),
]


@pytest.mark.parametrize(("schedule", "down", "n_missed"), MISSES)
@pytest.mark.parametrize("kind", ["sqlite", "csv"])
def test_nothing_ran_for_long(tmp_path, caplog, kind, schedule, down, n_missed):
    """F61, D3: one line with count, first and last; counted in bounded time; one start."""
    url = {"sqlite": f"sqlite:///{tmp_path}/log.db", "csv": f"csv:{tmp_path}/log.csv"}[kind]
    clock = VirtualClock("2026-01-01")
    app = Rocketry(execution="main", time_func=clock, logger_repo=url)
    app.task(schedule, name="work", func=lambda: None)
    app.step(0)
    app.session.stop()
    app.session.log.close()
    assert actions(app, "work") == ["run", "success"]
    later = Rocketry(execution="main", time_func=VirtualClock(clock() + down), logger_repo=url)
    later.task(schedule, name="work", func=lambda: None)
    begun = time.process_time()
    later.step(0)
    spent = time.process_time() - begun
    lines = [record.getMessage() for record in caplog.records if "missed" in record.getMessage()]
    assert actions(later, "work") == ["run", "success"] * 2
    later.session.stop()
    later.session.log.close()
    assert (
        spent < 0.5
    )  # the counting itself is bounded to 0.05; the rest is the start, and what else the machine does
    assert len(lines) == (n_missed > 0)
    if n_missed > 1:
        assert "first 2026-01-01 00:0" in lines[0]
        number = int(lines[0].split("missed ")[1].removeprefix("about ").split()[0])
        assert abs(number - n_missed) <= max(2, n_missed // 50)


def test_an_old_log_of_a_task_that_ran_for_days(tmp_path, caplog):
    """F61: three days of runs each second, then three days of none: bounded too."""
    url = f"sqlite:///{tmp_path}/log.db"
    app = Rocketry(execution="main", time_func=VirtualClock("2026-01-04"), logger_repo=url)
    app.task("every 1 s", name="work", func=lambda: None)
    first = VirtualClock("2026-01-01").now()
    for start in range(0, 20_000, 5000):
        rows = []
        for i in range(start, start + 5000):
            at = first + i * SECOND
            rows += [Record("work", action, at, f"r{i}", start=at) for action in (Action.RUN, Action.SUCCESS)]
        app.session.log.write(rows, lambda _: None)
    assert app.session.log.flush()
    begun = time.process_time()
    app.step(0)
    spent = time.process_time() - begun
    assert len(app.session.get_task_log(action="run", created=("2026-01-03", None))) == 1
    app.session.stop()
    app.session.log.close()
    assert spent < 0.3
