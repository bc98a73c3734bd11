"""Fixtures for arguments."""

from __future__ import annotations

import pytest

from tests.args.fakes import FakeSession


@pytest.fixture
def session() -> FakeSession:
    """A session without parameters or tasks."""
    return FakeSession()
