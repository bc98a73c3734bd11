"""Tests of what all conditions share: combining, asking, explaining, immutability, errors."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rocket_magic._protocols import Action
from rocket_magic.conditions import (
    All,
    Any,
    BaseCondition,
    FuncCond,
    IsEnv,
    Not,
    ParamExists,
    condition,
    rename_tasks,
    task_names,
)
from rocket_magic.conds import (
    after_success,
    daily,
    every,
    false,
    hourly,
    running,
    scheduler_cycles,
    scheduler_running,
    succeeded,
    time_of_day,
    true,
    weekly,
)
from rocket_magic.exc import ConditionError, ScheduleError
from rocket_magic.instants import DAY, HOUR, MINUTE, NEVER, POLL, SECOND

from .fakes import HELSINKI, FakeSession, at
from .strategies import TASKS, conditions


def test_flattening_and_precedence():
    """Nested composites of one kind are one; text has the parentheses it needs."""
    assert (daily & hourly) & weekly == All(daily, hourly, weekly)
    assert All(daily) == daily
    assert str((daily | hourly) & ~(weekly & true)) == "(daily | hourly) & ~(weekly & true)"
    assert ~~daily == daily
    assert daily & True == All(daily, true)
    assert False | daily == Any(false, daily)
    assert len({daily & hourly, All(daily, hourly)}) == 1
    with pytest.raises(TypeError, match="combines conditions, got 'daily'"):
        All(daily, "daily")
    with pytest.raises(TypeError):
        _ = daily & "hourly"
    with pytest.raises(ValueError, match="at least one"):
        All()


def test_and_or_not_are_refused():
    """Python's and, or, not would silently drop a part: they are refused with the signs to use."""
    with pytest.raises(TypeError, match="combine conditions with & "):
        _ = daily and hourly


def test_immutable():
    """No part of a condition can be changed."""
    for subject in (daily, daily & hourly, ~daily, running, every("1 min")):
        with pytest.raises((AttributeError, TypeError)):
            subject.period = None
        with pytest.raises((AttributeError, TypeError)):
            subject._members = ()


def test_short_circuit():
    """A composite stops at the first member that settles it."""
    asked = []

    @condition()
    def late():
        asked.append(1)
        return True

    context = FakeSession().context()
    assert not (false & late).holds(context)
    assert (true | late).holds(context)
    assert asked == []
    assert (true & late).holds(context)


def test_shut_gate_is_not_polled_through():
    """Beside a shut window an opaque condition is neither asked nor polled."""
    asked = []

    @condition()
    def opaque():
        asked.append(1)
        return True

    session = FakeSession()
    gate = time_of_day.between("10:00", "11:00")
    shut, open_ = session.context(None, "2024-05-06 09:00"), session.context(None, "2024-05-06 10:30")
    assert (opaque & gate).next_change(shut) == at("2024-05-06 10:00")
    assert (opaque & gate).next_change(open_) == POLL
    assert (opaque | ~gate).next_change(shut) == at("2024-05-06 10:00")
    assert asked == []


def test_own_condition():
    """A user's subclass overrides get_state, is polled, and its errors name it."""

    class Full(BaseCondition):
        def __init__(self, level):
            self.level = level

        def get_state(self):
            return self.level > 3

    context = FakeSession().context()
    assert Full(4).holds(context)
    assert Full(4).next_change(context) == POLL
    assert (Full(4) & daily).explain(context).children[0].text == "<Full>"
    with pytest.raises(ConditionError, match="condition '<Full>' raised TypeError") as caught:
        Full("x").holds(context)
    assert isinstance(caught.value.__cause__, TypeError)
    with pytest.raises(ConditionError, match="define get_state"):
        BaseCondition().holds(context)


