"""The PostgreSQL server of the log's tests, and repositories of every kind."""

import pytest

from tests.log.conftest import postgres as postgres
from tests.log.stores import KINDS


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """Each kind of repository in turn."""
    return str(request.param)
