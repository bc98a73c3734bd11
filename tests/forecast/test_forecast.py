"""The forecast tells what then happens."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rocket_magic import Rocketry, VirtualClock
from rocket_magic._protocols import Action
from rocket_magic.args import Clock
from rocket_magic.conditions import BaseCondition
from rocket_magic.conds import (
    after_fail,
    after_success,
    cron,
    daily,
    every,
    hourly,
    retry,
    running,
    scheduler_running,
    succeeded,
    time_of_day,
    true,
)
from rocket_magic.exc import ClockError, UnknownTaskError
from rocket_magic.execution import Outcome
from rocket_magic.forecast import SimulatedExecutor
from rocket_magic.instants import MINUTE, SECOND

TICK = 10 * MINUTE
TICK_SECONDS = TICK / SECOND
NAMES = ("a", "b", "c")
others = st.sampled_from(NAMES)
conditions = st.recursive(
    st.one_of(
        st.builds(lambda n: every(f"{n * 10} min"), st.integers(1, 20)),
        st.builds(lambda n: every(f"{n * 10} min", based="finish"), st.integers(1, 20)),
        st.sampled_from([true, hourly, daily, retry(2), ~running, retry(2, delay="20 min")]),
        st.sampled_from([time_of_day.between("02:00", "05:30"), daily.after("03:00"), cron("20 */3 * * *")]),
        st.builds(after_success, others),
        st.builds(after_fail, others),
        st.builds(lambda name, n: succeeded(name).today >= n, others, st.integers(1, 4)),
        st.builds(lambda name, n: running(name).more_than(f"{n * 10} min"), others, st.integers(1, 4)),
    ),
    lambda part: st.one_of(
        st.builds(lambda one, other: one & other, part, part),
        st.builds(lambda one, other: one | other, part, part),
    ),
    max_leaves=3,
)


@dataclass(frozen=True)
class Plan:
    """One task of a random session."""

    condition: BaseCondition
    duration: int
    fails: tuple[bool, ...]

    def next_run(self, ordinal: int) -> tuple[int, Action]:
        return self.duration * TICK, Action.FAIL if self.fails[ordinal % len(self.fails)] else Action.SUCCESS


plans = st.builds(
    Plan,
    conditions,
    st.sampled_from([0, 0, 1, 2, 7]),
    st.lists(st.booleans(), min_size=1, max_size=3).map(tuple),
)


class Simulated:
    """Durations and outcomes by plan, for `SimulatedExecutor`."""

    def __init__(self, tasks: dict[str, Plan]) -> None:
        self.tasks = tasks
        self.count = dict.fromkeys(tasks, 0)

    def next_run(self, run_id: str, task_name: str) -> tuple[int, Outcome]:
        span, action = self.tasks[task_name].next_run(self.count[task_name])
        self.count[task_name] += 1
        return span, Outcome(run_id, action)


Row = tuple[str, datetime, datetime | None, str]


def plain(app: Rocketry, schedule: Any, name: str, **policy: Any) -> None:
    """A task that does nothing."""
    app.task(schedule, name=name, func=lambda: None, **policy)


def told(forecast: Any) -> list[tuple[str, str, str]]:
    """Task, start and outcome of each run of a forecast."""
    return [(run.task_name, f"{run.start:%d %H:%M:%S}", run.outcome) for run in forecast.runs]


def happened(app: Rocketry, since: float) -> list[Row]:
    """What a session really ran: task, start, end, outcome; runs in flight at `since` included."""
    rows: dict[str, list[Any]] = {}
    for row in app.session.get_task_log():
        moment = datetime.fromtimestamp(row.created, UTC)
        if row.action == "run":
            rows[row.run_id] = [row.task_name, moment, None, "run", row.created]
        else:
            rows[row.run_id][2:4] = moment, str(row.action)
    border = datetime.fromtimestamp(since, UTC)
    return [tuple(row[:4]) for row in rows.values() if row[1] > border or row[2] is None or row[2] > border]


def live(tasks: dict[str, Plan], start: str, zone: str) -> tuple[Rocketry, dict[str, int]]:
    """An application whose runs last and fail as planned, and the counts of their starts."""
    clock = VirtualClock(start, zone)
    app = Rocketry(
        time_func=clock, timezone=zone, execution="thread", cycle_sleep=TICK_SECONDS, timeout="never"
    )
    model = Simulated(tasks)
    app.session.executors.register("thread", lambda _: SimulatedExecutor("thread", clock, model))
    for name, plan in tasks.items():
        app.task(plan.condition, name=name, func=partial(int))
    return app, model.count


@settings(max_examples=40, deadline=None)
@given(
    st.lists(plans, min_size=1, max_size=3),
    st.integers(0, 40),
    st.sampled_from([("2026-01-01 00:00", "UTC"), ("2026-03-28 20:00", "Europe/Helsinki")]),
)
def test_a_forecast_equals_what_then_really_runs(drawn: list[Plan], ticks: int, where: Any) -> None:
    """For random schedules, durations, failures and pasts, runs in flight included."""
    tasks = dict(zip(NAMES, drawn, strict=False))
    app, count = live(tasks, *where)
    if ticks:
        app.step(ticks * TICK_SECONDS)
    since = app.session.clock()
    done = {name: count[name] - len(app.session[name].runs) for name in tasks}
    fail = {
        name: (lambda n, plan=plan, base=done[name]: plan.fails[(base + n) % len(plan.fails)])
        for name, plan in tasks.items()
    }
    durations = {name: plan.duration * TICK_SECONDS for name, plan in tasks.items()}
    foreseen = app.forecast(60 * TICK_SECONDS, durations=durations, fail=fail)
    app.step(60 * TICK_SECONDS)
    border = datetime.fromtimestamp(since, UTC)
    expected = [
        (run.task_name, run.start.astimezone(UTC), run.end and run.end.astimezone(UTC), run.outcome)
        for run in foreseen.runs
    ]
    if not ticks:
        border = datetime.fromtimestamp(since - 1, UTC)
    real = happened(app, border.timestamp())
    app.session.stop(force=True)
    assert expected == real


def test_nothing_of_the_users_is_called_and_nothing_is_logged(app, caplog):
    """Neither tasks nor hooks run; the session's log and clock stay as they are."""
    caplog.set_level(logging.DEBUG)
    ran = []
    app.task(hourly, name="a", func=lambda: ran.append(1))
    app.session.hook_scheduler_cycle()(lambda: ran.append(2))
    foreseen = app.forecast("3 hours")
    assert len(foreseen.runs) == 4
    assert ran == []
    assert len(app.session.get_task_log()) == 0
    assert app.session.clock() == app.session.clock.instant("2026-01-01") / SECOND
    assert [record for record in caplog.records if "forecast" in record.name] == []