def test_error_of_a_function_condition():
    """The error names the condition and the task; an explanation holds it instead of raising."""

    @condition()
    def broken(path="x"):
        raise ValueError("no disk")

    session = FakeSession()
    context = session.context(session.task("me"))
    with pytest.raises(ConditionError) as caught:
        (true & broken).holds(context)
    assert str(caught.value) == "condition 'broken' of task 'me' raised ValueError: no disk"
    told = (true & broken).explain(context)
    assert told.state is None
    assert told.reason.startswith("can't tell: <broken> condition 'broken' of task 'me' raised ValueError")
    assert (false & broken).explain(context).state is False


def test_function_conditions_take_arguments():
    """A call gives arguments; equal calls are equal conditions."""

    @condition("file is there")
    def there(path, size=0):
        return path == "a" and size == 0

    context = FakeSession().context()
    assert str(there) == "<file is there>"
    assert there("a").holds(context)
    assert not there("b").holds(context)
    assert there("a") == there(path="a")
    assert hash(there(["a"])) == hash(there(["b"]))
    assert str(there("a", size=2)) == "<there(path='a', size=2)>"
    with pytest.raises(ScheduleError, match="takes 2 arguments, got 3"):
        there(1, 2, 3)
    with pytest.raises(ScheduleError, match="with parentheses"):
        condition(there)
    with pytest.raises(ScheduleError, match="made of a function"):
        FuncCond(3)


def test_explanations_of_composites():
    """A composite names what it waits for, or what makes it true."""
    session = FakeSession()
    task = session.task("me")
    session.history.add("me", "success", "2024-05-06 10:02")
    context = session.context(task, "2024-05-06 12:00")
    told = (daily & after_success("nope")).explain(context)
    assert told.state is False
    assert told.reason == "waits for daily (and 1 more): ended today at 10:02; next tomorrow at 00:00"
    assert told.changes_at == NEVER
    assert [child.text for child in told.children] == ["daily", "after task 'nope'"]
    assert (daily | true).explain(context).reason == "true is true: always true"
    assert (true & true).explain(context).reason == "all 2 are true"
    assert (daily | false).explain(context).reason == "none of 2 is true"
    assert (~daily).explain(context).state is True


def test_parameters():
    """Parameters exist or have a value; the environment is one of them."""
    session = FakeSession(parameters={"mode": "test", "env": "prod", "n": 3})
    context = session.context()
    for subject, state in [
        (ParamExists("mode"), True),
        (ParamExists("mode", "nope"), False),
        (ParamExists(mode="test", n=3), True),
        (ParamExists(mode="x"), False),
        (IsEnv("prod"), True),
        (IsEnv("test"), False),
    ]:
        assert subject.holds(context) is state
        assert subject.explain(context).state is state
        assert subject.next_change(context) == NEVER
        assert subject.watches()
    assert "secret" not in ParamExists(mode="secret").explain(context).reason
    assert IsEnv("x").explain(FakeSession().context()).reason.startswith("no environment")
    with pytest.raises(ScheduleError, match="needs a parameter"):
        ParamExists()


def test_scheduler_conditions():
    """How long the scheduler has run, and how many cycles."""
    session = FakeSession()
    start = at("2024-05-06 12:00")
    assert not scheduler_running.holds(session.context())
    assert scheduler_running("10 min").next_change(session.context()) == NEVER
    session.scheduler.started_at, session.scheduler.n_cycles = start, 4
    early, late = session.context(None, start + 5 * MINUTE), session.context(None, start + 10 * MINUTE)
    assert scheduler_running.holds(early)
    assert not scheduler_running("10 min").holds(early)
    assert scheduler_running("10 min").next_change(early) == start + 10 * MINUTE
    assert scheduler_running(more_than="10 min").holds(late)
    assert not scheduler_running(less_than="10 min").holds(late)
    assert scheduler_cycles(more_than=3).holds(early)
    assert not scheduler_cycles(more_than=4).holds(early)
    assert not scheduler_cycles(more_than=1, less_than=4).holds(early)
    assert (scheduler_cycles == 4).holds(early)
    assert (scheduler_cycles == 4).explain(early).reason == "4 cycles so far"
    with pytest.raises(ScheduleError, match="shorter duration"):
        scheduler_running("2 h", "1 h")


