"""Conditions the proof of the agenda has no grid for: negated cron, counted cycles, a check of its own."""

from __future__ import annotations

import pytest

from rocket_magic._protocols import EventKind, Watch
from rocket_magic.conditions import BaseCondition, FuncCond, Not, TaskReturned
from rocket_magic.conds import cron, daily, scheduler_cycles, time_of_day
from rocket_magic.instants import MINUTE, NEVER, POLL, SECOND

from .fakes import FakeSession, at

START = at("2024-05-08 11:58")


def _flips(condition, session, task, seconds):
    """Instants at which the answer differs from the second before, by asking at every second."""
    answers = [condition.holds(session.context(task, START + n * SECOND)) for n in range(seconds)]
    return [START + n * SECOND for n in range(1, seconds) if answers[n] is not answers[n - 1]]


def _foretold(condition, session, task, seconds):
    """Instants at which the answer differs, by stepping from change to change."""
    now, found = START, []
    while now < START + seconds * SECOND:
        state, change = condition.look(session.context(task, now))
        assert change > now
        if change < START + seconds * SECOND and condition.holds(session.context(task, change)) is not state:
            found.append(change)
        now = change
    return found


@pytest.mark.parametrize("text", ["0 * * * *", "*/2 * * * *", "59 11 * * *", "* * * * *"])
@pytest.mark.parametrize("started", [None, 2 * MINUTE, 2 * MINUTE + 7 * SECOND, 5 * MINUTE])
def test_negated_cron_changes_off_the_grid(text, started):
    """It turns true a minute after a missed fire, and stays true over one that was started."""
    session = FakeSession()
    task = session.task("me")
    if started is not None:
        session.history.add("me", "run", START + started)
    for condition in (cron(text), ~cron(text), Not(cron(text) & time_of_day.after("11:59"))):
        assert _foretold(condition, session, task, 600) == _flips(condition, session, task, 600)


def test_negated_cron_watches_what_cron_watches():
    """A start in the window settles it, so it is asked after one."""
    assert (~cron("0 * * * *")).watches() == {
        Watch(EventKind.RUN_STARTED, ""),
        Watch(EventKind.RUN_FINISHED, ""),
    }


def test_cycles_change_with_cycles_only():
    """They never change by themselves, and are asked after each cycle."""
    session = FakeSession()
    condition = scheduler_cycles >= 3
    for cycles, state in ((2, False), (3, True), (9, True)):
        session.scheduler.n_cycles = cycles
        assert condition.look(session.context()) == (state, NEVER)
    assert condition.watches() == {Watch(EventKind.SCHEDULER_CYCLE)}
    assert (~condition).watches() == (condition & daily).watches() - daily.watches()


def test_a_check_counts_until_it_is_too_old():
    """The check of a `TaskCond` holds from its success on for the active time, and watches its runs."""
    session = FakeSession()
    session.returns = {}
    condition = TaskReturned("check", 10 * MINUTE)
    assert condition.look(session.context(None, START)) == (False, NEVER)
    session.history.add("check", "success", START)
    for value, state in ((0, False), (1, True)):
        session.returns["check"] = value
        expected = (state, START + 10 * MINUTE if state else NEVER)
        assert condition.look(session.context(None, START + MINUTE)) == expected
    assert condition.look(session.context(None, START + 10 * MINUTE)) == (False, NEVER)
    assert (~condition).look(session.context(None, START + MINUTE)) == (False, START + 10 * MINUTE)
    assert condition.watches() == {Watch(EventKind.RUN_FINISHED, "check")}


def test_users_code_is_not_called_where_it_can_not_matter():
    """While a member that can be computed settles the answer, opaque ones are left alone anywhere."""
    calls = []

    def asked() -> bool:
        calls.append(1)
        return True

    opaque = FuncCond(asked)
    session = FakeSession()
    shut, now = time_of_day.after("13:00"), session.context(None, "2024-05-08 12:00")
    for condition in (opaque & shut, shut & opaque, (opaque | daily) & shut, ~opaque & shut):
        assert condition.look(now) == (False, at("2024-05-08 13:00"))
    assert (opaque | ~shut).look(now) == (True, at("2024-05-08 13:00"))
    assert calls == []
    assert (opaque & ~shut).look(now) == (True, POLL)
    assert (~opaque | shut).look(now) == (False, POLL)
    assert len(calls) == 2


def test_a_users_own_next_change_is_believed():
    """A subclass may foretell; both its answers are asked."""

    class Later(BaseCondition):
        def get_state(self) -> bool:
            return False

        def next_change(self, ctx):
            return ctx.now + MINUTE

    context = FakeSession().context()
    assert (Later() & daily).look(context)[0] is False
    assert Later().look(context) == (False, context.now + MINUTE)