def test_durations_come_from_history_or_are_given(log_of):
    """The median of past runs, unless told otherwise."""
    app = Rocketry(time_func=VirtualClock("2026-01-01"), execution="thread", timeout="never")

    @app.task("daily at 10:00")
    def load(clock=Clock()):
        clock.sleep(1800)

    app.step("3 days")
    assert {run.end - run.start for run in app.forecast("2 days").runs} == {
        datetime(2026, 1, 1, 1) - datetime(2026, 1, 1, 0, 30)
    }
    (first, _) = app.forecast("2 days", durations={"load": "2 hours"}).runs
    assert f"{first.end:%H:%M}" == "12:00"
    app.session.stop()


@pytest.mark.parametrize(
    ("fail", "outcomes"),
    [
        (True, ["fail"] * 3),
        (1, ["fail", "success", "success"]),
        ([1], ["success", "fail", "success"]),
        (lambda n: n == 2, ["success", "success", "fail"]),
    ],
)
def test_failures_are_given_in_four_ways(app, fail, outcomes):
    """Each, the first ones, ordinals, a function."""
    plain(app, hourly, "a")
    assert [run.outcome for run in app.forecast("2 hours", fail={"a": fail}).runs] == outcomes


def test_retries_and_pipelines_are_followed(app):
    """A failure is retried; what follows waits for the success."""
    plain(app, daily.at("10:00") | retry(2), "load")
    plain(app, after_success("load"), "store")
    foreseen = app.forecast("1 day", fail={"load": 2})
    assert [(name, outcome) for name, _, outcome in told(foreseen)] == [
        ("load", "fail"), ("load", "fail"), ("load", "success"), ("store", "success"),
    ]  # fmt: skip
    assert [run.reason.rpartition(", ")[2] for run in foreseen.runs[1:3]] == ["retry 1", "retry 2"]


