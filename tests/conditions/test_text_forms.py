"""Every public condition and period has a text that parses back to an equal one, or one that is marked."""

from __future__ import annotations

import datetime as dt
import re

import pytest

import rocket_magic.conditions as classes
import rocket_magic.time as periods
from rocket_magic import Rocketry, conds
from rocket_magic.conditions import (
    All,
    AlwaysFalse,
    AlwaysTrue,
    Any,
    BaseCondition,
    CustomPhrase,
    DependCrash,
    DependFailure,
    DependFinish,
    DependInaction,
    DependSuccess,
    DependTerminate,
    Every,
    FuncCond,
    IsEnv,
    IsPeriod,
    Not,
    ParamExists,
    Retry,
    SchedulerCycles,
    SchedulerStarted,
    TaskCond,
    TaskCrashed,
    TaskExecutable,
    TaskFailed,
    TaskFinished,
    TaskInacted,
    TaskReturned,
    TaskRunnable,
    TaskRunning,
    TaskStarted,
    TaskSucceeded,
    TaskTerminated,
    parse_condition,
    rename_tasks,
    task_names,
)
from rocket_magic.conds import (
    after_all_fail,
    after_all_success,
    after_any_fail,
    after_any_success,
    after_fail,
    after_success,
    cron,
    daily,
    every,
    retry,
    running,
    scheduler_cycles,
    scheduler_running,
)
from rocket_magic.exc import ScheduleError
from rocket_magic.instants import HOUR, SECOND
from rocket_magic.time import (
    Cron,
    RelativeDay,
    StaticInterval,
    TimeDelta,
    TimeOfDay,
    TimeOfHour,
    TimeOfMinute,
    TimeOfMonth,
    TimeOfSecond,
    TimeOfWeek,
    TimeOfYear,
    TimePeriod,
    TimeSpanDelta,
    always,
    never,
)


def load():
    """A function that is no task."""


class Own(BaseCondition):
    """A user's own condition."""


def happened(kind):
    """A condition on records in all its forms."""
    return [
        kind(), kind("a"), kind("it's \\ \"x\""), kind(load), kind("a").today,
        kind("a").today.before("10:00"),
        kind().past("90 s"), kind().this_week.on("Sat").between("22:00", "02:00") == 2, kind("a") < 3,
        kind(period=RelativeDay("yesterday")), kind(period=TimeSpanDelta("1 h", "2 h")) != 0,
        kind(period=StaticInterval("2026-03-01", None)),
    ]  # fmt: skip


def pipelines(kind):
    """A condition on another task in all its forms."""
    return [kind("a"), kind("a & b | (c)"), kind(load), kind("a", task="b")]


PERIODS: dict[type, list[TimePeriod]] = {
    TimeOfSecond: [TimeOfSecond(), TimeOfSecond("250 ms", "500 ms"), TimeOfSecond.at(5)],
    TimeOfMinute: [TimeOfMinute(), TimeOfMinute("15.250", "30"), TimeOfMinute.starting("30")],
    TimeOfHour: [TimeOfHour(), TimeOfHour("15:00", "30:00.5"), TimeOfHour("2 quarter"), TimeOfHour(0, 29)],
    TimeOfDay: [
        TimeOfDay(), TimeOfDay("22:00", "02:00"), TimeOfDay("10:00:00.000001", "24:00"), TimeOfDay(10, 11),
        TimeOfDay("10:00", "12:00", right_closed=True), TimeOfDay(starting="06:00"), TimeOfDay.at("23:30",
        "01:00"),
        TimeOfDay.create_range("08:00", "18:00", "2 hours"),
    ],
    TimeOfWeek: [
        TimeOfWeek(), TimeOfWeek("Fri", "Mon"), TimeOfWeek("Fri 17:00", "Mon 09:00"), TimeOfWeek(1, 5),
        TimeOfWeek.on("Sat").during(TimeOfDay("22:00", "02:00")),
    ],
    TimeOfMonth: [TimeOfMonth(), TimeOfMonth("25th", "5th"), TimeOfMonth.on("last"), TimeOfMonth.on(31)],
    TimeOfYear: [TimeOfYear(), TimeOfYear("Nov", "Feb"), TimeOfYear.on("Feb 29"), TimeOfYear("Dec 24 18:00")],
    Cron: [
        Cron("*/5 9-16 * * Mon-Fri"), Cron("0 0 L * *"), Cron("@hourly"), Cron("*/2 * * * * *",
        seconds=True),
    ],
    StaticInterval: [
        StaticInterval(), StaticInterval("2026-03-01", "2026-04-01 10:00"),
        StaticInterval(dt.datetime(2026, 3, 1, tzinfo=dt.UTC), None), StaticInterval(None, "2026-03-01"),
    ],
    TimeDelta: [TimeDelta("2 hours"), TimeDelta("2 hours", "1 hour")],
    TimeSpanDelta: [TimeSpanDelta("1 hour", "2 hours"), TimeSpanDelta("1 hour")],
    RelativeDay: [RelativeDay("today"), RelativeDay("yesterday"), RelativeDay("the_day_before")],
    periods.All: [always, TimeOfHour() & TimeOfDay("08:00", "12:00")],
    periods.Any: [never, TimeOfDay("08:00", "09:00") | (Cron("* 5 * * *") & TimeOfWeek("Mon", "Fri"))],
}  # fmt: skip
"""Examples of every public period."""

