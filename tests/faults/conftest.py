"""The PostgreSQL server of the log's tests, and repositories of every kind."""

from collections.abc import Iterator

import pytest

from tests.faults.support import Machine
from tests.log.conftest import postgres as postgres
from tests.log.stores import KINDS


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """Each kind of repository in turn."""
    return str(request.param)


@pytest.fixture
def machine() -> Iterator[Machine]:
    """How late a busy machine wakes threads during a test."""
    with Machine() as made:
        yield made
