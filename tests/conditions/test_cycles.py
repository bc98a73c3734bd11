"""Conditions that count cycles: the scheduler makes cycles for them, and no longer than they matter."""

from __future__ import annotations

import pytest

from rocket_magic import Session, VirtualClock
from rocket_magic.conditions._scheduler import counts_cycles
from rocket_magic.conds import daily, every, scheduler_cycles, scheduler_running, true


def session_from(config):
    """A session on a clock that stands still, with one cycle each second."""
    clock = VirtualClock("2026-01-01 00:00", "UTC")
    return Session(time_func=clock, timezone="UTC", execution="main", cycle_sleep=1, **config)


@pytest.mark.parametrize("text", ["true", "every 1 hour", "scheduler has run over 2 hours"])
def test_cycles_are_made_while_another_part_waits(text):
    """A shut condition that counts cycles is met by them, whatever stands beside it."""
    beside = scheduler_running(more_than="2 hours")
    session = session_from({"shut_cond": scheduler_cycles(more_than=5) | beside})
    session.create_task(func=lambda: None, name="a", start_cond=text)
    session.step("1 hour")
    assert 6 <= session.scheduler.n_cycles <= 7


def test_a_task_that_counts_starts_no_later_than_its_cycles():
    """What holds in the first three cycles is over after them, though the next start is seconds away."""
    session = session_from({})
    session.create_task(func=lambda: None, name="a", start_cond=every("10 s") & (scheduler_cycles <= 3))
    session.step("1 min")
    assert len(session.get_task_log(action="run")) == 1


def test_looks_at_one_instant_are_one_cycle():
    """Tasks that start each other while the clock stands still make no more cycles than one."""
    session = session_from({})
    session.create_task(func=lambda: None, name="a", start_cond=daily)
    for one, other in zip("bcd", "abc", strict=True):
        session.create_task(func=lambda: None, name=one, start_cond=f"after task '{other}'")
    session.step(0.5)
    assert session.scheduler.n_cycles == 1


def test_cycles_end_when_they_no_longer_matter():
    """Once a count is reached for good, the scheduler sleeps again."""
    session = session_from({})
    session.create_task(func=lambda: None, name="a", start_cond=daily & (scheduler_cycles >= 3))
    session.step("1 day")
    assert session.scheduler.n_cycles < 10
    assert not counts_cycles(true, 0)
    assert counts_cycles(~(scheduler_cycles == 3), 3)
    assert not counts_cycles(scheduler_cycles == 3, 4)
