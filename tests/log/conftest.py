"""Logs over every kind of repository, and a PostgreSQL server."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rocket_magic.log import TaskLog

from .stores import KINDS, PostgresServer, make_repo, postgres_binaries


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A private PostgreSQL server."""
    binaries = postgres_binaries()
    if binaries is None:
        pytest.skip("needs PostgreSQL's programs: apt-get install postgresql")
    if os.getuid() == 0 and shutil.which("setpriv") is None:
        pytest.skip("needs setpriv to run PostgreSQL as nobody: apt-get install util-linux")
    pytest.importorskip("psycopg", reason="needs psycopg: pip install 'rocket_magic[sql]'")
    # pytest keeps its own temporary folders closed to other users
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        server = PostgresServer(binaries, Path(folder))
        server.start()
        yield server
        server.stop()


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """Each kind of repository in turn."""
    return str(request.param)


@pytest.fixture
def make_log(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Callable[[str], TaskLog]]:
    """A function that opens a log over a kind of repository; all are closed afterwards."""
    logs: list[TaskLog] = []
    given: dict[str, Any] = {}

    def make(kind: str) -> TaskLog:
        log = TaskLog()
        logs.append(log)
        repo = given.get(kind) or make_repo(kind, tmp_path, lambda: request.getfixturevalue("postgres").url)
        if kind in {"plain", "redbird-memory", "redbird-mongo", "redbird-sql"}:
            given[kind] = repo  # the store lives in the object
        log.set_repo(repo)
        return log

    yield make
    for log in logs:
        log.close()
    if "redbird-sql" in given:
        given["redbird-sql"].session.get_bind().dispose()
