"""Hypothesis strategies for conditions of every kind; the agenda's proof has its own, on a grid."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import reject
from hypothesis import strategies as st

from rocket_magic.conditions import (
    All,
    Any,
    BaseCondition,
    DependCrash,
    DependFailure,
    DependFinish,
    DependInaction,
    DependSuccess,
    DependTerminate,
    IsEnv,
    IsPeriod,
    Not,
    ParamExists,
    TaskExecutable,
    TaskFailed,
    TaskFinished,
    TaskRunnable,
    TaskSucceeded,
)
from rocket_magic.conds import (
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
    time_of_week,
    time_of_year,
    true,
    weekly,
    yearly,
)
from rocket_magic.exc import ScheduleError
from rocket_magic.time import All as AllPeriods
from rocket_magic.time import Any as AnyPeriod
from rocket_magic.time import (
    Cron,
    RelativeDay,
    StaticInterval,
    TimeDelta,
    TimeOfDay,
    TimeOfHour,
    TimeOfMonth,
    TimeOfWeek,
    TimeOfYear,
    TimePeriod,
    TimeSpanDelta,
    always,
    never,
)

TASKS = ("load", "clean up", "report")
"""Tasks that the conditions of `conditions()` refer to, when no other names are given."""

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

spans = st.builds(
    lambda number, unit: f"{number} {unit}",
    st.integers(1, 90),
    st.sampled_from(["ms", "sec", "min", "hour", "days", "weeks"]),
)
clocks = st.builds(lambda hour, minute: f"{hour:02}:{minute:02}", st.integers(0, 23), st.integers(0, 59))
minutes = st.builds(lambda minute, second: f"{minute:02}:{second:02}", st.integers(0, 59), st.integers(0, 59))
seconds = st.integers(0, 59).map(lambda second: f"{second:02}")
days = st.sampled_from(DAYS)
dates = st.integers(1, 28).map(str)
month_names = st.sampled_from(["Jan", "Feb", "Mar", "Jun", "Sep", "Dec"])
names = st.text(st.characters(exclude_categories=()), min_size=1, max_size=12)
"""Any text at all, surrogates and control characters included."""


def _sound(make: Callable[..., BaseCondition], *values: str) -> BaseCondition:
    """Make a window; draw again when the values leave no time in it."""
    try:
        return make(*values)
    except ScheduleError:
        reject()


@st.composite
def windows(draw: st.DrawFn, condition: BaseCondition, values: st.SearchStrategy[str]) -> BaseCondition:
    """Take a part of a calendar unit."""
    method = draw(
        st.sampled_from(["whole", "before", "after", "between", "at", "several", "starting", "parts", "days"])
    )
    if method == "whole":
        return condition
    if method == "several":
        return _sound(condition.at, *draw(st.lists(values, min_size=2, max_size=3, unique=True)))
    if method == "parts":
        return _sound(condition.starting, *draw(st.lists(values, min_size=2, max_size=3, unique=True)))
    if method == "days":
        return _hours_of_days(draw, condition)
    if method == "between":
        first, second = draw(st.lists(values, min_size=2, max_size=2, unique=True))
        return _sound(condition.between, first, second)
    return _sound(getattr(condition, method), draw(values))


def _hours_of_days(draw: st.DrawFn, condition: BaseCondition) -> BaseCondition:
    """Take a part of days of a week, month or year; a plain part of shorter units."""
    unit = type(condition.period)
    if unit not in _SOME_DAYS:
        return condition
    named = condition.on(*draw(st.lists(_SOME_DAYS[unit], min_size=1, max_size=3, unique=True)))
    method = draw(st.sampled_from(["before", "after", "between", "at"]))
    number = 2 if method == "between" else 1
    return _sound(
        getattr(named, method), *draw(st.lists(clocks, min_size=number, max_size=2, unique=True))[:number]
    )


_SOME_DAYS = {
    TimeOfWeek: days,
    TimeOfMonth: st.sampled_from(["1st", "15th", "31st", "last"]),
    TimeOfYear: st.sampled_from(["Feb 29", "Dec 24", "Jan 1"]),
}

moments = st.datetimes(timezones=st.none() | st.timezones()).map(lambda moment: moment.replace(fold=0))


@st.composite
def static_intervals(draw: st.DrawFn) -> TimePeriod:
    """Draw a fixed window."""
    bounds = [draw(st.none() | moments), draw(st.none() | moments)]
    try:
        return StaticInterval(*bounds)
    except (ScheduleError, OverflowError):
        reject()


_lengths = st.just(0) | spans
stretches = st.one_of(
    st.sampled_from(["today", "yesterday", "tomorrow", "the_day_before"]).map(RelativeDay),
    st.builds(TimeDelta, spans, _lengths),
    st.builds(lambda near, far: _sound(TimeSpanDelta, near, far), _lengths, st.none() | spans),
)
simple_periods = st.one_of(
    static_intervals(),
    st.builds(lambda first, last: _sound(TimeOfDay, first, last), clocks, clocks),
    st.sampled_from(
        [
            always,
            never,
            TimeOfHour.before("30:00"),
            TimeOfWeek("Mon", "Fri"),
            TimeOfWeek.on("Sat").during(TimeOfDay.after("20:00")),
            Cron("*/5 9-16 * * Mon-Fri"),
            Cron("*/10 * * * * *", seconds=True),
        ]
    ),
)
periods = st.recursive(
    simple_periods,
    lambda inner: st.one_of(
        st.builds(lambda a, b: a & b, inner, inner), st.builds(lambda a, b: a | b, inner, inner)
    ),
    max_leaves=4,
)
"""Periods of every kind, single and combined."""

day_parts = st.lists(
    st.builds(lambda first, last: _sound(TimeOfDay, first, last), clocks, clocks), min_size=2, max_size=3
)


@st.composite
def over_odd_periods(draw: st.DrawFn, tasks: st.SearchStrategy[str]) -> BaseCondition:
    """Draw conditions over any period."""
    kind = draw(st.sampled_from(["clock", "once", "start", "records", "parts"]))
    own = draw(st.none() | tasks)
    if kind == "clock":
        return IsPeriod(draw(periods | stretches))
    if kind == "start":
        return TaskRunnable(own, period=draw(periods))
    if kind == "once":
        condition = TaskExecutable(own, period=draw(periods))
        gated = draw(st.booleans()) and not isinstance(
            condition.period, (TimeOfDay, TimeOfHour, TimeOfWeek, TimeOfMonth, TimeOfYear)
        )
        return condition.on("weekdays").between("09:00", "17:00") if gated else condition
    happened = draw(st.sampled_from([TaskSucceeded, TaskFailed, TaskFinished]))
    if kind == "records":
        condition = _sound(happened, own, draw(stretches | static_intervals()))
    else:
        combine = draw(st.sampled_from([AnyPeriod, AllPeriods]))
        condition = happened(own, combine(*draw(day_parts)))
    return draw(counted(condition))


_UNITS = (
    (minutely, time_of_minute, "this_minute", seconds),
    (hourly, time_of_hour, "this_hour", minutes),
    (daily, time_of_day, "this_day", clocks),
    (weekly, None, "this_week", days),
    (weekly, time_of_week, "this_week", days),
    (monthly, time_of_month, "this_month", dates),
    (yearly, time_of_year, "this_year", month_names),
)


@st.composite
def once(draw: st.DrawFn) -> BaseCondition:
    """Draw `daily…` and its like, some with days."""
    base, _, _, values = draw(st.sampled_from(_UNITS))
    condition = draw(windows(base, values))
    if base in (hourly, daily) and draw(st.booleans()):
        condition = condition.on(
            *draw(st.sampled_from([("weekdays",), ("weekends",), ("Mon", "Wed"), ("Fri-Sun",)]))
        )
        if base == hourly and draw(st.booleans()):
            condition = _sound(condition.between, draw(clocks), draw(clocks))
    return condition


@st.composite
def intervals(draw: st.DrawFn) -> BaseCondition:
    """Draw `every(…)`, some with days and hours."""
    condition = every(draw(spans), based=draw(st.sampled_from(["run", "success", "fail", "finish"])))
    if draw(st.booleans()):
        condition = condition.on(*draw(st.sampled_from([("weekdays",), ("Sat",), ("Mon", "Thu")])))
    if draw(st.booleans()):
        first, second = draw(st.lists(clocks, min_size=2, max_size=2, unique=True))
        makes = (
            (condition.before, ("10:30",)),
            (condition.after, ("20:00",)),
            (condition.between, (first, second)),
        )
        make, values = draw(st.sampled_from(makes))
        condition = _sound(make, *values)
    return condition


_SIGNS = ("__ge__", "__gt__", "__le__", "__lt__", "__eq__", "__ne__")


@st.composite
def counted(draw: st.DrawFn, condition: BaseCondition) -> BaseCondition:
    """Compare a counting condition with a number, or not."""
    if draw(st.booleans()):
        return condition
    return getattr(condition, draw(st.sampled_from(_SIGNS)))(draw(st.integers(0, 4)))


@st.composite
def happenings(draw: st.DrawFn, tasks: st.SearchStrategy[str]) -> BaseCondition:
    """Draw `failed…` and its like."""
    condition = draw(st.sampled_from([started, succeeded, failed, terminated, inacted, crashed, finished]))
    if draw(st.booleans()):
        condition = condition(draw(tasks))
    kind = draw(st.sampled_from(["ever", "past", "unit"]))
    if kind == "past":
        condition = condition.past(draw(spans))
    if kind == "unit":
        _, _, attribute, values = draw(st.sampled_from(_UNITS))
        condition = draw(windows(getattr(condition, attribute), values))
    return draw(counted(condition))


@st.composite
def runnings(draw: st.DrawFn, tasks: st.SearchStrategy[str]) -> BaseCondition:
    """Draw `running…`."""
    condition = running(draw(tasks)) if draw(st.booleans()) else running
    kind = draw(st.sampled_from(["any", "more_than", "less_than", "between"]))
    if kind == "between":
        condition = condition.between("5 sec", "1 hour")
    elif kind != "any":
        condition = getattr(condition, kind)(draw(spans))
    return draw(counted(condition))


retries = st.builds(
    retry,
    st.none() | st.integers(0, 5),
    st.just(0) | spans,
    st.sampled_from([1, 1.5, 2, 3.25]),
    st.none() | spans,
    st.just(0) | spans,
)
_pipelines = st.sampled_from(
    [DependSuccess, DependFailure, DependFinish, DependTerminate, DependInaction, DependCrash]
)
clock_only = st.one_of(
    st.sampled_from([crontime("* 9-16 * * Mon-Fri"), crontime("*/10 * * * * *", seconds=True)]),
    *(windows(clock, values) for _, clock, _, values in _UNITS if clock is not None),
)
crons = st.sampled_from(
    [cron("*/5 * * * *"), cron("0 10 1,15 * *"), cron("30 2 * * Sun"), cron("*/20 * * * * *", seconds=True)]
)
scheduling = st.sampled_from(
    [
        scheduler_running,
        scheduler_running(more_than="10 min"),
        scheduler_running(less_than="2 hours"),
        scheduler_running("1 min", "1 hour"),
        scheduler_cycles(more_than=3),
        scheduler_cycles(more_than=3, less_than=9),
        scheduler_cycles >= 2,
    ]
)


plain_values = st.recursive(
    st.one_of(st.integers(), st.text(max_size=5), st.booleans(), st.none(), st.binary(max_size=3)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.tuples(inner, inner),
        st.dictionaries(st.text(max_size=3), inner, max_size=2),
    ),
    max_leaves=4,
)
"""What a literal of Python can say, and floats."""


def leaves(tasks: st.SearchStrategy[str] = st.sampled_from(TASKS)) -> st.SearchStrategy[BaseCondition]:  # noqa: B008  a strategy never changes
    """Draw a single condition of any kind that has a text form."""
    parameters = st.one_of(
        names.map(ParamExists),
        names.map(IsEnv),
        st.builds(
            lambda key, value: ParamExists(**{key: value}),
            names,
            st.one_of(names, st.integers(), st.booleans(), st.none(), plain_values),
        ),
    )
    foreign = st.one_of(
        st.builds(lambda kind, other, own: kind(other, task=own), _pipelines, tasks, st.none() | tasks),
        st.builds(lambda task: TaskExecutable(task, period=TimeOfDay("10:00", "12:00")), tasks),
        st.builds(lambda task: TaskRunnable(task, period=cron("*/5 * * * *").period), tasks),
    )
    return st.one_of(
        st.sampled_from([true, false, secondly]),
        once(),
        intervals(),
        crons,
        clock_only,
        happenings(tasks),
        runnings(tasks),
        retries,
        scheduling,
        parameters,
        foreign,
        over_odd_periods(tasks),
    )


def conditions(tasks: st.SearchStrategy[str] = st.sampled_from(TASKS)) -> st.SearchStrategy[BaseCondition]:  # noqa: B008  the same
    """Draw conditions, single and combined.

    Args:
        tasks: Names of tasks that they refer to.
    """
    return st.recursive(
        leaves(tasks),
        lambda inner: st.one_of(
            st.builds(All, inner, inner),
            st.builds(Any, inner, inner),
            inner.map(Not),
        ),
        max_leaves=5,
    )
