"""The proof of the agenda: it makes exactly the runs that asking every condition at every tick makes.

Random sessions run twice: once by the scheduler, which looks only where the agenda says, on a virtual
clock with simulated runs; once by a brute-force loop over a naive history. Everything in these
sessions (windows, intervals, durations, the cycle) falls on a grid, so that both meet the same instants:
of seconds for what lives within minutes, of ten minutes for a day and its nights, of hours for months.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rocket_magic import Session, VirtualClock
from rocket_magic._protocols import Action, Context
from rocket_magic.conditions import All, Any, BaseCondition, FuncCond, IsEnv, Not, ParamExists
from rocket_magic.conds import (
    after_all_success,
    after_any_fail,
    after_any_success,
    after_fail,
    after_finish,
    after_success,
    after_terminate,
    crashed,
    cron,
    daily,
    every,
    failed,
    false,
    finished,
    hourly,
    inacted,
    minutely,
    monthly,
    retry,
    running,
    scheduler_running,
    secondly,
    started,
    succeeded,
    terminated,
    time_of_day,
    time_of_hour,
    time_of_minute,
    time_of_month,
    time_of_week,
    true,
    weekly,
    yearly,
)
from rocket_magic.execution import Outcome
from rocket_magic.forecast import SimulatedExecutor
from rocket_magic.instants import HOUR, MINUTE, SECOND, Instant
from tests.conditions.fakes import FakeHistory, FakeScheduler, FakeSession, FakeTask

NAMES = ("a", "b", "c")
others = st.sampled_from(NAMES)
counts = st.integers(1, 4)


@dataclass(frozen=True)
class Scale:
    """A grid of instants, and conditions that change on it only.

    Attributes:
        tick: Microseconds between two instants of the grid; also the cycle.
        ticks: How many there are.
        unit: The tick in words, for intervals.
        leaves: Conditions on the grid.
        tops: Conditions that only start on it (`~cron` turns true a minute later, off the grid).
        gates: Windows to put around anything.
    """

    tick: int
    ticks: int
    unit: str
    leaves: st.SearchStrategy[BaseCondition]
    tops: st.SearchStrategy[BaseCondition]
    gates: st.SearchStrategy[BaseCondition]

    def span(self, number: int) -> str:
        return f"{number * self.tick // SECOND} s"


def window(condition, values):
    """A part of a unit, from one value to another."""
    pairs = st.lists(values, min_size=2, max_size=2, unique=True)
    return pairs.map(lambda pair: condition.between(*pair))


def opaque_true() -> bool:
    """A user's function: nobody can know when its answer changes."""
    return True


def opaque_false() -> bool:
    """Another one."""
    return False


def on_any_grid(tick: int) -> st.SearchStrategy[BaseCondition]:
    """What depends on runs and on elapsed time only."""
    spans = st.integers(1, 40).map(lambda n: f"{n * tick // SECOND} s")
    return st.one_of(
        st.builds(lambda span, based: every(span, based=based), spans, st.sampled_from(["run", "finish"])),
        st.builds(lambda span, based: every(span, based=based), spans, st.sampled_from(["success", "fail"])),
        st.sampled_from(
            [true, false, retry(1), retry(3), running, ~running, ParamExists("x"), ParamExists("y")]
        ),
        st.sampled_from(
            [ParamExists("x", value=1), ParamExists("x", value=2), IsEnv("test"), crashed, inacted]
        ),
        st.sampled_from([FuncCond(opaque_true), FuncCond(opaque_false)]),
        st.builds(lambda span: retry(2, delay=span), spans),
        st.builds(lambda span: scheduler_running(more_than=span), spans),
        st.builds(after_success, others),
        st.builds(after_fail, others),
        st.builds(after_finish, others),
        st.builds(after_terminate, others),
        st.builds(after_all_success, others, others),
        st.builds(after_any_success, others, others),
        st.builds(after_any_fail, others, others),
        st.builds(failed, others),
        st.builds(terminated, others),
        st.builds(lambda name, n: started(name) >= n, others, counts),
        st.builds(lambda name, n: finished(name) < n, others, counts),
        st.builds(lambda name, span: running(name).more_than(span), others, spans),
        st.builds(lambda name, span: running(name).less_than(span), others, spans),
        st.builds(lambda name, span: finished(name).past(span), others, spans),
    )


