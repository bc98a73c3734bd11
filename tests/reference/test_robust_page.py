"""The page "Robust Applications": its examples, with what the page's own slips break put right."""

from __future__ import annotations

import logging
from functools import wraps
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from rocket_magic import Rocketry, VirtualClock
from rocket_magic.conds import daily, every, failed, finished, retry, succeeded, time_of_day
from rocket_magic.exc import ConditionError
from rocket_magic.log import LogRecord, RunRecord
from tests.reference.support import actions, run_until, wait_for


def stop(app: Rocketry) -> None:
    """End a stepped session and let its files go."""
    app.session.stop(force=True)
    app.session.log.close()


def test_silenced_errors_reach_the_scheduler_logger(caplog):
    """S79, S80: the options of the page; error and traceback are still told."""
    app = Rocketry(
        config={
            "execution": "main",
            "silence_task_prerun": True,
            "silence_task_logging": True,
            "silence_cond_check": True,
        }
    )

    @app.cond("broken")
    def broken():
        raise RuntimeError("can't tell")

    app.task("broken", name="never", func=lambda: None)
    app.task(every("1 hour"), name="work", func=lambda: None)
    with caplog.at_level(logging.ERROR, "rocketry.scheduler"):
        run_until(app, finished(task="work") >= 1)
    told = [record for record in caplog.records if record.name == "rocketry.scheduler"]
    assert any("can't tell" in record.getMessage() and record.exc_info for record in told)


def test_errors_stop_the_system_by_default():
    """S78."""
    app = Rocketry(execution="main")

    @app.cond("broken")
    def broken():
        raise RuntimeError("can't tell")

    app.task("broken", name="never", func=lambda: None)
    with pytest.raises(ConditionError, match="can't tell"):
        app.run()


@pytest.mark.parametrize("origin", ["rocket_magic.repos", "redbird.repos"])
def test_csv_file(tmp_path, clock, origin):
    """S82, S84, S86: with Red Bird's repository and `RunRecord`; a later session goes on from there."""
    import importlib

    import rocket_magic  # noqa: F401  lets Red Bird stand on pydantic 2

    repos = importlib.import_module(origin)
    path = tmp_path / "tasks.csv"
    runs = []

    def session(at: str) -> Rocketry:
        app = Rocketry(config={"time_func": VirtualClock(at), "execution": "main"})
        repo = repos.CSVFileRepo(model=RunRecord, filename=str(path))
        app.session.set_repo(repo, delete_existing=True)
        app.task(daily, name="do_things", func=lambda: runs.append(at))
        return app

    first = session("2026-01-01 10:00")
    first.step("1 hour")
    stop(first)
    assert "do_things" in path.read_text()
    second = session("2026-01-01 12:00")
    second.step("1 hour")
    assert runs == ["2026-01-01 10:00"]
    second.step("12 hours")
    assert len(runs) == 2
    rows = second.session.get_repo().filter_by(task_name="do_things").all()
    assert [str(row.action) for row in rows] == ["run", "success"] * 2
    assert all(row.run_id for row in rows)
    stop(second)


@pytest.mark.parametrize("origin", ["rocket_magic.repos", "redbird.repos"])
def test_relational_database(tmp_path, clock, origin):
    """S85: the user's own table of five columns, by SQLAlchemy 2 (the page's call is of version 1)."""
    import importlib

    repos = importlib.import_module(origin)
    engine = create_engine(f"sqlite:///{tmp_path / 'log.db'}")
    with engine.begin() as connection:
        connection.execute(
            text(
                """CREATE TABLE log (
                    id INTEGER PRIMARY KEY,
                    created FLOAT,
                    task_name TEXT,
                    run_id TEXT,
                    action TEXT
                )"""
            )
        )
    app = Rocketry(config={"time_func": clock, "execution": "main"})
    repo = repos.SQLRepo(model=RunRecord, table="log", engine=engine, id_field="id")
    app.session.set_repo(repo, delete_existing=True)
    app.task(daily, name="do_things", func=lambda: 1)
    app.step("1 hour")
    stop(app)
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT task_name, action FROM log ORDER BY id")).all()
    assert [tuple(row) for row in rows] == [("do_things", "run"), ("do_things", "success")]
    again = Rocketry(config={"time_func": VirtualClock("2026-01-01 12:00"), "execution": "main"})
    again.session.set_repo(repos.SQLRepo(model=RunRecord, table="log", engine=engine, id_field="id"))
    again.task(daily, name="do_things", func=lambda: pytest.fail("it has run today"))
    again.step("1 hour")
    stop(again)
    engine.dispose()


def retry_func(func: Any) -> Any:
    """The page's wrapper, without its slip."""

    @wraps(func)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        err: Exception | None = None
        for _ in range(3):
            try:
                return func(*args, **kwargs)
            except Exception as exc:
                err = exc
        assert err is not None
        raise err

    return wrapper


