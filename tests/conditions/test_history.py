"""Tests of conditions on records: has happened, pipelines, running, retries."""

from __future__ import annotations

import pytest

from rocket_magic._protocols import EventKind, Watch
from rocket_magic.conds import (
    after_all_success,
    after_any_fail,
    after_crash,
    after_fail,
    after_finish,
    after_success,
    after_terminate,
    daily,
    failed,
    finished,
    inacted,
    retry,
    running,
    started,
    succeeded,
    terminated,
)
from rocket_magic.exc import ScheduleError
from rocket_magic.instants import HOUR, MINUTE, NEVER, SECOND

from .fakes import FakeSession, at

NOW = "2024-05-06 12:00"  # a Monday


def _session(*records: tuple[str, str]) -> FakeSession:
    session = FakeSession()
    session.task("me")
    session.task("load")
    for action, when in records:
        session.history.add("me", action, when)
    return session


def _holds(condition, session, when=NOW, **kw) -> bool:
    return condition.holds(session.context(session.tasks["me"], when, **kw))


def _change(condition, session, when=NOW):
    return condition.next_change(session.context(session.tasks["me"], when))


DAY_OF_FAILS = (
    ("run", "2024-05-05 23:00"),
    ("fail", "2024-05-05 23:10"),
    ("run", "2024-05-06 09:00"),
    ("fail", "2024-05-06 09:30"),
    ("run", "2024-05-06 11:00"),
    ("fail", "2024-05-06 11:20"),
)


@pytest.mark.parametrize(
    ("condition", "state", "change"),
    [
        (failed, True, None),
        (succeeded, False, None),
        (started, True, None),
        (finished.today, True, "2024-05-07 00:00"),
        (terminated.today, False, None),
        (inacted.today == 0, True, None),
        (failed.today == 2, True, "2024-05-07 00:00"),
        (failed.today != 2, False, "2024-05-07 00:00"),
        (failed.today >= 3, False, None),
        (failed.today < 3, True, None),
        (failed.today <= 1, False, "2024-05-07 00:00"),
        (failed.this_week, True, "2024-05-13 00:00"),
        (failed.this_month == 3, True, "2024-06-01 00:00"),
        (failed.this_year == 3, True, "2025-01-01 00:00"),
        (failed.this_hour, False, None),
        (failed.today.before("10:00"), True, "2024-05-07 00:00"),
        (failed.today.between("09:00", "11:00") == 1, True, "2024-05-07 00:00"),
        (failed.today.after("11:30"), False, None),
        (failed.today.at("09:00", "11:00") == 2, True, "2024-05-07 00:00"),
        (failed.past("1 hour"), True, "2024-05-06 12:20"),
        (failed.past("1 hour") >= 2, False, None),
        (failed.past("3 hours") >= 2, True, "2024-05-06 12:30"),
        (failed.past("3 hours") == 1, False, "2024-05-06 12:30"),
        (failed.past("3 hours") < 1, False, "2024-05-06 14:20"),
        (failed.past("13 hours") > 2, True, "2024-05-06 12:10"),
        (failed.past("40 min"), False, None),
    ],
    ids=str,
)
def test_happened(condition, state, change):
    """Counts of records, and the instant at which time alone changes them."""
    session = _session(*DAY_OF_FAILS)
    assert _holds(condition, session) is state
    assert _change(condition, session) == (NEVER if change is None else at(change))
    told = condition.explain(session.context(session.tasks["me"], NOW))
    assert (told.state, told.changes_at) == (state, _change(condition, session))


def test_past_ends_at_the_instant():
    """A record is past exactly when as much time has passed."""
    session = _session(("fail", "2024-05-06 11:00"))
    condition = failed.past("1 hour")
    edge = at("2024-05-06 12:00")
    assert condition.holds(session.context(session.tasks["me"], edge - 1))
    assert not condition.holds(session.context(session.tasks["me"], edge))


def test_crash_counts_as_failure():
    """A run whose worker died is a failed and a finished run."""
    session = _session(("crash", "2024-05-06 11:00"))
    assert _holds(failed.today, session)
    assert _holds(finished.today, session)


