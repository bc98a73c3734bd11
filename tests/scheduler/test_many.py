"""Many tasks due at once: the garbage collector waits until they have begun."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from rocket_magic import Rocketry
from rocket_magic.scheduler._many import MANY, collecting_seldom


@pytest.fixture(autouse=True)
def thresholds() -> Iterator[None]:
    """Python's own, whoever has changed them."""
    before = gc.get_threshold()
    gc.set_threshold(700, 10, 10)
    yield
    gc.enable()
    gc.set_threshold(*before)


def test_it_is_set_back() -> None:
    """Also when something is raised."""
    seen = []
    with pytest.raises(ZeroDivisionError), collecting_seldom():
        seen += [gc.get_threshold()[0], 1 // 0]
    with collecting_seldom():
        seen.append(gc.get_threshold()[0])
    assert seen[0] > 700
    assert gc.get_threshold() == (700, 10, 10)


def test_what_somebody_else_sets_stays() -> None:
    """A task, or another thread, may want it otherwise from now on."""
    with collecting_seldom():
        gc.set_threshold(500, 5, 5)
    assert gc.get_threshold()[0] == 500


@pytest.mark.parametrize("threshold", [0, 1_000_000])
def test_a_collector_that_rests_is_left_alone(threshold: int) -> None:
    """Never more often than its owner wants."""
    gc.set_threshold(threshold, 10, 10)
    with collecting_seldom():
        assert gc.get_threshold()[0] == threshold
    gc.set_threshold(700, 10, 10)
    gc.disable()
    with collecting_seldom():
        assert gc.get_threshold()[0] == 700


@pytest.mark.parametrize(("count", "seldom"), [(MANY - 1, False), (MANY, True)])
def test_where_many_tasks_are_due(count: int, *, seldom: bool) -> None:
    """A few tasks change nothing."""
    app = Rocketry(execution="main")
    seen: list[int] = []
    for number in range(count):
        app.task("true", name=f"task-{number}", func=lambda: seen.append(gc.get_threshold()[0]))
    app.session.run(*app.session.tasks)
    assert len(seen) == count
    assert {threshold > 700 for threshold in seen} == {seldom}
    assert gc.get_threshold() == (700, 10, 10)
