"""A session on a virtual clock: what runs, exactly when, and in what order."""

from __future__ import annotations

import asyncio
import threading
from datetime import timedelta

import pytest

from rocket_magic import Rocketry, VirtualClock
from rocket_magic.args import Clock, Return, TerminationFlag
from rocket_magic.conds import after_fail, after_success, daily, every, hourly, retry, time_of_day
from rocket_magic.exc import ClockError, TaskInactionException, TaskTerminationException


def starts(app: Rocketry, log_of, name: str) -> list[str]:
    """When a task started."""
    return [when for task, _, when in log_of(app, "run") if task == name]


def test_every_starts_at_once_and_then_by_its_interval(app, log_of):
    """Exactly, without drift."""
    app.task(every("20 min"), name="tick", func=lambda: None)
    app.step("1 hour")
    assert starts(app, log_of, "tick") == ["01 00:00:00", "01 00:20:00", "01 00:40:00", "01 01:00:00"]


def test_daily_in_a_window_runs_once_when_the_window_opens(app, log_of):
    """Each day."""
    app.task(daily.between("10:00", "12:00"), name="report", func=lambda: None)
    app.step("2 days")
    assert starts(app, log_of, "report") == ["01 10:00:00", "02 10:00:00"]


def test_a_schedule_can_be_a_phrase(app, log_of):
    """The same condition in words."""
    app.task("daily at 10:00", name="report", func=lambda: None)
    app.step("1 day")
    assert starts(app, log_of, "report") == ["01 10:00:00"]


def test_a_pipeline_runs_after_each_success_at_the_same_instant(app, log_of):
    """And gets the return value."""
    seen = []

    @app.task(hourly)
    def load():
        return len(seen)

    @app.task(after_success(load))
    def store(rows=Return(load)):
        seen.append(rows)

    app.step("2 hours")
    assert seen == [0, 1, 2]
    assert starts(app, log_of, "store") == starts(app, log_of, "load")


def test_retry_gives_each_occurrence_its_own_budget(app, log_of):
    """Every day again: a start and two retries (weakness B10 of Rocketry)."""

    @app.task(daily | retry(2))
    def fragile():
        raise ValueError

    app.step("30 hours")
    assert [when[:2] for when in starts(app, log_of, "fragile")] == ["01"] * 3 + ["02"] * 3


def test_after_fail_starts_the_other_task(app, log_of):
    """Only after a failure."""
    outcomes = iter([None, ValueError(), None])

    @app.task(every("1 hour"))
    def load():
        error = next(outcomes)
        if error:
            raise error

    app.task(after_fail(load), name="mend", func=lambda: None)
    app.step("2 hours")
    assert starts(app, log_of, "mend") == ["01 01:00:00"]


@pytest.mark.parametrize(
    ("error", "action"),
    [
        (None, "success"),
        (ValueError("x"), "fail"),
        (TaskInactionException(), "inaction"),
        (TaskTerminationException(), "terminate"),
        (SystemExit(3), "fail"),
    ],
)
def test_each_ending_has_its_record(app, log_of, error, action):
    """One `run`, one outcome."""

    @app.task("daily")
    def work():
        if error is not None:
            raise error

    app.step("1 hour")
    assert [record[1] for record in log_of(app)] == ["run", action]


def test_tasks_of_one_instant_start_by_priority_then_by_registration(app, log_of):
    """Higher first."""
    for name, priority in [("a", 0), ("b", 5), ("c", 0), ("d", 9)]:
        app.task("daily", name=name, priority=priority, func=lambda: None)
    app.step("1 min")
    assert [task for task, _, _ in log_of(app, "run")] == ["d", "b", "a", "c"]


def test_a_task_that_always_may_run_runs_once_a_cycle(app, log_of):
    """`cycle_sleep` keeps its meaning where nothing else limits the starts."""
    app.task("true", name="busy", func=lambda: None)
    app.step("1 s")
    assert len(starts(app, log_of, "busy")) == 11