def test_names_of_tasks():
    """The tasks a condition refers to can be listed and renamed; the original stays."""
    subject = (daily | ~after_success("a")) & succeeded("b").today & running("c") & running
    assert task_names(subject) == {"a", "b", "c"}
    renamed = rename_tasks(subject, {"a": "g.a", "c": "g.c"})
    assert task_names(renamed) == {"g.a", "b", "g.c"}
    assert task_names(subject) == {"a", "b", "c"}
    assert rename_tasks(subject, {}) == subject


def test_observe_finds_the_session():
    """Rocketry's public form takes the session from the task when it gets none."""
    session = FakeSession()
    task = session.task("me")
    session.history.add("me", "success", "2024-05-06 10:02")
    assert succeeded.observe(task=task, session=session)
    task.session = session
    assert succeeded.observe(task=task)
    assert Not(succeeded).observe(task, session) is False


_ORIGINS = st.sampled_from(["2024-05-06 12:00", "2024-03-30 22:00", "2024-10-26 23:30", "2024-12-31 23:00"])


@st.composite
def situations(draw: st.DrawFn):
    """Draw a session with records, runs in flight, and an instant."""
    session = FakeSession(zone=HELSINKI)
    now = at(draw(_ORIGINS), HELSINKI) + draw(st.integers(0, 3 * HOUR))
    for name in ("me", *TASKS[:2]):
        task = session.task(name)
        task.running_since = tuple(
            sorted(now - draw(st.integers(0, DAY)) for _ in range(draw(st.integers(0, 2))))
        )
    ages = sorted(draw(st.lists(st.integers(-HOUR, 3 * DAY), max_size=8)), reverse=True)
    for age in ages:
        name = draw(st.sampled_from(["me", *TASKS]))
        session.history.add(
            name, draw(st.sampled_from(list(Action))), now - age, attempt=draw(st.integers(0, 3))
        )
    session.scheduler.started_at = draw(st.none() | st.integers(0, DAY).map(lambda age: now - age))
    session.scheduler.n_cycles = draw(st.integers(0, 9))
    session.parameters["env"] = "prod"
    return session, now


_STEPS = (1, SECOND, 59 * SECOND, MINUTE, 7 * MINUTE, HOUR, DAY, 3 * DAY)


@given(conditions(), situations(), st.lists(st.integers(1, 8 * DAY), min_size=20, max_size=20))
@settings(max_examples=150, deadline=None)
def test_next_change_is_never_late(subject, situation, jumps):
    """Until its next change, the answer of any condition stays what it is; the change lies ahead."""
    session, now = situation
    context = session.context(session.tasks["me"], now)
    state, change = subject.holds(context), subject.next_change(context)
    assert change > now
    assert subject.look(context) == (state, change)
    told = subject.explain(context)
    assert (told.state, told.changes_at) == (state, change)
    samples = [now + step for step in (*_STEPS, *jumps)]
    samples += [change - 1, (now + change) // 2] if change != NEVER else [now + 40 * DAY]
    for moment in samples:
        if now < moment < change:
            assert subject.holds(context.at(moment)) is state, moment


@given(conditions(), situations())
@settings(max_examples=60, deadline=None)
def test_steps_from_change_to_change(subject, situation):
    """Stepping from change to change goes forward and comes past every real change."""
    session, now = situation
    context = session.context(session.tasks["me"], now)
    for _ in range(5):
        change = subject.next_change(context)
        if change == NEVER or change > now + 400 * DAY:
            return
        assert change > context.now
        context = context.at(change)


def test_a_start_ahead_holds_its_window_until_then():
    """A start without an outcome, after which the clock was set back, holds the window until its instant."""
    session = FakeSession()
    task = session.task("me")
    session.history.add("me", "run", "2024-05-06 12:00:30")
    for schedule in (hourly, daily.on("Mon"), daily.between("10:00", "13:00")):
        context = session.context(task, "2024-05-06 12:00:10")
        assert schedule.look(context) == (False, at("2024-05-06 12:00:30"))
        assert schedule.holds(session.context(task, "2024-05-06 12:00:30"))