class Shaky:
    """A repository whose every other write fails."""

    def __init__(self) -> None:
        self.rows: list[Any] = []
        self.calls = 0

    def add(self, item: Any) -> None:
        self.calls += 1
        if self.calls % 2:
            raise ConnectionError("connection lost")
        self.rows.append(item)

    def filter_by(self, **query: Any) -> Any:
        return self

    def all(self) -> list[Any]:
        return list(self.rows)


def test_retried_inserts():
    """S83, S87: a repository of one's own, its write method wrapped."""
    repo = Shaky()
    repo.add = retry_func(repo.add)
    app = Rocketry(execution="main")
    app.session.set_repo(repo, delete_existing=True)
    app.task(every("1 hour"), name="work", func=lambda: 1)
    run_until(app, finished(task="work") >= 1)
    app.session.log.flush()
    assert len(repo.rows) == 2
    assert repo.calls == 4


def test_retried_inserts_of_red_bird(tmp_path):
    """S87: the same on Red Bird's class."""
    from rocket_magic.repos import CSVFileRepo

    repo = CSVFileRepo(model=LogRecord, filename=str(tmp_path / "log.csv"))
    failures = iter([True, False, True, False])
    insert = repo.insert

    def shaky(item: Any) -> Any:
        if next(failures, False):
            raise ConnectionError("connection lost")
        return insert(item)

    object.__setattr__(repo, "insert", retry_func(shaky))
    app = Rocketry(execution="main")
    app.session.set_repo(repo, delete_existing=True)
    app.task(every("1 hour"), name="work", func=lambda: 1)
    run_until(app, finished(task="work") >= 1)
    stop(app)
    assert len(repo.filter_by().all()) == 2


class Keep(logging.Handler):
    """Stands where a mail handler would."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@pytest.mark.parametrize("mode", ["main", "thread", "process"])
def test_task_errors_go_to_any_handler(mode):
    """S88, S89: level ERROR selects the failures; name and traceback are at hand."""
    handler = Keep()
    handler.setLevel(logging.ERROR)
    task_logger = logging.getLogger("rocketry.task")
    task_logger.addHandler(handler)
    try:
        app = Rocketry(execution=mode)
        app.task(every("1 hour"), name="bad", func=lambda: 1 / 0)
        app.task(every("1 hour"), name="good", func=lambda: 1)
        run_until(app, (finished(task="bad") >= 1) & (finished(task="good") >= 1))
        wait_for(lambda: handler.records)
    finally:
        task_logger.removeHandler(handler)
    (record,) = handler.records
    assert record.task_name == "bad"
    assert "ZeroDivisionError" in record.exc_text


def test_the_scheduler_logger_takes_handlers():
    """S90: its life, at INFO."""
    handler = Keep()
    sched_logger = logging.getLogger("rocketry.scheduler")
    sched_logger.addHandler(handler)
    level = sched_logger.level
    sched_logger.setLevel(logging.INFO)
    try:
        app = Rocketry(execution="main")
        app.task(every("1 hour"), name="good", func=lambda: 1)
        run_until(app, succeeded(task="good") >= 1)
    finally:
        sched_logger.removeHandler(handler)
        sched_logger.setLevel(level)
    assert [record.levelname for record in handler.records].count("INFO") >= 2


def starts(app: Rocketry, log_of: Any) -> list[str]:
    """Day and time of each start."""
    return [when for _, _, when in log_of(app, "run")]


def test_daily_with_retries(app, log_of):
    """S91: each day one run and at most three retries (B10)."""

    @app.task(daily | retry(3))
    def do_things():
        raise ValueError("not today")

    app.step("2 days")
    days = [when[:2] for when in starts(app, log_of)]
    assert days[:8] == ["01"] * 4 + ["02"] * 4
    assert actions(app, do_things)[:8] == ["run", "fail"] * 4


def test_a_success_ends_the_retries(app, log_of):
    """S91: no more of them than needed."""
    outcomes = iter([ValueError(), ValueError(), None])

    @app.task(daily | retry(3))
    def do_things():
        error = next(outcomes)
        if error:
            raise error

    app.step("12 hours")
    assert actions(app, do_things) == ["run", "fail", "run", "fail", "run", "success"]


def test_retries_in_a_window(app, log_of):
    """S92: neither the run nor a retry outside it."""
    from rocket_magic.args import Clock

    @app.task((daily | retry(3)) & time_of_day.between("10:00", "12:00"), execution="thread", timeout="never")
    def do_things(clock=Clock()):
        clock.sleep(50 * 60)
        raise ValueError("after hours")

    app.step("24 hours")
    assert starts(app, log_of) == ["01 10:00:00", "01 10:50:00", "01 11:40:00"]
    assert failed(task=do_things).observe(session=app.session)
