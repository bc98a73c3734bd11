"""Tests of conditions whose check is a task: schedule, ways of execution, errors, phrases with values."""

from __future__ import annotations

import re

import pytest

from rocket_magic import Grouper, Rocketry, VirtualClock
from rocket_magic._default_session import set_default_session
from rocket_magic._protocols import EventKind, Watch
from rocket_magic.conditions import FuncCond, TaskCond, TaskReturned
from rocket_magic.conds import daily, every, failed, succeeded
from rocket_magic.exc import DuplicateTaskError, ScheduleError
from rocket_magic.instants import HOUR, MINUTE, NEVER
from rocket_magic.time import RelativeDay, TimeDelta, TimeOfDay, TimeOfHour, TimeSpanDelta, always

from .fakes import FakeSession, at

NOON = at("2024-05-08 12:00")


@pytest.fixture
def app():
    """An application that stands at the first instant of 2026."""
    app = Rocketry(time_func=VirtualClock("2026-01-01", "UTC"), timezone="UTC", execution="main")
    yield app
    app.session.stop()


def starts(app, name):
    """When a task started: "hour:minute" of the first day."""
    rows = app.session.get_task_log(task_name=name, action="run")
    first = app.session.get_task_log()[0].created
    return [f"{int(row.created - first) // 3600}:{int(row.created - first) // 60 % 60:02}" for row in rows]


def test_the_newest_result_counts_for_its_time(app):
    """False before the first; true until it is too old."""
    answers = iter([False, True, False])

    @TaskCond(
        app.session, syntax="data is there", start_cond="every 1 hour", active_time="30 min", name="check"
    )
    def data_is_there():
        return next(answers)

    assert data_is_there == TaskReturned("check", 30 * MINUTE)
    assert data_is_there.observe(session=app.session) is False
    app.task("data is there & every 20 min", name="text", func=lambda: None)
    app.task(data_is_there & every("20 min"), name="python", func=lambda: None)
    app.step("2 hours")
    assert starts(app, "text") == starts(app, "python") == ["1:00", "1:20"]


def test_without_a_time_a_result_counts_until_the_next(app):
    """However long that takes."""
    answers = iter([True, False])
    condition = TaskCond(app.session, start_cond="every 270 min")(lambda: next(answers))
    app.task(condition & every("1 hour"), name="work", func=lambda: None)
    app.step("8 hours")
    assert starts(app, "work") == ["0:00", "1:00", "2:00", "3:00", "4:00"]


def test_a_check_that_raises_leaves_the_result_before(app):
    """It has failed like any task; what was known goes on to count, as long as it is active."""
    answers = iter([True, 0, 0, 0])

    @TaskCond(app.session, start_cond="every 1 hour", active_time="90 min", name="check")
    def check():
        return 1 / next(answers)

    app.task(check & every("30 min"), name="work", func=lambda: None)
    app.step("3 hours")
    assert [str(row.action) for row in app.session["check"].logger.get_records()] == [
        "run", "success", "run", "fail", "run", "fail", "run", "fail"
    ]  # fmt: skip
    assert starts(app, "work") == ["0:00", "0:30", "1:00"]


def check_true():
    """A user's function."""
    return True


@pytest.mark.parametrize("execution", ["main", "async", "thread", "process"])
def test_the_check_runs_in_every_way(execution):
    """The condition becomes true when the run of the check has ended, wherever it was carried out."""
    app = Rocketry()
    condition = TaskCond(app.session, start_cond=every("1 hour"), execution=execution, name="check")(
        lambda: ["something"]
    )
    app.task(condition, name="work", execution="main", func=lambda: None)
    app.session.config.shut_cond = succeeded(task="work") | failed(task="check")
    app.run()
    assert app.session["check"].execution == execution
    assert app.session.returns["check"] == ["something"]


def test_it_is_asked_again_after_the_check_and_at_the_end():
    """The three questions of a check that counts until the end of a window."""
    session = FakeSession()
    session.returns = {"check": True}
    condition = TaskReturned("check", TimeOfDay("10:00", "14:00"))
    assert condition.watches() == {Watch(EventKind.RUN_FINISHED, "check")}
    assert condition.look(session.context(None, NOON)) == (False, NEVER)
    session.history.add("check", "success", "2024-05-08 09:59")
    assert condition.look(session.context(None, NOON)) == (False, NEVER)
    session.history.add("check", "success", "2024-05-08 10:00")
    assert condition.look(session.context(None, NOON)) == (True, NOON + 2 * HOUR)
    assert condition.look(session.context(None, NOON + 2 * HOUR)) == (False, NEVER)
    assert condition.look(session.context(None, NOON + 24 * HOUR)) == (False, NEVER)


@pytest.mark.parametrize(
    ("given", "active"),
    [
        ("10 min", 10 * MINUTE),
        (60, MINUTE),
        (TimeDelta("2 hours"), 2 * HOUR),
        (TimeOfDay("10:00", "12:00"), TimeOfDay("10:00", "12:00")),
        (RelativeDay("today"), TimeOfDay()),
        (always, always),
        (None, None),
    ],
)
def test_forms_of_the_active_time(app, given, active):
    """Durations and periods."""
    condition = TaskCond(app.session, active_time=given, name="check")(lambda: True)
    assert condition == TaskReturned("check", active)


def test_a_period_counts_to_the_end_of_its_window(app):
    """A result of this hour is too old in the next one."""
    TaskCond(app.session, "all is ok", start_cond="daily at 02:20", active_time=TimeOfHour(), name="check")(
        lambda: True
    )
    app.task("all is ok & every 15 min", name="work", func=lambda: None)
    app.step("1 day")
    assert starts(app, "work") == ["0:00", "0:15", "0:30"]
    told = str(app.session["work"].explain())
    assert "what task 'check' returned today at 02:20 is too old" not in told
    assert "what task 'check' returned yesterday at 02:20 is too old" in told