def test_a_run_by_hand_starts_whatever_the_condition_says(app, log_of):
    """Also when disabled, with its own parameters, oldest first."""
    seen = []

    def note(x):
        seen.append(x)

    app.task(None, name="manual", func=note, disabled=True)
    app.session["manual"].run(x=1)
    app.session["manual"].run({"x": 2})
    app.step("1 s")
    assert seen == [1, 2]


def test_the_same_steps_give_the_same_records_byte_for_byte(log_of):
    """Run ids are counted, outcomes taken in the order of the starts."""

    def rehearse() -> list[str]:
        app = Rocketry(config={"time_func": VirtualClock("2026-01-01"), "execution": "thread"})
        for name in "abc":
            app.task(every("7 min") & time_of_day.after("00:10"), name=name, func=lambda: None)
        app.task(after_success("b"), name="d", func=lambda: None)
        app.step("2 hours")
        rows = [repr(record.model_dump()) for record in app.session.get_task_log()]
        app.session.stop()
        return rows

    first = rehearse()
    assert len(first) > 50
    assert first == rehearse()


def test_many_small_steps_equal_one_big_step(log_of):
    """Stepping is not part of the schedule."""

    def rehearse(*spans: str) -> list:
        app = Rocketry(config={"time_func": VirtualClock("2026-01-01"), "execution": "main"})
        app.task(every("13 min"), name="a", func=lambda: None)
        app.task(after_success("a") & time_of_day.between("00:20", "01:00"), name="b", func=lambda: None)
        for span in spans:
            app.step(span)
        rows = log_of(app)
        app.session.stop()
        return rows

    assert rehearse("2 hours") == rehearse(*["1 min"] * 120)


def test_a_task_may_sleep_on_the_clock(log_of):
    """Two hours of work take no time, and end two hours later."""
    app = Rocketry(config={"time_func": VirtualClock("2026-01-01"), "execution": "thread"})

    @app.task("daily at 10:00", timeout="never")
    def long(clock=Clock()):
        clock.sleep(7200)

    app.step("1 day")
    assert [(action, when) for _, action, when in log_of(app)] == [
        ("run", "01 10:00:00"),
        ("success", "01 12:00:00"),
    ]
    app.session.stop()


def test_a_timeout_strikes_in_virtual_time(log_of):
    """A thread that sleeps on the clock sees its flag when it wakes."""
    app = Rocketry(config={"time_func": VirtualClock("2026-01-01"), "execution": "thread"})

    @app.task("daily at 10:00", timeout="30 min")
    def long(clock=Clock(), flag=TerminationFlag()):
        while not flag.is_set():
            clock.sleep(60)
        raise TaskTerminationException

    app.step("1 day")
    # It slept when the timeout struck at 10:30, just after its turn at that instant, and so woke once more.
    assert log_of(app)[-1][1:] == ("terminate", "01 10:31:00")
    assert "timeout" in app.session.get_task_log()[-1].reason
    app.session.stop()


def nap_in_process(clock=Clock()):
    """A task of a process that takes 25 minutes."""
    clock.sleep(600)
    clock.sleep(900)
    return clock()


def nap_too_long(clock=Clock()):
    """One that its timeout ends in its sleep."""
    clock.sleep(1800)


def nap_and_look(clock=Clock(), flag=TerminationFlag()):
    """One that looks at its flag, and is woken when it is set."""
    clock.sleep(1800)
    if flag.is_set():
        raise TaskTerminationException


def test_runs_in_processes_take_virtual_time(log_of):
    """They sleep on the session's clock, and a timeout strikes in their sleep."""
    app = Rocketry(time_func=VirtualClock("2026-01-01"), execution="process", max_process_count=3)
    app.task(every("1 hour"), name="nap", func=nap_in_process)
    app.task(every("2 hours"), name="cut", func=nap_too_long, timeout="5 min")
    app.task(every("2 hours"), name="look", func=nap_and_look, timeout="7 min")
    app.step("3 hours 30 min")
    ends = [(name, action, when) for name, action, when in log_of(app) if action != "run"]
    assert sorted(ends) == [
        ("cut", "terminate", "01 00:05:00"),
        ("cut", "terminate", "01 02:05:00"),
        ("look", "terminate", "01 00:07:00"),
        ("look", "terminate", "01 02:07:00"),
        *[("nap", "success", f"01 0{hour}:25:00") for hour in range(4)],
    ]
    assert app.session.returns["nap"] == VirtualClock("2026-01-01 03:25")()
    assert app.session.stop(force=True, wait=10)


