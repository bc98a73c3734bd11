"""Which tasks get the places that `max_process_count` leaves for runs in processes."""

from __future__ import annotations

import threading
from collections import Counter
from functools import partial

from rocket_magic import Rocketry
from rocket_magic.execution._main import MainExecutor
from rocket_magic.execution._thread import ThreadExecutor
from rocket_magic.scheduler._slots import SlotQueue
from rocket_magic.tasks import Task
from tests.execution.rig import eventually


def _app(max_process_count: int) -> Rocketry:
    app = Rocketry(execution="process", max_process_count=max_process_count)
    app.session.executors.register("process", MainExecutor)  # no test of processes, but of their number
    return app


def _sixty_runs(priorities: dict[str, int]) -> Counter[str]:
    """How often each of some tasks that are always due has run, by their priorities."""
    app = _app(2)
    seen: list[str] = []

    def run(name: str) -> None:
        seen.append(name)
        if len(seen) == 60:
            app.session.shut_down()

    for name, priority in priorities.items():
        app.task("true", name=name, func=partial(run, name), priority=priority)
    app.run()
    return Counter(seen)


def test_tasks_that_are_always_due_take_turns() -> None:
    """The one that has just run does not overtake those that wait."""
    count = _sixty_runs(dict.fromkeys("abcdef", 0))
    assert {count[name] for name in "abcdef"} <= {9, 10, 11}


def test_priority_goes_before_turns() -> None:
    """A task of higher priority that is always due leaves the others what it does not need."""
    count = _sixty_runs({"a": 0, "b": 0, "c": 0, "d": 5})
    assert 28 <= count["d"] <= 32
    assert {count[name] for name in "abc"} <= {9, 10, 11}


def test_a_place_goes_to_the_highest_priority_that_waits() -> None:
    """Not to the one that has waited longest: that decides among equals only."""
    app = Rocketry(execution="process", max_process_count=1)
    app.session.executors.register("process", ThreadExecutor)
    seen: list[str] = []
    over = threading.Event()
    app.task("daily", name="first", func=partial(over.wait, 20))
    waiting = {"low": 0, "high": 7, "middle": 3, "other low": 0}
    for name, priority in waiting.items():
        app.task(None, name=name, func=partial(seen.append, name), priority=priority)
    app.session.start_thread()
    assert eventually(lambda: bool(app.session["first"].is_running))
    for name in waiting:
        task = app.session[name]
        task.run()
        assert eventually(partial(_is_held, task))
    over.set()
    assert eventually(lambda: len(seen) == len(waiting))
    app.session.stop()
    assert seen == ["high", "middle", "low", "other low"]


def test_priority_may_change_while_a_task_waits() -> None:
    """It then waits among those of its new priority, and is due since when it was."""
    queue, tasks = SlotQueue(), _tasks(3)
    for due, task in enumerate(tasks):
        queue.wait(task, due)
    tasks[2].priority = 1
    queue.wait(tasks[2], 77)
    assert [queue.offer() for _ in range(4)] == [(tasks[2], 2), (tasks[0], 0), (tasks[1], 1), None]
    queue.close_offers()
    assert not queue


def test_who_was_offered_a_place_that_others_took_keeps_the_place_in_the_row() -> None:
    """It is the next to be asked."""
    queue, (first, second) = SlotQueue(), _tasks(2)
    queue.wait(first, 1)
    queue.wait(second, 2)
    assert queue.offer() == (first, 1)
    queue.wait(first, 1)
    queue.close_offers()
    assert queue.offer() == (first, 1)


def _is_held(task: Task) -> bool:
    return task.held_by is not None


def _tasks(count: int) -> list[Task]:
    app = _app(1)
    return [app.session.create_task(name=f"t{n}", func=int, start_cond=None) for n in range(count)]


def test_a_place_that_is_not_taken_goes_to_the_next() -> None:
    """One that waited is disabled when its turn comes; those behind it wait no longer for that."""
    app = _app(1)
    seen: list[str] = []

    def disable() -> None:
        seen.append("a")
        app.session["b"].disabled = True

    app.task("daily", name="a", func=disable)
    app.task("daily", name="b", func=partial(seen.append, "b"))
    app.task("daily", name="c", func=partial(seen.append, "c"))
    app.session.start_thread()
    assert eventually(lambda: seen == ["a", "c"], 10)
    app.session.stop()
