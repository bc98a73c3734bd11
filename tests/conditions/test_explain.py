# ruff: noqa: E501  the table reads best with a row to a line
"""Every condition explains itself, and what it foretells comes true when the clock is moved there."""

from __future__ import annotations

import pytest

import rocket_magic.conditions as classes
from rocket_magic import conds as c
from rocket_magic.conditions import (
    AlwaysFalse,
    BaseCondition,
    DependCrash,
    DependFailure,
    DependFinish,
    DependInaction,
    DependSuccess,
    DependTerminate,
    FuncCond,
    IsEnv,
    IsPeriod,
    ParamExists,
    TaskExecutable,
    TaskReturned,
    TaskRunnable,
    TaskSucceeded,
)
from rocket_magic.instants import HOUR, NEVER, POLL
from rocket_magic.time import RelativeDay, StaticInterval, TimeDelta, TimeOfDay, TimeOfWeek, TimeSpanDelta

from .fakes import FakeSession, at

NOW = "2024-05-08 12:00"
"""A Wednesday."""

RAN = (("me", "run", "09:00"), ("me", "success", "09:05"))
FAILED = (("me", "run", "11:00"), ("me", "fail", "11:58"))
LOADED = (("load", "run", "10:00"), ("load", "success", "10:30"))


def _yes() -> bool:
    """A user's function."""
    return True


ROWS = [
    # condition, records of today, state, reason, will change at
    (c.true, (), True, "always true", None),
    (c.false, (), False, "always false", None),
    (c.secondly, (), True, "not run since today at 12:00, open until today at 12:00:01", "05-08 12:00:01"),
    (c.minutely, RAN, True, "not run since today at 12:00, open until today at 12:01", "05-08 12:01"),
    (c.hourly.before("30:00"), (), True, "not run since today at 12:00, open until today at 12:30", "05-08 12:30"),
    (c.daily, RAN, False, "ended today at 09:05; next tomorrow at 00:00", "05-09 00:00"),
    (c.daily.after("14:00"), (), False, "opens today at 14:00", "05-08 14:00"),
    (c.weekly.on("Sun").after("03:00"), (), False, "opens on Sun 2024-05-12 at 03:00", "05-12 03:00"),
    (c.monthly.on("last"), (), False, "opens on Fri 2024-05-31 at 00:00", "05-31 00:00"),
    (c.yearly.before("Jun"), RAN, False, "ended today at 09:05; next on Wed 2025-01-01 at 00:00", "2025-01-01 00:00"),
    (TaskExecutable("load", period=TimeOfDay()), LOADED, False,
     "ended today at 10:30; next tomorrow at 00:00", "05-09 00:00"),
    (TaskRunnable(period=TimeOfDay("10:00", "13:00")), (), True, "due, open until today at 13:00", "05-08 13:00"),
    (c.cron("30 * * * *"), (), False, "next today at 12:30", "05-08 12:30"),
    (c.crontime("0 12 * * *"), RAN, True, "open until today at 12:01", "05-08 12:01"),
    (c.every("1 hour"), FAILED, True, "last start today at 11:00", None),
    (c.every("4 hours", based="success"), RAN, False, "last success today at 09:05; due today at 13:05", "05-08 13:05"),
    (c.every("1 min").on("weekdays").between("09:00", "17:00"), RAN, True, "last start today at 09:00", "05-08 17:00"),
    (c.time_of_second.before("500 ms"), (), True, "open until today at 12:00:00.500", "05-08 12:00:00.500000"),
    (c.time_of_minute.after("30"), (), False, "opens today at 12:00:30", "05-08 12:00:30"),
    (c.time_of_hour.after("15:00"), (), False, "opens today at 12:15", "05-08 12:15"),
    (c.time_of_day.between("10:00", "12:30"), (), True, "open until today at 12:30", "05-08 12:30"),
    (c.time_of_week.on("Fri"), (), False, "opens on Fri 2024-05-10 at 00:00", "05-10 00:00"),
    (c.time_of_month.before("10th"), (), True, "open until Sat 2024-05-11 at 00:00", "05-11 00:00"),
    (c.time_of_year.on("Feb 29"), (), False, "opens on Tue 2028-02-29 at 00:00", "2028-02-29 00:00"),
    (IsPeriod(StaticInterval("2024-06-01")), (), False, "opens on Sat 2024-06-01 at 00:00", "06-01 00:00"),
    (IsPeriod(StaticInterval(None, "2024-05-01")), (), False, "never opens again", None),
    (IsPeriod(TimeOfDay.before("18:00") & TimeOfWeek("Mon", "Wed")), (), True, "open until today at 18:00",
     "05-08 18:00"),
    (IsPeriod(TimeDelta("1 hour")), (), True, "open for ever", None),
    (c.started("load"), LOADED, True, "started today at 10:00", None),
    (c.succeeded.today, RAN, True, "succeeded today at 09:05, counts until tomorrow at 00:00", "05-09 00:00"),
    (c.failed.past("1 hour"), FAILED, True, "failed today at 11:58, counts until today at 12:58", "05-08 12:58"),
    (c.terminated, (("me", "terminate", "11:00"),), True, "terminated today at 11:00", None),
    (c.inacted.this_week, (("me", "inaction", "11:00"),), True,
     "inacted today at 11:00, counts until Mon 2024-05-13 at 00:00", "05-13 00:00"),
    (c.crashed, (), False, "never crashed", None),
    (c.finished("load").this_hour, LOADED, False, "finished today at 10:30", None),
    (c.succeeded.today >= 2, RAN, False, "once today, last succeeded today at 09:05", None),
    (c.succeeded.today < 1, RAN, False, "once today, last succeeded today at 09:05", "05-09 00:00"),
    (TaskSucceeded(period=RelativeDay("yesterday")), RAN, False, "succeeded today at 09:05", "05-09 00:00"),
    (TaskSucceeded(period=TimeSpanDelta("3 hours", "4 hours")), RAN, False, "succeeded today at 09:05",
     "05-08 12:05:00.000001"),
    (TaskSucceeded(period=StaticInterval("2024-05-08")), RAN, True, "succeeded today at 09:05", None),
    (c.running, (), True, "running since today at 11:30", None),
    (c.running("load"), (), False, "task 'load' does not exist (yet)", None),
    (c.running.more_than("1 hour"), (), False, "running since today at 11:30; changes today at 12:30", "05-08 12:30"),
    (c.running <= 1, (), False, "running since today at 11:30", None),
    (c.retry(2), FAILED, True, "failed: retry 1 of 2 is due", None),
    (c.retry(2, delay="5 min"), FAILED, False, "failed: retry 1 of 2 today at 12:03", "05-08 12:03"),
    (c.retry, RAN, False, "the last run has not failed", None),
    (c.scheduler_running, (), True, "the scheduler runs since today at 08:00", None),
    (c.scheduler_running(more_than="5 hours"), (), False,
     "the scheduler runs since today at 08:00; changes today at 13:00", "05-08 13:00"),
    (c.scheduler_cycles(more_than=3), (), True, "7 cycles so far", None),
    (DependSuccess("load"), LOADED, True, "task 'load' succeeded today at 10:30", None),
    (DependFailure("load"), LOADED, False, "task 'load' has never failed", None),
    (DependFinish("load"), (*LOADED, ("me", "run", "11:00")), False,
     "task 'load' finished today at 10:30, before the last start of this task", None),
    (DependTerminate("load"), (), False, "task 'load' does not exist (yet)", None),
    (DependInaction("load"), LOADED, False, "task 'load' has never inacted", None),
    (DependCrash("load"), LOADED, False, "task 'load' has never crashed", None),
    (TaskReturned("load"), LOADED, True, "task 'load' returned a true value today at 10:30", None),
    (TaskReturned("load", 2 * HOUR), LOADED, True,
     "task 'load' returned a true value today at 10:30, which counts until today at 12:30", "05-08 12:30"),
    (TaskReturned("load", HOUR), LOADED, False, "what task 'load' returned today at 10:30 is too old", None),
    (TaskReturned(), RAN, False, "task 'me' returned a false value today at 09:05", None),
    (TaskReturned("no"), (), False, "task 'no' does not exist (yet)", None),
    (TaskReturned(), (), False, "task 'me' has not succeeded yet", None),
    (ParamExists("x"), (), True, "parameter 'x' exists", None),
    (ParamExists(x=2), (), False, "parameter 'x' has another value", None),
    (IsEnv("prod"), (), False, "the environment is 'test'", None),
    (~c.daily.after("14:00"), (), True, "opens today at 14:00", "05-08 14:00"),
    (c.daily & c.time_of_day.after("13:00"), (), False,
     "waits for time of day after 13:00: opens today at 13:00", "05-08 13:00"),
    (c.daily | c.retry(1), RAN, False, "none of 2 is true", "05-09 00:00"),
    (FuncCond(_yes), (), True, "_yes() returned a true value", POLL),
    (FuncCond(_yes) & c.time_of_day.after("13:00"), (), False,
     "waits for time of day after 13:00: opens today at 13:00", "05-08 13:00"),
]  # fmt: skip


