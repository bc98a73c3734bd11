"""How many workers are kept ready: demand raises the number, calm lowers it."""

from __future__ import annotations

import pytest

from rocket_magic.execution.process import _spares
from rocket_magic.execution.process._spares import Spares, n_processors
from rocket_magic.instants import MILLISECOND, SECOND


@pytest.fixture
def spares(monkeypatch: pytest.MonkeyPatch) -> Spares:
    """Spares on two processors."""
    monkeypatch.setattr(_spares, "n_processors", lambda: 2)
    return Spares()


def test_each_miss_asks_for_one_more_up_to_a_limit(spares: Spares) -> None:
    """Two workers a processor are the most."""
    seen = []
    for now in range(6):
        seen.append(spares.wanted)
        spares.missed(now)
    assert seen == [1, 2, 3, 4, 4, 4]


def test_calm_gives_them_back_one_by_one(spares: Spares) -> None:
    """One fewer for each twenty seconds without a miss; the last one stays."""
    spares.missed(0)
    spares.missed(0)
    assert spares.calm_down(19 * SECOND)
    assert spares.wanted == 3
    assert spares.calm_down(20 * SECOND)
    assert spares.wanted == 2
    assert spares.calm_down(21 * SECOND)
    assert not spares.calm_down(40 * SECOND)
    assert not spares.calm_down(90 * SECOND)
    assert spares.wanted == 1


def test_workers_are_stalled_that_take_less_than_a_run_each(spares: Spares) -> None:
    """Looks that follow too soon on one another say nothing; else the runs since the last look count."""
    assert not spares.stalled(1 * MILLISECOND, 0, 2)
    assert spares.stalled(2 * MILLISECOND, 1, 2)
    assert not spares.stalled(3 * MILLISECOND, 1, 2)
    assert not spares.stalled(4 * MILLISECOND, 3, 2)
    assert spares.stalled(6 * MILLISECOND, 4, 2)


def test_there_is_a_processor() -> None:
    """However it is counted, one is there."""
    assert n_processors() >= 1