seconds = st.integers(0, 59).map("{:02}".format)
clocks = st.builds("{:02}:{}0".format, st.integers(0, 23), st.integers(0, 5))
hours = st.integers(0, 23).map("{:02}:00".format)
days = st.sampled_from(["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"])
dates = st.integers(1, 28).map(str)

SCALES = {
    "seconds": Scale(
        SECOND,
        200,
        "s",
        st.one_of(
            on_any_grid(SECOND),
            st.sampled_from([secondly, minutely, hourly]),
            window(minutely, seconds),
            window(time_of_minute, seconds),
            st.builds(lambda name, n: succeeded(name).this_minute >= n, others, counts),
        ),
        st.sampled_from([cron("* * * * *"), cron("*/2 * * * *")]),
        window(time_of_minute, seconds),
    ),
    "minutes": Scale(
        10 * MINUTE,
        30 * 6,
        "min",
        st.one_of(
            on_any_grid(10 * MINUTE),
            st.sampled_from([hourly, daily, weekly, weekly.on("Fri"), time_of_week.on("Thu")]),
            window(daily, clocks),
            window(time_of_day, clocks),
            st.builds(lambda a: hourly.after(f"{a}0:00"), st.integers(1, 5)),
            st.builds(lambda a: time_of_hour.before(f"{a}0:00"), st.integers(1, 5)),
            st.builds(lambda name, n: succeeded(name).today >= n, others, counts),
            st.builds(lambda name: started(name).this_hour, others),
            st.builds(lambda n: finished.today < n, counts),
        ),
        st.sampled_from([cron("20 */3 * * *"), cron("0 5,17 * * 4"), cron("*/30 1-4 * * *")]),
        window(time_of_day, clocks),
    ),
    "hours": Scale(
        HOUR,
        24 * 45,
        "hours",
        st.one_of(
            on_any_grid(HOUR),
            st.sampled_from([daily, weekly, monthly, yearly]),
            window(daily, hours),
            window(weekly, days),
            window(monthly, dates),
            window(time_of_week, days),
            window(time_of_month, dates),
            st.builds(monthly.starting, dates),
            st.builds(lambda name, n: succeeded(name).this_week >= n, others, counts),
            st.builds(lambda name, n: started(name).this_month < n, others, counts),
        ),
        st.sampled_from(
            [cron("0 3 * * *"), cron("0 12 * * Mon"), cron("0 0 1,15 * *"), daily.at("03:00", "04:00")]
        ),
        window(time_of_day, hours),
    ),
}


def schedules(scale: Scale) -> st.SearchStrategy[BaseCondition]:
    """Conditions of a scale, combined."""
    inner = st.recursive(
        scale.leaves,
        lambda part: st.one_of(st.builds(All, part, part), st.builds(Any, part, part), st.builds(Not, part)),
        max_leaves=4,
    )
    retries = st.sampled_from([retry(1), retry(2), retry(2, delay=scale.span(2))])
    return st.one_of(
        inner,
        scale.tops,
        st.builds(lambda a, b: a | b, scale.tops, inner),
        st.builds(lambda a, b: a | b, st.one_of(inner, scale.tops), retries),
        st.builds(lambda a, b: a & b, inner, scale.gates),
    )


@dataclass(frozen=True)
class Plan:
    """One task of a random session."""

    condition: BaseCondition
    duration: int
    fails: tuple[bool, ...]

    def next_run(self, ordinal: int, tick: int) -> tuple[int, Action]:
        return self.duration * tick, Action.FAIL if self.fails[ordinal % len(self.fails)] else Action.SUCCESS


def plans(scale: Scale) -> st.SearchStrategy[Plan]:
    """Tasks of a scale."""
    outcomes = st.lists(st.booleans(), min_size=1, max_size=3).map(tuple)
    return st.builds(Plan, schedules(scale), st.sampled_from([0, 0, 1, 2, 7]), outcomes)


Runs = list[tuple[Instant, str, str]]