def test_other_task_and_missing_task():
    """A call looks at another task; one that does not exist never did anything, and says so."""
    session = _session()
    session.history.add("load", "success", "2024-05-06 10:02")
    context = session.context(session.tasks["me"], NOW)
    assert succeeded("load").today.holds(context)
    assert succeeded("load").today.explain(context).reason.startswith("succeeded today at 10:02")
    assert not succeeded("nope").holds(context)
    assert succeeded("nope").explain(context).reason == "task 'nope' does not exist (yet)"


def test_without_own_task():
    """In a shut condition there is no own task: such a condition is not true."""
    context = FakeSession().context(None)
    for condition in (failed, daily, after_success("x"), retry, running, started == 0):
        assert not condition.holds(context)
        assert condition.explain(context).reason


def test_comparing():
    """A comparison makes a new condition; between conditions == is equality, and hashes agree."""
    base = failed.today
    few, many = base < 3, base >= 3
    assert few != many
    assert base == failed.today
    assert str(base) == "has failed today"
    assert {few: 1}[failed.today < 3] == 1
    assert (base == 3) == (failed.today == 3)
    assert (base == succeeded.today) is False
    assert (base == "x") is False
    with pytest.raises(ScheduleError, match=r"whole number of 0 or more, got -1"):
        _ = base > -1
    with pytest.raises(ScheduleError, match=r"got 1\.5"):
        _ = base > 1.5


def test_windows_need_a_unit():
    """A part of a unit needs the unit."""
    with pytest.raises(ScheduleError, match="say which unit is meant"):
        failed.between("10:00", "11:00")


PIPES = [
    (after_success("load"), "success", True),
    (after_success("load"), "fail", False),
    (after_fail("load"), "fail", True),
    (after_fail("load"), "crash", True),
    (after_finish("load"), "fail", True),
    (after_finish("load"), "terminate", False),
    (after_terminate("load"), "terminate", True),
    (after_crash("load"), "crash", True),
]


@pytest.mark.parametrize(("condition", "action", "state"), PIPES)
def test_pipeline(condition, action, state):
    """True when the other task ended so after the own last start, by order of records."""
    session = _session()
    assert not _holds(condition, session)
    session.history.add("load", action, NOW)
    assert _holds(condition, session) is state
    session.history.add("me", "run", NOW)
    assert not _holds(condition, session)
    session.history.add("load", action, NOW)
    assert _holds(condition, session) is state
    assert _change(condition, session) == NEVER


def test_pipelines_of_several():
    """All of several, any of several; a list is as good as several arguments."""
    session = _session()
    session.task("other")
    session.history.add("load", "success", NOW)
    session.history.add("other", "fail", NOW)
    assert not _holds(after_all_success("load", "other"), session)
    assert _holds(after_any_fail("load", "other"), session)
    assert after_all_success(["load", "other"]) == after_all_success("load", "other")
    assert after_all_success("load") == after_success("load")
    with pytest.raises(ScheduleError, match="after_success of no task"):
        after_all_success()


def test_pipeline_names_a_missing_task():
    """A task that does not exist is simply not true, and the reason says so."""
    session = _session()
    context = session.context(session.tasks["me"], NOW)
    told = after_success("nope").explain(context)
    assert (told.state, told.reason) == (False, "task 'nope' does not exist (yet)")
    assert Watch(EventKind.TASKS_CHANGED, "nope") in after_success("nope").watches()
    assert "task 'nope' finishes" in told.depends_on


def test_task_references():
    """A task is named by its name, its function or the task itself."""

    def load():
        pass

    session = _session()
    session.history.add("load", "success", NOW)
    assert _holds(after_success(load), session)
    assert after_success(session.tasks["load"]) == after_success("load")
    load.__rocket_magic_task__ = "clean"
    assert str(after_success(load)) == "after task 'clean'"
    for wrong in (3, "", None):
        with pytest.raises(ScheduleError):
            after_success(wrong)


