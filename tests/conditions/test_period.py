"""Tests of conditions over time: once per window, intervals, cron, gates."""

from __future__ import annotations

import pytest

from rocket_magic.conditions import Every
from rocket_magic.conds import (
    cron,
    crontime,
    daily,
    every,
    false,
    hourly,
    time_of_day,
    time_of_week,
    true,
    weekly,
)
from rocket_magic.exc import ScheduleError
from rocket_magic.instants import DAY, HOUR, MINUTE, NEVER, SECOND

from .fakes import HELSINKI, FakeSession, at

NOW = "2024-05-06 12:00"  # a Monday


def _ask(condition, session, when=NOW):
    context = session.context(session.tasks["me"], when)
    state, change = condition.holds(context), condition.next_change(context)
    told = condition.explain(context)
    assert (told.state, told.changes_at) == (state, change)
    assert told.reason
    return state, change


def _session(*records: tuple[str, str]) -> FakeSession:
    session = FakeSession()
    session.task("me")
    for action, when in records:
        session.history.add("me", action, when)
    return session


@pytest.mark.parametrize("action", ["success", "fail", "terminate", "inaction", "crash"])
def test_any_outcome_uses_the_window_up(action):
    """Once per window, whatever the outcome; the next window is free again."""
    session = _session()
    assert _ask(daily, session) == (True, at("2024-05-07 00:00"))
    session.history.add("me", "run", "2024-05-06 09:59")
    assert _ask(daily, session)[0]
    session.history.add("me", action, "2024-05-06 10:02")
    assert _ask(daily, session) == (False, at("2024-05-07 00:00"))
    assert _ask(daily, session, "2024-05-07 00:00")[0]


def test_run_in_flight_uses_the_window_up():
    """A run that goes on uses the window it was started in, not the next."""
    session = FakeSession()
    session.task("me", "2024-05-06 11:00")
    assert _ask(daily, session) == (False, at("2024-05-07 00:00"))
    assert _ask(daily, session, "2024-05-07 00:00")[0]


def test_window():
    """Half open: at the opening it is true, at the end no more."""
    condition = daily.between("10:00", "12:00")
    session = _session()
    assert _ask(condition, session, "2024-05-06 09:59") == (False, at("2024-05-06 10:00"))
    assert _ask(condition, session, "2024-05-06 10:00") == (True, at("2024-05-06 12:00"))
    assert _ask(condition, session, "2024-05-06 12:00") == (False, at("2024-05-07 10:00"))


def test_reasons():
    """Reasons name days and times in the session's zone."""
    condition = daily.between("10:00", "12:00")
    session = _session()
    session.zone = HELSINKI
    task = session.tasks["me"]

    def reason(when):
        return condition.explain(session.context(task, when)).reason

    assert reason("2024-05-06 09:00") == "opens today at 10:00"
    assert reason("2024-05-06 13:00") == "opens tomorrow at 10:00"
    assert reason("2024-05-06 11:00") == "not run since today at 10:00, open until today at 12:00"
    session.history.add("me", "success", at("2024-05-06 10:02", HELSINKI))
    assert reason("2024-05-06 11:00") == "ended today at 10:02; next tomorrow at 10:00"


def test_clock_set_back_runs_nothing_twice():
    """An outcome stamped later than now still uses its window up."""
    session = _session(("run", "2024-05-06 12:05"), ("success", "2024-05-06 12:05:10"))
    assert _ask(daily, session) == (False, at("2024-05-07 00:00"))


def test_several_values():
    """Each value opens a window of its own."""
    condition = daily.at("10:00", "14:30")
    session = _session(("run", "2024-05-06 10:00"), ("success", "2024-05-06 10:00:01"))
    assert _ask(condition, session, "2024-05-06 10:30") == (False, at("2024-05-06 14:30"))
    assert _ask(condition, session, "2024-05-06 14:30")[0]
    assert weekly.on("Mon", "Wed").explain(session.context(session.tasks["me"])).state is False


def test_days():
    """Days of the week gate a daily schedule."""
    condition = daily.at("10:00").on("weekdays")
    session = _session()
    assert _ask(condition, session, "2024-05-10 10:00")[0]
    assert not _ask(condition, session, "2024-05-11 10:00")[0]
    assert _ask(condition, session, "2024-05-11 09:00")[1] <= at("2024-05-13 10:00")
    assert daily.on("weekdays").at("10:00") == condition
    assert daily.on("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun") == daily
    with pytest.raises(ScheduleError, match="the days are already set to weekdays"):
        condition.on("Mon")