CONDITIONS: dict[type, list[BaseCondition]] = {
    AlwaysTrue: [AlwaysTrue()],
    AlwaysFalse: [AlwaysFalse()],
    All: [
        daily & after_success("a"), after_all_success("a", "b"), after_all_fail("a", "b"), All(daily,
        every(1)),
    ],
    Any: [
        daily | retry, after_any_success("a", "b"), after_any_fail("a", "b"),
        (daily & running) | ~retry(2),
    ],
    Not: [~daily, Not(Not(daily)), ~(daily | every("5 min"))],
    IsPeriod: [IsPeriod(one) for group in PERIODS.values() for one in group],
    TaskExecutable: [
        daily, daily.on("weekdays").between("22:00", "02:00"), TaskExecutable("a", period=TimeOfDay()),
        TaskExecutable(load, period=TimeOfDay()),
        *(TaskExecutable(period=one) for group in PERIODS.values() for one in group
          if not isinstance(one, TimeDelta | TimeSpanDelta | RelativeDay)),
    ],
    TaskRunnable: [
        cron("*/5 * * * *"), TaskRunnable("a", period=Cron("@daily")),
        *(TaskRunnable(period=one) for group in PERIODS.values() for one in group
          if not isinstance(one, TimeDelta | TimeSpanDelta | RelativeDay)),
    ],
    Every: [every("10 min"), every(0.001), every("1 week", based="fail").on("Sat").between("22:00", "02:00")],
    Retry: [retry, retry(0), retry(3, delay="1 min", backoff=2, max_delay="1 hour", jitter="3 s")],
    TaskRunning: [
        running, running("a").more_than("5 min"), running(load) >= 2, running.between("1 s",
        "1 min"),
    ],
    TaskReturned: [
        TaskReturned(), TaskReturned("a"), TaskReturned(load, HOUR), TaskReturned("it's", 90 * SECOND),
        TaskReturned(None, SECOND), TaskReturned("a", TimeDelta("5 min")),
        TaskReturned("a", RelativeDay("today")),
        *(TaskReturned("a", one) for group in PERIODS.values() for one in group
          if not isinstance(one, TimeDelta | TimeSpanDelta | RelativeDay)),
    ],
    **{kind: happened(kind) for kind in (
        TaskStarted, TaskSucceeded, TaskFailed, TaskTerminated, TaskInacted, TaskCrashed, TaskFinished)},
    **{kind: pipelines(kind) for kind in (
        DependSuccess, DependFailure, DependFinish, DependTerminate, DependInaction, DependCrash)},
    SchedulerStarted: [
        scheduler_running, scheduler_running("1 min", "1 hour"),
        scheduler_running(less_than=5),
    ],
    SchedulerCycles: [
        scheduler_cycles, scheduler_cycles(more_than=3), scheduler_cycles(1, 9),
        scheduler_cycles != 2,
    ],
    IsEnv: [IsEnv("prod"), IsEnv("it's | & \n")],
    type(ParamExists("x")): [
        ParamExists("x"), ParamExists(x=1.5), ParamExists(x="1"), ParamExists(x=None), ParamExists(x=[1,
        {"a": ()}]),
    ],
    FuncCond: [FuncCond(load), FuncCond(load)(), FuncCond(len)("x")],
    BaseCondition: [Own()],
}  # fmt: skip
"""Examples of every public condition."""

MARKED = {
    FuncCond: "a function has no words until app.cond gives it some",
    BaseCondition: "a user's own class",
}
"""Conditions without a text in the language; theirs is marked."""


def public(module, base):
    """The classes of a kind that a module offers."""
    named = (getattr(module, name) for name in module.__all__)
    return {one for one in named if isinstance(one, type) and issubclass(one, base)}


def test_the_tables_are_whole():
    """A new public condition or period must be put in."""
    short = {type(value) for value in vars(conds).values() if isinstance(value, BaseCondition)}
    assert public(classes, BaseCondition) | short <= set(CONDITIONS)
    assert public(periods, TimePeriod) - {TimePeriod} <= set(PERIODS)
    for kind, examples in {**CONDITIONS, **PERIODS}.items():
        assert any(type(one) is kind or kind is BaseCondition for one in examples), kind


