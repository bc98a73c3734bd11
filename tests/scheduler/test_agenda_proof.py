"""The proof of the agenda: it makes exactly the runs that asking every condition at every tick makes.

Random sessions run twice: once by the scheduler, which looks only where the agenda says, on a virtual
clock with simulated runs; once by a brute-force loop over a naive history. Everything in these
sessions (windows, intervals, durations, the cycle) falls on a grid of ten minutes, so that both meet
the same instants.
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
from rocket_magic.conditions import All, Any, BaseCondition, Not
from rocket_magic.conds import (
    after_any_success,
    after_fail,
    after_finish,
    after_success,
    cron,
    daily,
    every,
    failed,
    false,
    finished,
    hourly,
    retry,
    running,
    started,
    succeeded,
    time_of_day,
    time_of_hour,
    time_of_week,
    true,
    weekly,
)
from rocket_magic.execution import Outcome
from rocket_magic.forecast import SimulatedExecutor
from rocket_magic.instants import MINUTE, SECOND, Instant
from tests.conditions.fakes import FakeHistory, FakeScheduler, FakeSession, FakeTask

TICK = 10 * MINUTE
TICKS = 30 * 6
NAMES = ("a", "b", "c")

clocks = st.builds("{:02}:{}0".format, st.integers(0, 23), st.integers(0, 5))
others = st.sampled_from(NAMES)


@st.composite
def windows(draw, condition):
    """A daily window on the grid."""
    first, second = draw(st.lists(clocks, min_size=2, max_size=2, unique=True))
    return condition.between(first, second)


leaves = st.one_of(
    st.builds(
        lambda n, based: every(f"{n * 10} min", based=based), st.integers(1, 40), st.sampled_from(["run", "finish"])
    ),
    st.sampled_from([true, false, hourly, daily, weekly, retry(1), retry(3), running, ~running]),
    st.builds(lambda n: retry(2, delay=f"{n * 10} min"), st.integers(1, 5)),
    windows(daily),
    windows(time_of_day),
    st.builds(lambda a: hourly.after(f"{a}0:00"), st.integers(1, 5)),
    st.builds(lambda a: time_of_hour.before(f"{a}0:00"), st.integers(1, 5)),
    st.sampled_from([weekly.on("Fri"), time_of_week.on("Thu")]),
    st.builds(after_success, others),
    st.builds(after_fail, others),
    st.builds(after_finish, others),
    st.builds(after_any_success, others, others),
    st.builds(lambda name, n: succeeded(name).today >= n, others, st.integers(1, 4)),
    st.builds(lambda name: started(name).this_hour, others),
    st.builds(failed, others),
    st.builds(lambda n: finished.today < n, st.integers(1, 3)),
    st.builds(lambda name, n: running(name).more_than(f"{n * 10} min"), others, st.integers(1, 4)),
)  # fmt: skip

conditions = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(All, inner, inner),
        st.builds(Any, inner, inner),
        st.builds(Not, inner),
    ),
    max_leaves=4,
)
crons = st.sampled_from([cron("20 */3 * * *"), cron("0 5,17 * * 4"), cron("*/30 1-4 * * *")])
"""Only on top: the end of a cron minute, where `~cron` turns true, is off the grid."""

schedules = st.one_of(
    conditions,
    crons,
    st.builds(lambda a, b: a | b, crons, conditions),
    st.builds(
        lambda a, b: a | b, conditions, st.sampled_from([retry(1), retry(2), retry(2, delay="20 min")])
    ),
    st.builds(lambda a, b: a & b, conditions, windows(time_of_day)),
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
    schedules,
    st.sampled_from([0, 0, 1, 2, 7]),
    st.lists(st.booleans(), min_size=1, max_size=3).map(tuple),
)
Runs = list[tuple[Instant, str, str]]


class Simulated:
    """Durations and outcomes by plan, for `SimulatedExecutor`."""

    def __init__(self, tasks: dict[str, Plan]) -> None:
        self.tasks = tasks
        self.count = dict.fromkeys(tasks, 0)

    def next_run(self, run_id: str, task_name: str):
        span, action = self.tasks[task_name].next_run(self.count[task_name])
        self.count[task_name] += 1
        return span, Outcome(run_id, action)


def by_agenda(tasks: dict[str, Plan], start: str, zone: str) -> Runs:
    """What the scheduler does."""
    clock = VirtualClock(start, zone)
    session = Session(
        time_func=clock, timezone=zone, execution="main", cycle_sleep=TICK / SECOND, timeout="never",
        silence_cond_check=False,
    )  # fmt: skip
    model = Simulated(tasks)
    session.executors.register("main", lambda _: SimulatedExecutor("main", clock, model))
    for name, plan in tasks.items():
        session.create_task(func=partial(int), name=name, start_cond=plan.condition)
    session.step(TICKS * TICK / SECOND)
    rows = [(row.created, row.task_name, str(row.action)) for row in session.get_task_log()]
    session.stop(force=True)
    return rows


def by_brute_force(tasks: dict[str, Plan], start: str, zone: str) -> Runs:
    """What asking every condition at every tick does."""
    history = FakeHistory()
    views = {name: FakeTask(name) for name in tasks}
    session = FakeSession(history=history, tasks=views, zone=ZoneInfo(zone), scheduler=FakeScheduler())
    origin = VirtualClock(start, zone).now()
    flying: list[tuple[Instant, int, str, Action, int]] = []
    count, number, rows = dict.fromkeys(tasks, 0), 0, []

    def note(name: str, action: Action, now: Instant, attempt: int = 0) -> None:
        history.add(name, action, now, attempt=attempt)
        rows.append((now / SECOND, name, str(action)))

    for tick in range(TICKS + 1):
        now = origin + tick * TICK
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
                span, action = tasks[name].next_run(count[name])
                count[name] += 1
                number += 1
                done.add(name)
                views[name].running_since = (now,)
                note(name, Action.RUN, now, attempt)
                flying.append((now + span, number, name, action, attempt))
            if not ready and not any(end <= now for end, *_ in flying):
                break
    return rows


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(
    st.lists(plans, min_size=1, max_size=3),
    st.sampled_from(
        [
            ("2026-01-01 00:00", "UTC"),
            ("2026-03-28 20:00", "Europe/Helsinki"),
            ("2026-10-24 20:00", "Europe/Helsinki"),
            ("2026-03-07 20:00", "America/New_York"),
        ]
    ),
)
def test_the_agenda_makes_the_runs_that_brute_force_makes(drawn, where):
    """For random conditions, durations and outcomes, over the nights when clocks change."""
    tasks = dict(zip(NAMES, drawn, strict=False))
    assert by_agenda(tasks, *where) == by_brute_force(tasks, *where)