def test_most_asked_question():
    """Every 10 minutes, on weekdays, between 9 and 17: true as often and only then."""
    condition = every("10 min").on("weekdays").between("09:00", "17:00")
    session = _session(("run", "2024-05-06 16:55"))
    assert _ask(condition, session, "2024-05-06 16:59") == (False, at("2024-05-06 17:05"))
    assert _ask(condition, session, "2024-05-06 17:05") == (False, at("2024-05-07 09:00"))
    assert _ask(condition, session, "2024-05-07 09:00") == (True, at("2024-05-07 17:00"))
    assert not _ask(condition, session, "2024-05-11 09:00")[0]
    assert str(condition) == "every 10 min on weekdays between 09:00 and 17:00"


def test_every():
    """True when the interval has passed since the last start, to the microsecond."""
    condition = every("10 min")
    session = _session()
    assert _ask(condition, session) == (True, NEVER)
    session.history.add("me", "run", "2024-05-06 11:55")
    due = at("2024-05-06 12:05")
    assert _ask(condition, session) == (False, due)
    task = session.tasks["me"]
    assert not condition.holds(session.context(task, due - 1))
    assert condition.holds(session.context(task, due))


@pytest.mark.parametrize(
    ("based", "action", "other"),
    [("success", "success", "fail"), ("fail", "crash", "success"), ("finish", "inaction", "run")],
)
def test_every_based_on(based, action, other):
    """The interval counts from the newest record of the kind that is named."""
    session = _session((other, "2024-05-06 11:59"))
    assert _ask(every("10 min", based=based), session)[0]
    session.history.add("me", action, "2024-05-06 11:55")
    assert _ask(every("10 min", based=based), session) == (False, at("2024-05-06 12:05"))


def test_every_measures_elapsed_time():
    """Steps of the wall clock change nothing; a record from the far future does not stop a task."""
    session = _session()
    context = session.context(session.tasks["me"], NOW)
    session.history.add("me", "run", context.now + 2 * HOUR, elapsed=context.elapsed - MINUTE)
    assert every("10 min").next_change(context) == context.now + 9 * MINUTE
    session.history.add("me", "run", context.now + 5 * DAY)
    assert every("10 min").holds(context)


@pytest.mark.parametrize("delta", [0, -1, "0 sec", "-5 min", "soon", "1 ns", None])
def test_every_refuses(delta):
    """An interval is a duration above zero."""
    with pytest.raises(ScheduleError):
        every(delta)


def test_every_in_seconds():
    """A bare number is seconds."""
    assert every(10) == Every(10 * SECOND)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: every("10 min", based="start"), "based is one of"),
        (lambda: every("10 min").at("10:00"), "an interval has no fixed time"),
        (lambda: every("10 min").starting("10:00"), "starts as soon as it may"),
        (lambda: every("10 min").before("10:00").after("09:00"), "hours are already set"),
        (lambda: daily.before("10:00").after("09:00"), "window is already set"),
        (every("10 min").on, "name at least one day"),
        (daily.at, "needs a value"),
    ],
)
def test_refused_windows(make, message):
    """What can't be meant is refused when it is written."""
    with pytest.raises(ScheduleError, match=message):
        make()


def test_cron():
    """Once per matching minute; a start uses the minute up."""
    condition = cron("*/5 * * * *")
    session = _session()
    assert _ask(condition, session, "2024-05-06 12:05:30") == (True, at("2024-05-06 12:06"))
    assert _ask(condition, session, "2024-05-06 12:06") == (False, at("2024-05-06 12:10"))
    session.history.add("me", "run", "2024-05-06 12:05:01")
    assert _ask(condition, session, "2024-05-06 12:05:30") == (False, at("2024-05-06 12:10"))
    assert _ask(crontime("*/5 * * * *"), session, "2024-05-06 12:05:30") == (True, at("2024-05-06 12:06"))
    assert cron(minute="*/5") == condition
    assert cron(minute=30, hour=2, day_of_week="Sun") == cron("30 2 * * Sun")
    with pytest.raises(ScheduleError, match="no field 'second'"):
        cron(second=1)
    with pytest.raises(ScheduleError, match="not both"):
        cron("* * * * *", minute=1)


def test_clock_conditions():
    """A clock condition has no memory."""
    session = _session(("run", "2024-05-06 11:00"), ("success", "2024-05-06 11:00"))
    assert _ask(time_of_day.between("10:00", "13:00"), session) == (True, at("2024-05-06 13:00"))
    assert _ask(time_of_week.on("Tue"), session) == (False, at("2024-05-07 00:00"))
    assert _ask(true, session) == (True, NEVER)
    assert _ask(false, session) == (False, NEVER)


def test_without_a_session():
    """A clock condition can be asked without any session."""
    assert time_of_day.observe() is True
    assert (~time_of_day).observe() is False
    assert daily.observe() is False


def test_hourly_gate_words():
    """Hours behind days are a part of the day, not of the hour."""
    condition = hourly.on("weekdays").between("09:00", "17:00")
    session = _session()
    assert _ask(condition, session)[0]
    assert not _ask(condition, session, "2024-05-06 08:59")[0]
