"""Repositories of every kind, records to put into them, and a private PostgreSQL server."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rocket_magic._protocols import Action
from rocket_magic.instants import SECOND
from rocket_magic.log import Record, TaskRunRecord

START = 1_767_225_600 * SECOND
"""2026-01-01 00:00 UTC."""


def record(n: int, action: str = "run", task: str = "load", **more: Any) -> Record:
    """A record `n` seconds after the start of 2026, of run n // 2 unless told otherwise."""
    fields: dict[str, Any] = {"run_id": f"r{n // 2}", "start": START}
    return Record(task, Action(action), START + n * SECOND, **(fields | more))


def postgres_binaries() -> Path | None:
    """Where PostgreSQL's programs are, when they are installed."""
    homes = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb")) if os.name == "posix" else []
    return homes[-1].parent if homes else None


def _as_user(folder: Path) -> list[str]:
    """PostgreSQL refuses root: run it as nobody then."""
    if os.getuid() != 0:
        return []
    shutil.chown(folder, "nobody", "nogroup")
    return ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]


class PostgresServer:
    """A server of our own on loopback, with its data in a temporary folder."""

    def __init__(self, binaries: Path, folder: Path) -> None:
        self._binaries = binaries
        self._data = folder / "data"
        self._user = _as_user(folder)
        self._folder = folder
        self._run("initdb", "-D", self._data, "-U", "log", "-A", "trust", "-E", "UTF8", "--no-sync")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]

    @property
    def url(self) -> str:
        """The server's database."""
        return f"postgresql://log:secret@127.0.0.1:{self.port}/postgres"

    def _run(self, program: str, *arguments: Any) -> None:
        command = [*self._user, str(self._binaries / program), *map(str, arguments)]
        done = subprocess.run(
            command, cwd=self._folder, capture_output=True, timeout=60, check=False, env={"LC_ALL": "C"}
        )
        assert done.returncode == 0, done.stderr.decode()

    def start(self) -> None:
        """Start it and wait until it answers."""
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off"
        log = self._folder / "server.log"
        self._run("pg_ctl", "-D", self._data, "-l", log, "-w", "-o", options, "start")

    def stop(self) -> None:
        """Stop it as a power cut would."""
        self._run("pg_ctl", "-D", self._data, "-m", "immediate", "-w", "stop")


KINDS = (
    "memory", "csv", "sqlite", "sqlite-memory", "postgres",
    "redbird-memory", "redbird-csv", "redbird-json", "redbird-sql", "redbird-mongo", "plain",
)  # fmt: skip


class KeyedRecord(TaskRunRecord):
    """A record with a key, as a user of Red Bird's keyed repositories writes it."""

    id: str


class NumberedRecord(TaskRunRecord):
    """A record of a table that numbers its rows."""

    id: int | None = None


class PlainRepo:
    """The least that is a repository: what a user may write."""

    def __init__(self) -> None:
        self.items: list[dict[str, Any]] = []

    def add(self, item: dict[str, Any]) -> None:
        """Append."""
        self.items.append(item)

    def filter_by(self, **filters: Any) -> PlainResult:
        """The items whose keys are as given."""
        return PlainResult(self, filters)


class PlainResult:
    """What a `PlainRepo` finds."""

    def __init__(self, repo: PlainRepo, filters: dict[str, Any]) -> None:
        self._repo, self._filters = repo, filters

    def all(self) -> list[dict[str, Any]]:
        """The items found."""
        return [i for i in self._repo.items if all(i[k] == v for k, v in self._filters.items())]

    def delete(self) -> None:
        """Remove them."""
        gone = self.all()
        self._repo.items = [item for item in self._repo.items if item not in gone]


class _MongoSession:
    """Hands Red Bird a client that is no server's."""

    def __init__(self) -> None:
        import mongomock

        self.client = mongomock.MongoClient()

    def get_bind(self, _: Any = None) -> Any:
        return self.client


def make_repo(kind: str, folder: Path, postgres_url: Callable[[], str]) -> Any:
    """A fresh repository of a kind, or the URL of one; the same folder gives the same store."""
    from sqlalchemy import create_engine

    from rocket_magic import repos

    if kind == "postgres":
        return f"{postgres_url()}?table=log_{abs(hash(str(folder))) % 10**9}"
    simple = {
        "memory": "memory:",
        "csv": f"csv:{folder / 'log.csv'}",
        "sqlite": f"sqlite:///{folder / 'log.db'}",
        "sqlite-memory": "sqlite://",
    }
    if kind in simple:
        return simple[kind]
    builders: dict[str, Callable[[], Any]] = {
        "plain": PlainRepo,
        "redbird-memory": lambda: repos.MemoryRepo(model=TaskRunRecord),
        "redbird-csv": lambda: repos.CSVFileRepo(model=TaskRunRecord, filename=folder / "redbird.csv"),
        "redbird-json": lambda: repos.JSONDirectoryRepo(
            model=KeyedRecord, path=folder / "json", id_field="id"
        ),
        "redbird-mongo": lambda: repos.MongoRepo(
            session=_MongoSession(), database="db", collection="log", model=KeyedRecord, id_field="id"
        ),
        "redbird-sql": lambda: repos.SQLRepo(
            engine=create_engine(f"sqlite:///{folder / 'redbird.db'}"),
            table="log", model=NumberedRecord, id_field="id", if_missing="create",
        ),
    }  # fmt: skip
    return builders[kind]()