def test_step_to_next_stops_at_the_next_event(app):
    """And nowhere else."""
    app.task("daily at 10:00", name="a", func=lambda: None)
    assert app.step(to_next=True).strftime("%d %H:%M") == "01 10:00"
    assert app.step(to_next=True).strftime("%d %H:%M") == "02 10:00"


def test_run_until_moves_to_a_moment(app, clock):
    """Naive moments are meant in the clock's zone."""
    app.run_until("2026-01-03 12:00")
    assert app.session.get_time().isoformat() == "2026-01-03T12:00:00"


def test_stepping_back_or_without_a_virtual_clock_is_refused(app):
    """With the way out named."""
    with pytest.raises(ClockError, match="only a session on a VirtualClock can be stepped"):
        Rocketry().step("1 day")


def test_a_session_on_a_thread_can_be_stepped_from_another(log_of):
    """As a notebook does."""
    app = Rocketry(config={"time_func": VirtualClock("2026-01-01"), "execution": "thread"})
    app.task(hourly, name="a", func=lambda: None)
    before = set(threading.enumerate())
    app.session.start_thread()
    assert any(thread.name == "rocket_magic scheduler" for thread in set(threading.enumerate()) - before)
    app.step("3 hours")
    assert len(starts(app, log_of, "a")) == 4
    assert app.session.stop(wait=5)
    assert not any(thread.name == "rocket_magic scheduler" for thread in set(threading.enumerate()) - before)


def test_async_and_sleeping_runs_step_together(log_of):
    """No outcome is lost in the event loop, and waiting for sleepers costs no cycles."""
    app = Rocketry(config={"time_func": VirtualClock("2026-01-01"), "timeout": "never"})

    async def quick():
        await asyncio.sleep(0)

    def slow(clock=Clock()):
        clock.sleep(420)

    for n in range(3, 7):
        app.task(every(f"{n} min"), name=f"quick {n}", func=quick, execution="async")
    for n in (10, 15, 20):
        app.task(every(f"{n} min"), name=f"slow {n}", func=slow, execution="thread")
    app.step("1 day")
    assert len(starts(app, log_of, "quick 3")) == 24 * 20 + 1
    assert app.session.scheduler.n_cycles < 6_000
    assert app.session.stop(force=True, wait=5)


def test_a_stepped_session_stops_although_a_run_sleeps_on_the_clock(log_of):
    """The clock moves on as far as the run needs (L14)."""
    app = Rocketry(
        config={"time_func": VirtualClock("2026-01-01"), "execution": "thread", "timeout": "never"}
    )

    def slow(clock=Clock()):
        clock.sleep(1800)

    app.task(every("1 hour"), name="slow", func=slow)
    app.step("6 hours")
    assert app.session.stop()
    rows = log_of(app)
    assert rows[-1] == ("slow", "success", "01 06:30:00")
    assert len(rows) % 2 == 0


@pytest.mark.parametrize("schedule", ["hourly", "cron 0 * * * *", "daily at 01:00"])
def test_a_clock_set_back_right_after_a_run_runs_nothing_again(app, clock, log_of, schedule):
    """Not even in the period before, which the clock enters once more (F27)."""
    app.step("10 min")
    app.task(schedule, name="work", func=lambda: None)
    app.step(until="2026-01-01 01:00:02")
    before = starts(app, log_of, "work")
    assert before[-1] == "01 01:00:00"
    clock.jump(timedelta(seconds=-10))
    app.step("1 min")
    assert starts(app, log_of, "work") == before