@pytest.mark.parametrize(
    "condition", [one for examples in CONDITIONS.values() for one in examples], ids=lambda one: repr(one)[:60]
)
def test_text_of_conditions(condition):
    """It parses back to an equal condition with an equal hash, alone and in a larger text."""
    kind, text = type(condition), str(condition)
    if kind in MARKED or isinstance(condition, Own):
        assert re.fullmatch(r"<.+>", text)
        with pytest.raises(ScheduleError, match="is a condition written in Python"):
            parse_condition(text)
        return
    for one in (condition, ~condition, condition & daily, daily | condition):
        again = parse_condition(str(one))
        assert again == one
        assert hash(again) == hash(one)
        assert str(again) == str(one)


@pytest.mark.parametrize(
    "period", [one for group in PERIODS.values() for one in group], ids=lambda one: repr(one)[:60]
)
def test_text_of_periods(period):
    """It is a Python expression that gives an equal period, and no phrase."""
    assert str(period) == repr(period)
    again = eval(repr(period), {**vars(periods), "datetime": dt})
    assert again == period
    assert hash(again) == hash(period)
    if period not in (always, never):
        with pytest.raises(ScheduleError):
            parse_condition(str(period))


def test_custom_conditions_in_their_session():
    """A condition with a phrase of its session is written as that phrase, which the session reads."""
    app = Rocketry(execution="main")

    @app.cond("sky is blue")
    def blue():
        return True

    @app.cond(re.compile(r"file (?P<path>\S+) is there"))
    def there(path="x"):
        return True

    @TaskCond(app.session, syntax="data is there", active_time="30 min", name="check")
    def data():
        return True

    assert (str(blue), str(there), str(data)) == (
        "sky is blue", "<there>", "task 'check' has returned true in past 30 min",
    )  # fmt: skip
    assert str(there(path="y")) == "<there(path='y')>"
    for text in (
        "sky is blue",
        "file a.csv is there",
        "data is there",
        "daily & ~sky is blue | data is there",
    ):
        condition = app.session.condition(text)
        assert app.session.condition(str(condition)) == condition
    assert app.session.condition("sky is blue") == blue
    assert app.session.condition("file a.csv is there") == there(path="a.csv")
    assert app.session.condition("data is there") == data == parse_condition(str(data))
    task = app.task(daily & blue & data, func=load, name="t")
    assert app.session.condition(str(task.start_cond)) == task.start_cond


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a & b", "'&' at 3 joins or groups conditions"),
        ("(x", r"'\(' at 1 joins or groups"),
        ("x)", r"'\)' at 2 joins or groups"),
        ("~ no", "'~' at 1 joins"),
        ("  ", "has 1 to 1000 characters"),
        ("x" * 1001, "has 1 to 1000 characters"),
        ("it's there", "the quote that opens at 3|"),
        ("every 5 min", "is a phrase already"),
    ],
)
def test_phrases_that_could_never_be_read_are_refused(text, words):
    """At registration, with the place and another way."""
    if text == "it's there":  # a quote within a word is no quote
        assert CustomPhrase(text, FuncCond(load)).match(text) == FuncCond(load)
        return
    with pytest.raises(ScheduleError, match=words):
        CustomPhrase(text, FuncCond(load))


def test_functions_stand_for_names():
    """A function is equal to the name of its task, before and after it is one."""
    app = Rocketry(execution="main")

    def fetch():
        return 1

    before = after_success(fetch)
    assert before == after_success("fetch") == after_success(fetch)
    assert before != after_success("other")
    assert before != after_fail(fetch)
    app.task(name="get")(fetch)
    assert before == after_success("get") == after_success(fetch)
    assert hash(before) == hash(after_success("get"))
    assert task_names(before) == {"get"}
    assert rename_tasks(before, {"get": "g2"}) == after_success("g2")
    assert rename_tasks(TaskReturned("get", HOUR), {"get": "g2"}) == TaskReturned("g2", HOUR)


def test_a_result_must_count_for_some_time():
    """No time at all can't be meant."""
    with pytest.raises(ScheduleError, match="longer than zero"):
        TaskReturned("a", 0)


def test_own_classes_are_marked():
    """The text of a user's own class never looks like a phrase, whatever its repr is."""
    from dataclasses import dataclass

    @dataclass(frozen=True)
    class Above(BaseCondition):
        level: int

    assert str(Above(3)).startswith("<")
    assert str(Above(3)).endswith("Above(level=3)>")
    assert str(Own()) == "<Own>"
    assert str(conds.condition("as I say")(load)) == "<as I say>"