def test_a_task_that_failed_three_times_is_taken_to_fail_on(app):
    """And the forecast says so."""

    @app.task(hourly)
    def broken():
        raise ValueError

    app.step("3 hours")
    foreseen = app.forecast("2 hours")
    assert {run.outcome for run in foreseen.runs} == {"fail"}
    assert "failed 3 times in a row" in foreseen.notes[0]


def test_timeouts_and_end_conditions_strike(log_of):
    """With their reasons."""
    app = Rocketry(time_func=VirtualClock("2026-01-01"), execution="thread")
    plain(app, "daily at 10:00", "slow", timeout="30 min")
    plain(app, "daily at 10:00", "ended", timeout="never", end_cond="time of day after 11:00")
    foreseen = app.forecast("1 day", durations={"slow": "5 hours", "ended": "5 hours"})
    slow, ended = foreseen.runs
    assert (slow.outcome, f"{slow.end:%H:%M}") == ("terminate", "10:30")
    assert "timeout" in slow.reason
    assert (ended.outcome, f"{ended.end:%H:%M}") == ("terminate", "11:00")
    assert "end condition" in ended.reason


def test_the_process_limit_makes_tasks_wait():
    """The third one starts when the first is done, and says how late it is."""
    app = Rocketry(time_func=VirtualClock("2026-01-01"), execution="process", max_process_count=2)
    for name in "abc":
        plain(app, "daily at 10:00", name, timeout="never")
    foreseen = app.forecast("1 day", durations=dict.fromkeys("abc", "1 hour"))
    assert [f"{run.start:%H:%M}" for run in foreseen.runs] == ["10:00", "10:00", "11:00"]
    assert "3600 s late" in foreseen.runs[2].reason


def test_a_main_run_holds_the_others_up(app):
    """While it lasts the scheduler does nothing else."""
    plain(app, "daily at 10:00", "long")
    plain(app, "daily at 10:20", "other")
    foreseen = app.forecast("1 day", durations={"long": "1 hour"})
    assert told(foreseen) == [("long", "01 10:00:00", "success"), ("other", "01 11:00:00", "success")]
    assert f"{foreseen.end:%d %H:%M}" == "02 00:00"


def test_startup_and_shutdown_tasks_and_the_shut_condition(clock):
    """Startup tasks run when the scheduler isn't up yet; the forecast ends with the scheduler."""
    app = Rocketry(time_func=clock, execution="main", shut_cond=scheduler_running("3 hours"))
    plain(app, None, "up", on_startup=True)
    plain(app, None, "down", on_shutdown=True)
    plain(app, hourly, "work")
    foreseen = app.forecast("1 day")
    names = [run.task_name for run in foreseen.runs]
    assert (names[0], names[-1], names.count("work")) == ("up", "down", len(names) - 2)
    assert 3 <= names.count("work") <= 4
    assert "shuts down at 2026-01-01 03:00" in foreseen.notes[-1]
    app.step("1 hour")
    assert "up" not in [run.task_name for run in app.forecast("1 day").runs]


def test_queued_batches_run_first(app):
    """Runs by hand that wait are foretold too."""
    plain(app, None, "manual", disabled=True)
    app.session["manual"].run()
    app.session["manual"].run()
    assert [run.task_name for run in app.forecast("1 hour").runs] == ["manual", "manual"]


def test_functions_and_own_conditions_are_asked_once(app):
    """The future can't be asked: the present answer is taken, and the forecast says so."""

    class Odd(BaseCondition):
        def get_state(self):
            return False

    @app.cond()
    def ready():
        return True

    plain(app, hourly & ready, "a")
    plain(app, hourly & Odd(), "b")
    foreseen = app.forecast("2 hours")
    assert foreseen.runs_per_task == {"a": 3}
    assert foreseen.never == ("b",)
    assert len(foreseen.notes) == 2


