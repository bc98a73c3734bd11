"""The proof of the agenda: it makes exactly the runs that asking every condition at every tick makes.

Random sessions run twice: once by the scheduler, which looks only where the agenda says, on a virtual
clock with simulated runs; once by a brute-force loop over a naive history. Everything in these
sessions (windows, intervals, durations, the cycle) falls on a grid, so that both meet the same instants:
of seconds for what lives within minutes, of minutes for cron and its opposite, of ten minutes for a day and
its nights, of hours for months.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any as AnyType
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st

from rocket_magic import Session, VirtualClock, conditions, conds
from rocket_magic._protocols import Action, Context
from rocket_magic.conditions import (
    All,
    Any,
    BaseCondition,
    FuncCond,
    IsEnv,
    IsPeriod,
    Not,
    ParamExists,
    TaskExecutable,
    TaskReturned,
    TaskRunnable,
)
from rocket_magic.conds import (
    after_all_fail,
    after_all_finish,
    after_all_success,
    after_any_fail,
    after_any_finish,
    after_any_success,
    after_crash,
    after_fail,
    after_finish,
    after_inaction,
    after_success,
    after_terminate,
    condition,
    crashed,
    cron,
    crontime,
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
    scheduler_cycles,
    scheduler_running,
    secondly,
    started,
    succeeded,
    terminated,
    time_of_day,
    time_of_hour,
    time_of_minute,
    time_of_month,
    time_of_second,
    time_of_week,
    time_of_year,
    true,
    weekly,
    yearly,
)
from rocket_magic.execution import Outcome
from rocket_magic.forecast import SimulatedExecutor
from rocket_magic.instants import HOUR, MINUTE, SECOND, Instant
from rocket_magic.time import Cron, TimeOfDay, TimeOfHour, TimeOfMinute, TimeOfWeek
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


@condition()
def opaque_false() -> bool:
    """Another one."""
    return False


@dataclass(frozen=True)
class OwnCondition(BaseCondition):
    """A user's own class."""

    answer: bool

    def get_state(self) -> bool:
        return self.answer


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
        st.sampled_from([FuncCond(opaque_true), opaque_false, OwnCondition(answer=True)]),
        st.sampled_from([scheduler_running, scheduler_cycles]),
        st.builds(lambda n: scheduler_cycles(more_than=n), st.integers(0, 60)),
        st.builds(lambda n, m: scheduler_cycles(n, n + m), st.integers(0, 60), st.integers(2, 60)),
        st.builds(lambda n: scheduler_cycles != n, counts),
        st.builds(TaskReturned, others, st.none() | st.integers(1, 40).map(lambda n: n * tick)),
        st.builds(lambda span: retry(2, delay=span), spans),
        st.builds(lambda span: scheduler_running(more_than=span), spans),
        st.builds(after_success, others),
        st.builds(after_fail, others),
        st.builds(after_finish, others),
        st.builds(after_terminate, others),
        st.builds(after_all_success, others, others),
        st.builds(after_inaction, others),
        st.builds(after_crash, others),
        st.builds(after_any_success, others, others),
        st.builds(after_any_fail, others, others),
        st.builds(after_any_finish, others, others),
        st.builds(after_all_fail, others, others),
        st.builds(after_all_finish, others, others),
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
crons = st.sampled_from(
    [
        "* * * * *",
        "*/7 * * * *",
        "5/15 * * * *",
        "30 2 * * *",
        "30 3 * * *",
        "0-9 1-3 * * Sun",
        "15,45 */2 * * *",
    ]
)
days = st.sampled_from(["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"])
dates = st.integers(1, 28).map(str)

