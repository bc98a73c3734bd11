"""A scheduler that is killed, at any point and with every kind of log, goes on where it was."""

from __future__ import annotations

import itertools
import os
import random
from pathlib import Path

import pytest

from .dying import POINTS, Episode, random_episode

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name != "posix", reason="kills by signal"),
]

# each place once in the suite; tests/log kills at every place over every kind of log
SHORT = {
    "csv": ("before_run_record", "mid_outcome"),
    "sqlite": ("after_run_record", "before_outcome"),
    "postgres": ("mid_outcome", "after_outcome"),
}
STORES = ("csv", "sqlite", "postgres")
KILLS = int(os.environ.get("ROCKET_MAGIC_KILLS", "0"))
SEED = int(os.environ.get("ROCKET_MAGIC_KILL_SEED", "0")) or None


def url_of(store: str, folder: Path, request: pytest.FixtureRequest) -> str:
    """A fresh log."""
    if store == "postgres":
        server = request.getfixturevalue("postgres")
        return f"{server.url}?table=kill_{abs(hash(str(folder))) % 10**9}"
    return f"csv:{folder / 'log.csv'}" if store == "csv" else f"sqlite:///{folder / 'log.db'}"


@pytest.mark.parametrize("store", STORES)
def test_death_at_each_failpoint(store: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Killed before, in and after each record, then inside a task, then left to end well (F30, F31, F32)."""
    episode = Episode(url_of(store, tmp_path, request), tmp_path)
    points = POINTS if KILLS else SHORT[store]
    for turn, point in enumerate(points):
        episode.live(ROCKET_MAGIC_FAILPOINT=f"{point}:{turn + 1}")
    assert episode.deaths == len(points)
    assert episode.live()
    assert episode.judge() == []


@pytest.mark.parametrize("mode", ["main", "process"] if not KILLS else ["main", "thread", "async", "process"])
def test_death_inside_a_run(mode: str, tmp_path: Path) -> None:
    """The run gets its `crash` with its own start, is started again, and the finished ones are not."""
    episode = Episode(f"sqlite:///{tmp_path / 'log.db'}", tmp_path)
    assert not episode.live(CRASH_IN_TASK=f"daily_{mode}")
    assert episode.live()
    assert episode.judge() == []


@pytest.mark.skipif(not KILLS, reason="set ROCKET_MAGIC_KILLS to the number of kills per kind of log")
@pytest.mark.timeout(0)
@pytest.mark.parametrize("store", STORES)
def test_hundreds_of_deaths(store: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Killed at random, over and over: each log is judged, and tells its seed when it is wrong."""
    seed = SEED or random.SystemRandom().randrange(1, 10**6)
    rng = random.Random(seed)
    deaths, lingered, wrong, episodes = 0, 0.0, [], itertools.count()
    while deaths < KILLS:
        folder = tmp_path / str(next(episodes))
        folder.mkdir()
        episode = random_episode(url_of(store, folder, request), folder, rng, at_most=5)
        deaths += episode.deaths
        lingered = max(lingered, episode.lingered)
        wrong += [(str(folder), one) for one in episode.judge()]
    print(f"{store}: {deaths} deaths, seed {seed}, workers gone after at most {lingered:.2f} s")
    assert not wrong, f"seed {seed}: {wrong}"
