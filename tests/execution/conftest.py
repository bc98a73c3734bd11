"""Fixtures of the tests of execution: executors of each mode, closed and checked for leaks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.execution.dask.clusters import cluster
from tests.execution.rig import MODES, Rig, children, eventually, open_descriptors


@pytest.fixture
def make_rig() -> Iterator[Callable[..., Rig]]:
    """Makes rigs; afterwards no child and no descriptor may be left of them."""
    rigs: list[Rig] = []

    def make(mode: str, **settings: Any) -> Rig:
        rigs.append(Rig(mode, **settings))
        return rigs[-1]

    before = open_descriptors()
    yield make
    for rig in rigs:
        rig.close()
    assert eventually(lambda: not children(), 15)  # a dask cluster that was just begun comes up first
    assert eventually(lambda: open_descriptors() <= before, 5)


@pytest.fixture(params=MODES)
def rig(request: pytest.FixtureRequest) -> Rig:
    """One executor of each mode."""
    if request.param == "dask":
        return request.getfixturevalue("dask_rig")
    return request.getfixturevalue("make_rig")(request.param)


@pytest.fixture(scope="session")
def dask_cluster() -> Iterator[str]:
    """The address of a cluster that stands for all tests; nobody's but theirs."""
    with cluster(threads=4) as address:
        yield address


@pytest.fixture
def dask_rig(dask_cluster: str, make_rig: Callable[..., Rig]) -> Rig:
    """A dask executor with a short grace period."""
    return make_rig("dask", grace=0.3, dask_cluster=dask_cluster)


@pytest.fixture
def process_rig(make_rig: Callable[..., Rig]) -> Rig:
    """A process executor with a short grace period."""
    return make_rig("process", grace=0.3)