class Simulated:
    """Durations and outcomes by plan, for `SimulatedExecutor`."""

    def __init__(self, tasks: dict[str, Plan], tick: int) -> None:
        self.tasks, self.tick = tasks, tick
        self.count = dict.fromkeys(tasks, 0)

    def next_run(self, run_id: str, task_name: str):
        span, action = self.tasks[task_name].next_run(self.count[task_name], self.tick)
        self.count[task_name] += 1
        return span, Outcome(run_id, action)


def by_agenda(scale: Scale, tasks: dict[str, Plan], start: str, zone: str) -> Runs:
    """What the scheduler does."""
    clock = VirtualClock(start, zone)
    session = Session(
        time_func=clock, timezone=zone, execution="main", cycle_sleep=scale.tick / SECOND, timeout="never",
        parameters=PARAMETERS,
    )  # fmt: skip
    model = Simulated(tasks, scale.tick)
    session.executors.register("main", lambda _: SimulatedExecutor("main", clock, model))
    for name, plan in tasks.items():
        session.create_task(func=partial(int), name=name, start_cond=plan.condition)
    session.step(scale.ticks * scale.tick / SECOND)
    rows = [(row.created, row.task_name, str(row.action)) for row in session.get_task_log()]
    session.stop(force=True)
    return rows


def by_brute_force(scale: Scale, tasks: dict[str, Plan], start: str, zone: str) -> Runs:
    """What asking every condition at every tick does."""
    history = FakeHistory()
    views = {name: FakeTask(name) for name in tasks}
    origin = VirtualClock(start, zone).now()
    session = FakeSession(
        history=history,
        tasks=views,
        zone=ZoneInfo(zone),
        scheduler=FakeScheduler(origin),
        parameters=PARAMETERS,
    )
    flying: list[tuple[Instant, int, str, Action, int]] = []
    count, number, rows = dict.fromkeys(tasks, 0), 0, []

    def note(name: str, action: Action, now: Instant, attempt: int = 0) -> None:
        history.add(name, action, now, attempt=attempt)
        rows.append((now / SECOND, name, str(action)))

    for tick in range(scale.ticks + 1):
        now = origin + tick * scale.tick
        done: set[str] = set()
        while True:
            for run in sorted(flying, key=lambda one: one[1]):
                end, _, name, action, attempt = run
                if end <= now:
                    flying.remove(run)
                    views[name].running_since = ()
                    note(name, action, now, attempt)
            ready = []
            for name, plan in tasks.items():
                context = Context(now, now - origin, session, views[name])
                if name in done or views[name].running_since or not plan.condition.holds(context):
                    continue
                scheduled = plan.condition.holds(
                    Context(now, now - origin, session, views[name], retries=False)
                )
                ready.append((name, 0 if scheduled else history.attempt(name) + 1))
            for name, attempt in ready:
                span, action = tasks[name].next_run(count[name], scale.tick)
                count[name] += 1
                number += 1
                done.add(name)
                views[name].running_since = (now,)
                note(name, Action.RUN, now, attempt)
                flying.append((now + span, number, name, action, attempt))
            if not ready and not any(end <= now for end, *_ in flying):
                break
    return rows


PARAMETERS = {"x": 1, "env": "test"}
NIGHTS = [
    ("2026-01-01 00:00", "UTC"),
    ("2026-03-28 20:00", "Europe/Helsinki"),
    ("2026-10-24 20:00", "Europe/Helsinki"),
    ("2026-03-07 20:00", "America/New_York"),
    ("2026-10-31 20:00", "America/New_York"),
]


@pytest.mark.slow
@pytest.mark.parametrize("scale", SCALES.values(), ids=SCALES)
@settings(max_examples=80, deadline=None)
@given(data=st.data(), where=st.sampled_from(NIGHTS))
def test_the_agenda_makes_the_runs_that_brute_force_makes(scale, data, where):
    """For random conditions, durations and outcomes, over the nights when clocks change."""
    drawn = data.draw(st.lists(plans(scale), min_size=1, max_size=3))
    tasks = dict(zip(NAMES, drawn, strict=False))
    assert by_agenda(scale, tasks, *where) == by_brute_force(scale, tasks, *where)
