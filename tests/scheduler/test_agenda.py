"""The agenda: what is looked at when, without walking over all tasks."""

from __future__ import annotations

import random

import pytest

from rocket_magic import Session
from rocket_magic._protocols import EventKind, Watch
from rocket_magic.instants import NEVER
from rocket_magic.scheduler._agenda import Agenda


@pytest.fixture
def tasks():
    """Five tasks of one session."""
    session = Session(execution="main")
    return [session.create_task(func=lambda: None, name=f"t{n}") for n in range(5)]


def test_due_tasks_come_in_order_with_the_instant_they_were_due_for(tasks):
    """Ties by registration."""
    agenda = Agenda()
    for task, at in zip(tasks, [30, 10, 20, 10, 40], strict=True):
        agenda.set(task, at)
    assert agenda.head() == 10
    assert [(task.name, at) for task, at in agenda.pop_due(20)] == [("t1", 10), ("t3", 10), ("t2", 20)]
    assert agenda.head() == 30


def test_a_later_choice_replaces_an_earlier_one(tasks):
    """In both directions, and to never."""
    agenda = Agenda()
    agenda.set(tasks[0], 10)
    agenda.set(tasks[0], 50)
    agenda.set(tasks[1], 50)
    agenda.set(tasks[1], 20)
    agenda.set(tasks[2], 5)
    agenda.set(tasks[2], NEVER)
    assert [(task.name, at) for task, at in agenda.pop_due(100)] == [("t1", 20), ("t0", 50)]
    assert agenda.head() == NEVER


def test_replaced_entries_do_not_pile_up(tasks):
    """The heap stays small, however often choices change."""
    agenda = Agenda()
    chooser = random.Random(1)
    for _ in range(10_000):
        agenda.set(chooser.choice(tasks), chooser.randrange(1, 10**9))
    assert len(agenda._heap) < 200


def test_watchers_are_told_of_the_events_they_asked_for(tasks):
    """And no longer after they asked for others."""
    agenda = Agenda()
    finished = Watch(EventKind.RUN_FINISHED, "load")
    agenda.watch(tasks[0], [finished])
    agenda.watch(tasks[1], [finished, Watch(EventKind.CONFIG_CHANGED)])
    assert agenda.watchers(EventKind.RUN_FINISHED, "load") == [tasks[0], tasks[1]]
    agenda.watch(tasks[0], [])
    agenda.remove(tasks[1])
    assert agenda.watchers(EventKind.RUN_FINISHED, "load") == []
    assert not agenda.watched(EventKind.CONFIG_CHANGED)


def test_events_of_its_own_runs_need_no_subscription(tasks):
    """A task is looked at after them anyway; ten thousand subscriptions are saved."""
    agenda = Agenda()
    agenda.watch(tasks[0], [Watch(EventKind.RUN_FINISHED, ""), Watch(EventKind.RUN_STARTED, "t0")])
    assert agenda._watchers == {}