def test_totals(app):
    """Runs per task, the busiest minute, the longest wait, tasks that never run."""
    plain(app, hourly, "often")
    plain(app, "daily at 12:00", "noon")
    plain(app, None, "manual")
    foreseen = app.forecast("1 day")
    assert foreseen.runs_per_task == {"often": 25, "noon": 1}
    assert foreseen.busiest_minute == (datetime(2026, 1, 1, 12, tzinfo=UTC), 2)
    assert foreseen.longest_wait == (
        datetime(2026, 1, 1, 0, tzinfo=UTC),
        datetime(2026, 1, 1, 1, tzinfo=UTC),
    )
    assert foreseen.never == ("manual",)
    for words in ("26 runs", "busiest minute: 2026-01-01 12:00 with 2 starts", "never: manual"):
        assert words in str(foreseen)


def test_waits_are_told_in_real_time():
    """T1: the night when the clocks change is an hour shorter than its wall clock says."""
    app = Rocketry(time_func=VirtualClock("2026-03-28 22:00", "Europe/Helsinki"), execution="main")
    plain(app, "daily at 23:00", "late")
    plain(app, "daily at 05:00", "early")
    assert "longest wait: 5:00:00 from 2026-03-28 23:00" in str(app.forecast("8 hours"))


def test_a_forecast_becomes_a_data_frame(app):
    """One row for each run."""
    pytest.importorskip("pandas")
    plain(app, hourly, "a")
    frame = app.forecast("2 hours").to_pandas()
    assert list(frame.columns) == ["task_name", "start", "end", "outcome", "reason"]
    assert len(frame) == 3


def test_bad_questions_are_refused(app):
    """Unknown tasks and spans that are none."""
    plain(app, hourly, "load")
    with pytest.raises(UnknownTaskError, match="load"):
        app.forecast("1 day", durations={"laod": 3})
    with pytest.raises(ClockError, match="above zero"):
        app.forecast(0)


def test_a_year_of_a_hundred_mixed_tasks_is_a_matter_of_seconds(app):
    """Some 50,000 runs (RELIABILITY.md L6; generous, for slow machines)."""
    for n in range(100):
        plain(
            app,
            [daily.at(f"{n % 24:02}:30"), "weekly on Mon", cron("0 6 1 * *"), "every 12 hours"][n % 4],
            f"t{n}",
        )
    foreseen = app.forecast("365 days")
    assert 25_000 < len(foreseen.runs) < 100_000


class TestNextStarts:
    """When a task starts next."""

    def test_exact_where_time_decides(self, app):
        """Several of them."""
        plain(app, daily.between("10:00", "12:00"), "report")
        found = app.next_starts("report", 3)
        assert [f"{moment:%d %H:%M}" for moment in found.moments] == ["01 10:00", "02 10:00", "03 10:00"]
        assert found.text == ""
        assert str(found).startswith("report: 2026-01-01 10:00:00, ")

    def test_an_interval_goes_on_from_its_last_run(self, app):
        """The session's history counts."""
        plain(app, every("20 min"), "tick")
        app.step("30 min")
        assert [f"{moment:%H:%M}" for moment in app.next_starts("tick", 2).moments] == ["00:40", "01:00"]

    @pytest.mark.parametrize(
        ("schedule", "policy", "text"),
        [
            (after_success("load"), {}, "depends on task 'load'"),
            (None, {}, "by hand"),
            (hourly, {"disabled": True}, "disabled"),
            (None, {"on_startup": True}, "at startup"),
            (None, {"on_shutdown": True}, "at shutdown"),
        ],
    )
    def test_what_time_does_not_decide_is_said(self, app, schedule, policy, text):
        """In the words of what does."""
        plain(app, hourly, "load")
        plain(app, schedule, "task", **policy)
        found = app.next_starts("task", 2)
        assert (found.moments, found.text) == ((), text)

    def test_a_last_start_is_the_last(self, app):
        """A schedule that ends."""
        plain(app, cron("0 10 * * *") & ~every("1 s"), "odd")
        assert app.next_starts("odd", 1).text