@pytest.mark.parametrize(
    ("condition", "states"),
    [
        (running, (False, True, True, True)),
        (~running, (True, False, False, False)),
        (running == 0, (True, False, False, False)),
        (running <= 2, (True, True, False, False)),
        (running < 3, (True, True, False, False)),
        (running <= 0, (True, False, False, False)),
        (running < 1, (True, False, False, False)),
        (running >= 2, (False, False, True, True)),
        (running > 2, (False, False, False, True)),
        (running("me") <= 2, (True, True, True, False)),
    ],
    ids=str,
)
def test_running_counts(condition, states):
    """A limit on the own task counts the run that would start; everything else counts what runs."""
    for number, state in enumerate(states):
        session = FakeSession()
        session.task("me", *["2024-05-06 11:00"] * number)
        assert _holds(condition, session) is state, number


def test_running_age():
    """Bounds on the age are exact, and the next change is the instant a bound is reached."""
    session = FakeSession()
    session.task("me", "2024-05-06 11:55")
    start = at("2024-05-06 11:55")
    longer, shorter = running.more_than("10 min"), running.less_than("10 min")
    middle = running.between("10 min", "20 min")
    assert [_holds(c, session) for c in (longer, shorter, middle)] == [False, True, False]
    assert [_change(c, session) for c in (longer, shorter, middle)] == [start + 10 * MINUTE] * 3
    edge = session.context(session.tasks["me"], start + 10 * MINUTE)
    assert [c.holds(edge) for c in (longer, shorter, middle)] == [True, False, True]
    assert [c.next_change(edge) for c in (longer, shorter, middle)] == [NEVER, NEVER, start + 20 * MINUTE]
    with pytest.raises(ScheduleError, match="first duration must be the shorter"):
        running.between("2 h", "1 h")


def test_retry_budget():
    """As many retries as said for each scheduled start, and none when the scheduler asks without them."""
    for action in ("fail", "crash"):
        session = _session()
        for attempt, state in [(0, True), (1, True), (2, False)]:
            session.history.add("me", action, "2024-05-06 11:00", attempt=attempt)
            assert _holds(retry(2), session) is state
            assert _holds(retry, session)
            assert not _holds(retry(0), session)
            assert not _holds(retry, session, retries=False)
    session.history.add("me", "success", "2024-05-06 11:01")
    assert not _holds(retry(2), session)
    assert not _holds(retry(2), _session())


def test_retry_delay():
    """Delays grow by the backoff up to the ceiling; the jitter is the same each time."""
    session = _session()
    condition = retry(9, delay="1 min", backoff=2, max_delay="5 min")
    assert [condition.wait("me", n) // MINUTE for n in range(5)] == [1, 2, 4, 5, 5]
    session.history.add("me", "fail", "2024-05-06 11:59", attempt=1)
    assert not _holds(condition, session)
    assert _change(condition, session) == at("2024-05-06 12:01")
    assert _holds(condition, session, "2024-05-06 12:01")
    assert (
        "retry 2 of 9 today at 12:01" in condition.explain(session.context(session.tasks["me"], NOW)).reason
    )
    jittered = retry(3, delay="1 min", jitter="10 sec")
    waits = [jittered.wait(name, n) for name in ("me", "you") for n in range(3)]
    assert waits == [jittered.wait(name, n) for name in ("me", "you") for n in range(3)]
    assert all(MINUTE <= wait < MINUTE + 10 * SECOND for wait in waits)
    assert len(set(waits)) == 6
    assert retry(None, delay="1 h", backoff=10).wait("me", 10_000) > HOUR


def test_retry_measures_elapsed_time():
    """A step of the wall clock neither shortens nor stretches a delay."""
    session = _session()
    context = session.context(session.tasks["me"], NOW)
    session.history.add("me", "fail", "2024-05-06 14:00", elapsed=context.elapsed - 30 * SECOND)
    assert retry(3, delay="1 min").next_change(context) == context.now + 30 * SECOND


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n": -1}, "number of retries of 0 or more"),
        ({"n": 1.5}, "number of retries of 0 or more"),
        ({"backoff": 0.5}, "a number of 1 or more"),
        ({"delay": -5}, "can't be negative"),
    ],
)
def test_retry_refuses(arguments, message):
    """Settings that can't be meant are refused when they are written."""
    with pytest.raises(ScheduleError, match=message):
        retry(**arguments)