SCALES = {
    "seconds": Scale(
        SECOND,
        200,
        "s",
        st.one_of(
            on_any_grid(SECOND),
            st.sampled_from([secondly, minutely, hourly, time_of_second]),
            st.sampled_from(
                [
                    cron("*/10 * * * * *", seconds=True),
                    ~cron("5,6 * * * * *", seconds=True),
                    crontime("*/7 * * * * *", seconds=True),
                    TaskExecutable(period=TimeOfMinute.before("20") | TimeOfMinute.at("31", "40")),
                    TaskRunnable(period=TimeOfMinute.after("10") & TimeOfMinute.before("50")),
                ]
            ),
            window(minutely, seconds),
            window(time_of_minute, seconds),
            st.builds(lambda name, n: succeeded(name).this_minute >= n, others, counts),
            st.builds(TaskReturned, others, st.just(TimeOfMinute("10", "40"))),
        ),
        st.sampled_from([cron("* * * * *"), cron("*/2 * * * *")]),
        window(time_of_minute, seconds),
    ),
    "cron": Scale(
        MINUTE,
        8 * 60,
        "min",
        st.one_of(
            on_any_grid(MINUTE),
            st.builds(cron, crons),
            st.builds(lambda text: ~cron(text), crons),
            st.builds(crontime, crons),
            st.builds(lambda name, text: TaskRunnable(name, period=Cron(text)), others, crons),
            window(hourly, seconds),
            st.builds(lambda a, b: daily.at(*sorted({a, b})), clocks, clocks),
            st.builds(
                lambda a: every(a).on("Sun").between("22:00", "04:00"), st.sampled_from(["3 min", "1 h"])
            ),
        ),
        st.nothing(),
        window(time_of_day, clocks),
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
            window(hourly.on("Sat", "Sun"), clocks),
            window(weekly.on("Sat"), clocks),
            window(time_of_week.on("Sat", "Sun"), clocks),
            window(every("30 min").on("Sat"), clocks),
            st.sampled_from(
                [IsPeriod(TimeOfWeek.on("Sun") & TimeOfDay("22:00", "04:00")), IsPeriod(TimeOfHour())]
            ),
            st.builds(lambda a: hourly.after(f"{a}0:00"), st.integers(1, 5)),
            st.builds(lambda a: time_of_hour.before(f"{a}0:00"), st.integers(1, 5)),
            st.builds(lambda name, n: succeeded(name).today >= n, others, counts),
            st.builds(lambda name: started(name).this_hour, others),
            st.builds(TaskReturned, others, st.sampled_from([TimeOfDay("22:00", "04:00"), TimeOfHour()])),
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
            st.sampled_from([daily, weekly, monthly, yearly, time_of_year.before("Feb")]),
            window(daily, hours),
            window(weekly, days),
            window(monthly, dates),
            window(time_of_week, days),
            window(time_of_month, dates),
            st.builds(monthly.starting, dates),
            st.builds(lambda name, n: succeeded(name).this_week >= n, others, counts),
            st.builds(lambda name, n: started(name).this_month < n, others, counts),
            st.builds(TaskReturned, others, st.sampled_from([TimeOfWeek("Sat", "Mon"), TimeOfWeek()])),
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
    ends: tuple[Action, ...]

    def next_run(self, ordinal: int, tick: int) -> tuple[int, Action, bool]:
        """How long a run lasts, how it ends, what it returns."""
        return self.duration * tick, self.ends[ordinal % len(self.ends)], ordinal % 3 != 1


def plans(scale: Scale) -> st.SearchStrategy[Plan]:
    """Tasks of a scale."""
    often = [Action.SUCCESS, Action.FAIL]
    actions = st.sampled_from([*often, *often, Action.INACTION, Action.TERMINATE, Action.CRASH])
    outcomes = st.lists(actions, min_size=1, max_size=3).map(tuple)
    return st.builds(Plan, schedules(scale), st.sampled_from([0, 0, 1, 2, 7]), outcomes)


Runs = list[tuple[Instant, str, str]]


class Simulated:
    """Durations and outcomes by plan, for `SimulatedExecutor`."""

    def __init__(self, tasks: dict[str, Plan], tick: int) -> None:
        self.tasks, self.tick = tasks, tick
        self.count = dict.fromkeys(tasks, 0)

    def next_run(self, run_id: str, task_name: str):
        span, action, value = self.tasks[task_name].next_run(self.count[task_name], self.tick)
        self.count[task_name] += 1
        return span, Outcome(run_id, action, value)


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


@dataclass
class ReturningSession(FakeSession):
    """A session that keeps what runs returned."""

    returns: dict[str, AnyType] = field(default_factory=dict)


def by_brute_force(scale: Scale, tasks: dict[str, Plan], start: str, zone: str) -> Runs:
    """What asking every condition at every tick does."""
    history = FakeHistory()
    views = {name: FakeTask(name) for name in tasks}
    origin = VirtualClock(start, zone).now()
    session = ReturningSession(
        history=history,
        tasks=views,
        zone=ZoneInfo(zone),
        scheduler=FakeScheduler(origin),
        parameters=PARAMETERS,
    )
    flying: list[tuple[Instant, int, str, Action, int, bool]] = []
    count, number, rows = dict.fromkeys(tasks, 0), 0, []

    def note(name: str, action: Action, now: Instant, attempt: int = 0) -> None:
        history.add(name, action, now, attempt=attempt)
        rows.append((now / SECOND, name, str(action)))

    for tick in range(scale.ticks + 1):
        now = origin + tick * scale.tick
        session.scheduler.n_cycles += 1
        done: set[str] = set()
        while True:
            for run in sorted(flying, key=lambda one: one[1]):
                end, _, name, action, attempt, value = run
                if end <= now:
                    flying.remove(run)
                    views[name].running_since = ()
                    if action == Action.SUCCESS:
                        session.returns[name] = value
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
                span, action, value = tasks[name].next_run(count[name], scale.tick)
                count[name] += 1
                number += 1
                done.add(name)
                views[name].running_since = (now,)
                note(name, Action.RUN, now, attempt)
                flying.append((now + span, number, name, action, attempt, value))
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


NOT_PROVED: dict[type[BaseCondition], str] = {}
"""Public condition classes that the proof leaves out, each with the reason."""


def nodes(condition: BaseCondition) -> Iterator[BaseCondition]:
    """A condition and all its parts."""
    yield condition
    for child in condition.children:
        yield from nodes(child)


def public_classes() -> list[type[BaseCondition]]:
    """Every condition class that users can name, and those that public functions and decorators make."""
    public = [getattr(conditions, name) for name in conditions.__all__]
    short = [type(getattr(conds, name)) for name in conds.__all__]
    classes = {one for one in (*public, *short, TaskReturned) if isinstance(one, type)}
    return sorted((one for one in classes if issubclass(one, BaseCondition)), key=lambda one: one.__name__)


@pytest.mark.parametrize("kind", public_classes(), ids=lambda kind: kind.__name__)
def test_the_proof_covers_every_public_condition(kind):
    """The generator of the proof makes every public class of conditions; a new one must be put in."""
    if kind in NOT_PROVED:
        assert NOT_PROVED[kind]
        return
    anything = st.one_of([schedules(scale) for scale in SCALES.values()])

    def has_one(drawn: BaseCondition) -> bool:
        return any(
            isinstance(node, OwnCondition) if kind is BaseCondition else type(node) is kind
            for node in nodes(drawn)
        )

    few = settings(
        max_examples=20_000, database=None, derandomize=True, deadline=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    assert find(anything, has_one, settings=few) is not None


def test_the_proof_uses_every_short_name():
    """Each name of `rocket_magic.conds` is used here (an import that is not used would be removed)."""
    assert [name for name in conds.__all__ if name not in vars(sys.modules[__name__])] == []