@pytest.mark.parametrize(
    "period", [TimeSpanDelta("1 h", "2 h"), RelativeDay("yesterday"), TimeDelta(0, "1 h"), -1]
)
def test_what_moves_with_now_is_refused(app, period):
    """It has no window at whose end a result is too old."""
    with pytest.raises(ScheduleError):
        TaskCond(app.session, active_time=period)(lambda: True)


def test_refused_moving_periods_say_what_to_write():
    """Also inside a composite."""
    with pytest.raises(ScheduleError) as caught:
        TaskReturned("a", TimeOfDay() & TimeSpanDelta("1 h", "2 h"))
    assert str(caught.value) == (
        "a result counts until the end of a window, and "
        f"{TimeOfDay() & TimeSpanDelta('1 h', '2 h')!r} has none of its own, it moves with now: "
        "use a duration like '10 min' or a period like TimeOfDay()"
    )


def test_phrases_with_values_have_a_check_for_each(app):
    """Values of groups are arguments; the task without them, which can't run, is by hand only."""
    seen = []

    @TaskCond(
        app.session,
        syntax=[re.compile(r"is foo at (?P<place>\w+)"), re.compile(r"(\w+) has foo")],
        start_cond="every 1 hour",
        active_time="1 day",
        parameters={"unit": "m"},
    )
    def is_foo(place, unit):
        """Look for foo."""
        seen.append((place, unit))
        return place == "home"

    plain = app.session[is_foo.task]
    assert str(plain.start_cond) == "false"
    app.task("is foo at home & every 1 hour", name="home", func=lambda: None)
    app.task("is foo at work & every 1 hour", name="work", func=lambda: None)
    app.task("home has foo & every 1 hour", name="again", func=lambda: None)
    app.step("1 hour")
    assert sorted(set(seen)) == [("home", "m"), ("work", "m")]
    assert (starts(app, "home"), starts(app, "again"), starts(app, "work")) == (["0:00", "1:00"],) * 2 + ([],)
    check = app.session[f"{plain.name}(place='home')"]
    assert check.description == "Look for foo."
    assert str(check.start_cond) == "every 1 hour"
    assert len(app.session.tasks) == 6
    assert is_foo.observe(session=app.session) is False
    plain.run(place="home")
    app.step("1 min")
    assert is_foo.observe(session=app.session) is True


def test_a_phrase_may_have_groups_that_need_not_match(app):
    """Where the function has a default, the plain check runs by its own schedule, too."""
    pattern = re.compile(r"foo(?: at (?P<place>\w+))?")
    condition = TaskCond(app.session, pattern, start_cond="hourly", name="c")(lambda place="x": place == "x")
    assert app.session.condition("foo at x") == TaskReturned("c(place='x')")
    assert str(app.session[condition.task].start_cond) == "hourly"


def test_values_that_the_check_does_not_take(app):
    """The phrase is refused where it is written."""
    TaskCond(app.session, re.compile(r"foo (\w+)"), name="check")(lambda: True)
    with pytest.raises(ScheduleError) as caught:
        app.session.condition("foo bar")
    assert "the check 'check' can't take what its phrase gives: too many positional arguments" in str(
        caught.value
    )


def test_a_group_takes_its_checks_along():
    """The phrase leads to the check under its new name, and in its new session."""
    app = Rocketry(time_func=VirtualClock("2026-01-01", "UTC"), execution="main")
    group = Grouper(prefix="g.")

    @TaskCond(group.session, [re.compile(r"(?P<n>\w+) is ready"), "ready"], start_cond="hourly", name="check")
    def ready(n="1"):
        return True

    group.task("ready & daily", name="inside", func=lambda: None)
    app.include_grouper(group)
    app.task("ready & daily", name="outside", func=lambda: None)
    app.task("2 is ready & daily", name="other", func=lambda: None)
    assert app.session.condition("ready") == TaskReturned("g.check")
    assert app.session.condition("2 is ready") == TaskReturned("g.check(n='2')")
    app.step("1 min")
    assert len(starts(app, "g.inside") + starts(app, "outside") + starts(app, "other")) == 3
    app.session.stop()


def test_the_default_session_takes_checks():
    """Made when it is first needed, also by a program that imports nothing else."""
    set_default_session(None)
    try:
        condition = TaskCond(start_cond="hourly", name="of the default")(lambda: True)
        assert condition == TaskReturned("of the default")
        other = TaskCond(name="second")
        assert "of the default" in [task.name for task in other.session.get_tasks()]
        assert repr(other) == "TaskCond(syntax=(), start_cond=None)"
    finally:
        set_default_session(None)


def test_a_refused_check_leaves_no_phrase(app):
    """A name that is taken, or a phrase that can't be one."""
    app.task("daily", name="check", func=lambda: None)
    with pytest.raises(DuplicateTaskError):
        TaskCond(app.session, "data is there", name="check")(lambda: True)
    with pytest.raises(ScheduleError):
        TaskCond(app.session, "daily", name="new")(lambda: True)
    assert app.session.custom_phrases == []
    assert len(app.session.tasks) == 1


def test_it_combines_like_any_condition(app):
    """With conditions of every kind."""
    condition = TaskCond(app.session, name="c")(lambda: True)
    assert str(daily & ~condition) == "daily & ~task 'c' has returned true"
    assert (condition | FuncCond(check_true)).watches() == condition.watches()