OPEN_AGAIN = (c.secondly, c.minutely)
"""Where an unused window ends and the next one opens at once: the answer may change, and does not."""


def _instant(text):
    if text is None:
        return NEVER
    if text == POLL:
        return POLL
    return at(text if text.startswith("20") else f"2024-{text}")


def _situation(records):
    session = FakeSession()
    task = session.task("me")
    if any(name == "load" for name, *_ in records):
        session.task("load")
    for name, action, time in records:
        session.history.add(name, action, f"2024-05-08 {time}")
    session.scheduler.started_at, session.scheduler.n_cycles = at("2024-05-08 08:00"), 7
    session.parameters.update(x=1, env="test")
    session.returns = {"load": [1], "me": []}
    return session, task


def _members(condition):
    return [condition, *(leaf for child in condition.children for leaf in _members(child))]


@pytest.mark.parametrize(
    ("condition", "records", "state", "reason", "change"), ROWS, ids=lambda value: str(value)[:60]
)
def test_explained_and_foretold(condition, records, state, reason, change):
    """State, reason and next change are told; a moment before it nothing has changed, at it the answer has."""
    session, task = _situation(records)
    if any(type(part) is classes.TaskRunning and part.task is None for part in _members(condition)):
        task = session.task("me", "2024-05-08 11:30")
    context = session.context(task, NOW)
    told = condition.explain(context)
    assert (told.state, told.reason, told.changes_at) == (state, reason, _instant(change))
    assert condition.look(context) == (state, told.changes_at)
    assert told.text == str(condition)
    if told.changes_at not in (NEVER, POLL):
        assert condition.holds(context.at(told.changes_at - 1)) is state
        assert condition.holds(context.at(told.changes_at)) is (
            state if condition in OPEN_AGAIN else not state
        )


def test_every_condition_has_a_row():
    """No class of conditions and no short name is left out of the table."""
    shown = [part for row in ROWS for part in _members(row[0])]
    kinds = {
        value
        for value in vars(classes).values()
        if isinstance(value, type) and issubclass(value, BaseCondition) and value is not BaseCondition
    }
    assert kinds - {type(part) for part in shown} - {AlwaysFalse} == set()
    names = {name for name in c.__all__ if isinstance(getattr(c, name), BaseCondition)}
    texts = " ".join(map(repr, shown))
    assert {name for name in names if name not in texts} == set()
