"""Our table in a database: versions, locks, restarts, URLs, secrets."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest

from rocket_magic._protocols import Action
from rocket_magic.exc import MissingExtraError, RepositoryError
from rocket_magic.instants import NEVER, SECOND
from rocket_magic.log import Claim, SqlLog, TaskLog, open_repository
from rocket_magic.log import _sql as module
from rocket_magic.log._sql_engine import masked

from .stores import START, PostgresServer, record


def connect(path: Path) -> Any:
    """A plain connection that is closed at the end of its block."""
    import contextlib

    return contextlib.closing(sqlite3.connect(path, timeout=0.1))


def test_a_file_of_ours(tmp_path: Path) -> None:
    """WAL, indices, and nothing but text and numbers in the rows."""
    path = tmp_path / "a.db"
    log = open_repository(f"sqlite:///{path}")
    assert isinstance(log, SqlLog)
    log.add_many([record(0), record(1, "success")])
    with connect(path) as db:
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        names = {row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type='index'")}
        assert {name for name in names if name.startswith("ix_")} == {"ix_task_log_action"}  # each costs
        plan = db.execute(
            "EXPLAIN QUERY PLAN SELECT id FROM task_log WHERE task_name='a' AND action='run' "
            "ORDER BY created DESC, id DESC LIMIT 1"
        ).fetchall()
        assert "ix_task_log_action" in str(plan)
        assert "TEMP" not in str(plan)
    log.close()


@pytest.mark.parametrize("key", ["id INTEGER PRIMARY KEY,", ""], ids=["with id", "without"])
def test_an_older_table_is_brought_up_to_date(tmp_path: Path, key: str) -> None:
    """Missing columns and indices are added, old rows stay readable (RELIABILITY.md F47)."""
    path = tmp_path / "old.db"
    with connect(path) as db:
        db.execute(f"CREATE TABLE log ({key} created FLOAT, task_name TEXT, run_id TEXT, action TEXT)")
        db.execute("INSERT INTO log (created, task_name, run_id, action) VALUES (1, 'load', 'x', 'run')")
        db.execute("INSERT INTO log (created, task_name, run_id, action) VALUES (2, 'load', 'x', 'success')")
        db.commit()
    log = TaskLog()
    log.set_repo(f"sqlite:///{path}?table=log")
    recovery = log.open(["load"])
    assert recovery.repaired[0].startswith("table log: columns added: start, end, runtime, due")
    assert len(recovery.repaired) == 2
    assert log.history.status("load") is Action.SUCCESS
    log.write([record(4, attempt=3)], lambda _: None)
    assert log.flush()
    assert [row.attempt for row in log.query()] == [0, 0, 3]
    log.close()
    again = open_repository(f"sqlite:///{path}?table=log")
    assert again.repaired == ()
    again.close()


def test_tables_that_are_refused(tmp_path: Path) -> None:
    """Other tables, newer versions and other kinds of time are named, and left alone."""
    path = tmp_path / "x.db"
    with connect(path) as db:
        db.execute("CREATE TABLE other (id INTEGER PRIMARY KEY, price FLOAT)")
        db.execute(
            "CREATE TABLE newer (id INTEGER PRIMARY KEY, created FLOAT, task_name TEXT, action TEXT, "
            "zzz INT NOT NULL)"
        )
        db.execute("CREATE TABLE dated (created TIMESTAMP, task_name TEXT, action TEXT)")
        db.commit()
    url = f"sqlite:///{path}"
    with pytest.raises(RepositoryError, match="table other is no task log: it lacks action, created"):
        open_repository(f"{url}?table=other")
    with pytest.raises(RepositoryError, match="wants values for zzz, which this version does not know"):
        open_repository(f"{url}?table=newer")
    with pytest.raises(RepositoryError, match="column created of table dated holds datetime"):
        open_repository(f"{url}?table=dated")


@pytest.mark.parametrize("name", ["a b", "x;DROP TABLE y", "1st", "", "ä", "x" * 64, 'a"b'])
def test_table_names_are_checked(tmp_path: Path, name: str) -> None:
    """Only plain names get into SQL (RELIABILITY.md X9)."""
    with pytest.raises(RepositoryError, match="can't be the log's table"):
        SqlLog(f"sqlite:///{tmp_path / 'a.db'}", table=name)


def test_urls_that_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each with what it received and what there is."""
    cases = {
        "runs.db": "names no repository: use one of memory:, csv:PATH",
        "redis://x": "there is no repository 'redis'",
        "csv:": "csv: names no file",
        f"sqlite:///{tmp_path}/no/a.db": "does not exist: make it first",
        f"sqlite:///{tmp_path}/a.db?synchronous=LOUD": "synchronous='LOUD' is unknown: use NORMAL or FULL",
        "postgresql://u:hidden@:x/": "no database URL",
        "sqlite+nothing:///a.db": "nothing",
    }
    for url, message in cases.items():
        with pytest.raises(RepositoryError) as caught:
            open_repository(url)
        assert message in str(caught.value)
        assert "hidden" not in str(caught.value)
    import rocket_magic.log._sql_schema as schema

    monkeypatch.setitem(__import__("sys").modules, "sqlalchemy", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'rocket_magic\[sql\]'"):
        schema.load_sqlalchemy()


def test_secrets_are_hidden() -> None:
    """Passwords of URLs never show."""
    assert masked("x postgresql://me:se%40cret@host/db y") == "x postgresql://me:***@host/db y"
    assert masked("host=h password=se&x pwd=abc") == "host=h password=***&x pwd=***"
    with pytest.raises(RepositoryError) as caught:
        open_repository("postgresql://me:secret@127.0.0.1:1/db?connect_timeout=1")
    assert "secret" not in str(caught.value)
    assert "postgresql://me:***@127.0.0.1:1/db" in str(caught.value)


def test_a_read_only_file(tmp_path: Path) -> None:
    """Refused when it is set, not at the first record."""
    path = tmp_path / "a.db"
    open_repository(f"sqlite:///{path}").close()
    with pytest.raises(RepositoryError, match="readonly"):
        open_repository(f"sqlite:///file:{path}?mode=ro&uri=true")
    path.write_bytes(b"this is no database at all" * 100)
    with pytest.raises(RepositoryError, match="not a database"):
        open_repository(f"sqlite:///{path}")


def test_a_locked_file_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While another process holds the file, records wait, and go in afterwards (RELIABILITY.md F46)."""
    monkeypatch.setattr("rocket_magic.log._sql_engine._BUSY_MS", 50)
    path = tmp_path / "a.db"
    log = TaskLog()
    log.set_repo(f"sqlite:///{path}")
    log.open(["load"])
    answers: list[Any] = []
    with connect(path) as db:
        db.execute("BEGIN EXCLUSIVE")
        log.write([record(0)], answers.append)
        log.write([record(1, "success")], answers.append)
        assert log.flush(20)
        db.rollback()
    assert "database is locked" in str(answers[0])
    assert log.lost == 1
    log.write([record(2)], answers.append)
    assert log.flush()
    assert (answers[2], log.lost) == (None, 0)
    assert [row.action for row in log.query()] == ["success", "run"]
    log.close()


def test_a_lost_answer_does_not_double_records(tmp_path: Path) -> None:
    """When the commit went through but its answer didn't, the second try leaves out what is stored."""
    import sqlalchemy

    log = SqlLog(f"sqlite:///{tmp_path / 'a.db'}")
    original, calls = log._write, []

    def lossy(records: Any, claimed: Any) -> None:
        original(records, claimed)
        calls.append(len(records))
        if len(calls) == 1:
            raise sqlalchemy.exc.OperationalError("COMMIT", {}, Exception("connection lost"))

    log._write = lossy
    log.add_many([record(0), record(1, "success")])
    assert calls == [2, 0]
    assert log.filter_by().count() == 2
    log.close()


def test_settled_rows_are_not_looked_at_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A start looks for open runs behind the row up to which all are settled, and misses none."""
    monkeypatch.setattr(module, "_SETTLE_EVERY", 10)
    url = f"sqlite:///{tmp_path / 'a.db'}"
    log = SqlLog(url)
    log.add_many([record(-5, run_id="long")])
    for n in range(60):
        log.add_many([record(n, "run" if n % 2 == 0 else "success")])
    log.close()
    with connect(tmp_path / "a.db") as db:
        assert db.execute("SELECT value FROM task_log_state").fetchone() == (0,)  # just before "long"
    log = SqlLog(url)
    assert [one.run_id for one in log.survey(["load"]).open_runs] == ["long"]
    log.add_many([record(99, "success", run_id="long")])
    log.close()
    log = SqlLog(url)
    assert log.survey(["load"]).open_runs == []
    for n in range(100, 120):
        log.add_many([record(n, "run" if n % 2 == 0 else "success")])
    log.close()
    with connect(tmp_path / "a.db") as db:
        assert db.execute("SELECT value FROM task_log_state").fetchone()[0] > 60


def test_run_ids_that_come_again(tmp_path: Path) -> None:
    """A run id used by an earlier session (a virtual clock counts them) hides no open run."""
    log = SqlLog(f"sqlite:///{tmp_path / 'a.db'}")
    log.add_many([record(0, run_id="1"), record(1, "success", run_id="1"), record(2, run_id="1")])
    assert len(log.survey(["load"]).open_runs) == 1
    log.close()


def test_two_threads_at_once(tmp_path: Path) -> None:
    """Questions while records are written get whole answers."""
    log = TaskLog()
    log.set_repo(f"sqlite:///{tmp_path / 'a.db'}")
    log.open(["load"])
    stop, errors = threading.Event(), []

    def ask() -> None:
        try:
            while not stop.is_set():
                log.tail(5)
                log.history.count("load", frozenset(Action), START, NEVER)
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    for n in range(300):
        log.write([record(n)], lambda _: None)
    assert log.flush(30)
    stop.set()
    thread.join()
    assert errors == []
    assert log.filter_by().count() == 300
    log.close()


def test_no_transaction_stays_open(tmp_path: Path) -> None:
    """Records can be added while others are read one by one, and a half-read answer blocks nobody."""
    log = SqlLog(f"sqlite:///{tmp_path / 'a.db'}")
    log.add_many([record(n) for n in range(2500)])
    half = iter(log.filter_by())
    next(half)
    for n, _ in enumerate(log.filter_by(created=(START / SECOND, START / SECOND + 10))):
        log.add(record(5000 + n))
    assert log.filter_by().count() == 2511
    with connect(tmp_path / "a.db") as db:
        db.execute("BEGIN EXCLUSIVE")
        db.rollback()
    assert len(list(half)) == 2510
    log.close()


def test_a_server_that_restarts(postgres: PostgresServer) -> None:
    """Nothing is lost when PostgreSQL is restarted or stays away for a while (RELIABILITY.md F46)."""
    log = TaskLog()
    log.set_repo(f"{postgres.url}?table=restarted")
    log.open(["load"])
    answers: list[Any] = []
    log.write([record(0)], answers.append)
    assert log.flush()
    postgres.stop()
    postgres.start()
    log.write([record(1, "success")], answers.append)
    assert log.flush(30)
    postgres.stop()
    log.write([record(2)], answers.append)
    log.write([record(3, "fail")], answers.append)
    assert log.flush(30)
    postgres.start()
    assert answers[:2] == [None, None]
    assert "can't write to the log postgresql://log:***@127.0.0.1" in str(answers[2])
    log.write([record(4)], answers.append)
    assert log.flush(30)
    assert answers[4] is None
    assert [row.action for row in log.query()] == ["run", "success", "fail", "run"]
    log.close()


def test_no_idle_transaction(postgres: PostgresServer) -> None:
    """After reading and writing, no connection stays 'idle in transaction'."""
    import sqlalchemy

    log = SqlLog(postgres.url, table="idle")
    log.add(record(0))
    log.filter_by().last()
    log.survey(["load"])
    with log._engine.connect() as connection:
        states = connection.execute(
            sqlalchemy.text("SELECT state FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
        ).scalars()
        assert "idle in transaction" not in list(states)
    log.close()


def test_a_living_scheduler_keeps_its_run_when_the_server_restarts(postgres: PostgresServer) -> None:
    """Its lock goes with the server; with nothing to write it still finds back before it is judged (F40)."""
    url = f"{postgres.url}?table=restarted_beside"
    one, other, later = TaskLog(), TaskLog(), TaskLog()
    answers: list[Any] = []
    for log in (one, other):
        log.set_repo(url)
        log.open(["load"])
    one.write([record(0)], answers.append, Claim(frozenset({"load"}), one.version))
    assert one.flush()
    postgres.stop()
    postgres.start()
    other.write([record(2)], answers.append, Claim(frozenset({"load"}), other.version))
    assert other.flush()
    later.set_repo(url)
    assert later.open(["load"]).crashes == ()
    later.write([record(4)], answers.append, Claim(frozenset({"load"}), later.version))
    assert later.flush()
    assert [type(answer).__name__ for answer in answers] == [
        "NoneType",
        "StartedElsewhere",
        "StartedElsewhere",
    ]
    one.close()
    threading.Event().wait(3.2)  # until the server's restart excuses nobody any more
    later.write([record(6)], answers.append, Claim(frozenset({"load"}), later.version))
    assert later.flush()
    assert answers[3] is None
    assert [row.action for row in later.query()] == ["run", "crash", "run"]
    for log in (other, later):
        log.close()
