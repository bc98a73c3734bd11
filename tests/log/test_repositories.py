"""One suite over every repository that can be a task log."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from rocket_magic._protocols import Action
from rocket_magic.exc import RepositoryError
from rocket_magic.instants import NEVER, SECOND
from rocket_magic.log import SCHEDULER_DIED, Record, TaskLog

from .stores import START, PlainRepo, record

MakeLog = Callable[[str], TaskLog]
ENDED = frozenset(Action) - {Action.RUN}
FORGETFUL = {"memory", "sqlite-memory"}
NOW = START + 1000 * SECOND


def write(log: TaskLog, *records: Record) -> None:
    """Write each record as a group and see each acknowledged."""
    answers: list[Any] = []
    for one in records:
        log.write([one], answers.append)
    assert log.flush()
    assert answers == [None] * len(records)


def test_records_come_back_in_order_and_equal(kind: str, make_log: MakeLog) -> None:
    """All columns come back as they were written, in the order of writing."""
    log = make_log(kind)
    log.open(["load"])
    first = record(0, due=START - 5 * SECOND, merged=3, attempt=2, params='x=1, y="ä\n,"')
    last = record(1, "fail", end=START + 1_500_000, exc_text='Traceback:\n  "boom"\n', reason="it broke")
    write(log, first, last)
    rows = log.query()
    assert [row.action for row in rows] == ["run", "fail"]
    assert rows[0].model_dump() == {
        "created": 1767225600.0, "task_name": "load", "action": "run", "run_id": "r0",
        "start": 1767225600.0, "end": None, "runtime": None, "due": 1767225595.0, "merged": 3, "attempt": 2,
        "reason": None, "params": 'x=1, y="ä\n,"', "message": "Task 'load' status: 'run'", "exc_text": None,
    }  # fmt: skip
    assert rows[1].runtime == 1.5
    assert rows[1].exc_text == 'Traceback:\n  "boom"\n'
    assert rows[1].reason == "it broke"


def test_counted_run_ids_never_repeat(kind: str, make_log: MakeLog) -> None:
    """A second life of a log counts on; ids that are not counted don't matter (RELIABILITY.md I1)."""
    log = make_log(kind)
    log.open(["load"])
    first = log.reserve_run_numbers()
    assert first == 1
    counted = [record(n, run_id=f"{first + n:08d}") for n in range(3)]
    write(log, *counted, record(4, run_id="7f" * 16), record(5, run_id="by-hand"))
    again = log
    if kind not in FORGETFUL:
        log.close()
        again = make_log(kind)
        again.open(["load"])
    assert again.reserve_run_numbers() > 3


@pytest.mark.parametrize("shared", ["sqlite", "postgres"])
def test_two_sessions_on_a_database_get_numbers_of_their_own(shared: str, make_log: MakeLog) -> None:
    """Both live, neither has written yet."""
    one, other = make_log(shared), make_log(shared)
    assert (one.reserve_run_numbers(), other.reserve_run_numbers()) == (1, 100_000_001)


def test_a_table_from_before_numbers_were_reserved(make_log: MakeLog) -> None:
    """Its rows may have any number below."""
    log = make_log("sqlite")
    write(log, record(0, run_id="00000042"))
    assert log.reserve_run_numbers() == 100_000_001


def test_microseconds_survive(kind: str, make_log: MakeLog) -> None:
    """An instant comes back to the microsecond."""
    log = make_log(kind)
    log.open(["load"])
    write(log, Record("load", Action.RUN, START + 123_457, "r1", start=START + 123_457))
    again = log
    if kind not in FORGETFUL:
        log.close()
        again = make_log(kind)
    again.open(["load"], now=NOW)
    assert again.history.nth_newest("load", frozenset({Action.RUN}), 1) == START + 123_457


def test_questions(kind: str, make_log: MakeLog) -> None:
    """Filters, counts, first, last, limit and tail agree with each other."""
    log = make_log(kind)
    log.open(["load", "clean"])
    write(log, record(0), record(1, "success"), record(2, task="clean"), record(3, "fail", "clean"))
    assert log.filter_by(task_name="clean").count() == 2
    assert log.filter_by(task="clean", action="fail").first().run_id == "r1"
    assert log.filter_by(action=["fail", "success"]).last().action == "fail"
    assert log.filter_by(created=(START / SECOND + 1, START / SECOND + 2)).count() == 2
    assert log.filter_by(timestamp=("2026-01-01 00:00:03", None)).count() == 1
    assert [row.action for row in log.filter_by().limit(2)] == ["run", "success"]
    assert [row.action for row in log.tail(2)] == ["run", "fail"]
    assert [row.action for row in log.tail(5, task="load")] == ["run", "success"]
    assert log.filter_by(run_id="none").last() is None


def test_operators_of_red_bird(kind: str, make_log: MakeLog) -> None:
    """Queries take the operators of redbird.oper."""
    from rocket_magic.log._redbird import load_redbird

    oper = load_redbird().oper
    log = make_log(kind)
    log.open(["load"])
    write(log, *(record(n, "run" if n % 2 == 0 else "success") for n in range(6)))
    base = START / SECOND
    assert log.filter_by(created=oper.greater_than(base + 3)).count() == 2
    assert log.filter_by(created=oper.greater_equal(base + 3)).count() == 3
    assert log.filter_by(created=oper.less_than(base + 1)).count() == 1
    assert log.filter_by(created=oper.between(base + 1, base + 3)).count() == 3
    assert log.filter_by(action=oper.in_(["run"]), run_id=oper.not_equal("r0")).count() == 2
    assert log.filter_by(action=oper.skip).count() == 6


def test_history_after_reopening(kind: str, make_log: MakeLog) -> None:
    """What conditions ask is the same after a restart."""
    if kind in FORGETFUL:
        pytest.skip("forgets")
    log = make_log(kind)
    log.open(["load", "clean"])
    write(
        log,
        record(0), record(1, "success"), record(2, attempt=1), record(3, "fail"),
        record(4, task="clean"), record(5, "inaction", "clean"),
    )  # fmt: skip
    log.close()
    again = make_log(kind)
    recovery = again.open(["load"], now=NOW)
    history = again.history
    assert recovery.interrupted == ()
    assert (history.status("load"), history.status("clean")) == (Action.FAIL, Action.INACTION)
    assert history.attempt("load") == 1
    assert history.count("load", ENDED, START, NEVER) == 2
    assert history.happened("load", frozenset({Action.SUCCESS}), START + SECOND, START + 2 * SECOND)
    assert not history.happened("load", frozenset({Action.SUCCESS}), START + 2 * SECOND, NEVER)
    assert history.nth_newest("load", ENDED, 2) == START + SECOND
    assert history.nth_newest("load", ENDED, 3) is None
    success, inaction = history.last("load", ENDED), history.last("clean", ENDED)
    assert success is not None
    assert inaction is not None
    assert success.seq < inaction.seq < 1
    assert history.status("never seen") is None
    assert [one.action for one in again.recent_runs("load", 12)] == [Action.SUCCESS, Action.FAIL]


def test_interrupted_runs_are_recorded_once(kind: str, make_log: MakeLog) -> None:
    """Runs without an outcome get their crash record at the next start, and only then."""
    if kind in FORGETFUL:
        pytest.skip("forgets")
    log = make_log(kind)
    log.open(["load"])
    write(log, record(0), record(1, "success"), record(2, attempt=1, due=START), record(4, task="removed"))
    log.close()
    again = make_log(kind)
    recovery = again.open(["load"], now=NOW)
    assert sorted(recovery.interrupted) == ["load", "removed"]
    crash = next(one for one in recovery.crashes if one.task_name == "load")
    assert (crash.run_id, crash.start, crash.at, crash.attempt) == ("r1", START, NOW, 1)
    assert crash.reason == SCHEDULER_DIED
    assert recovery.interrupted_in_a_row == {"load": 1, "removed": 1}
    history = again.history
    assert history.status("load") is Action.CRASH
    assert not history.happened("load", frozenset({Action.CRASH}), START, NEVER)
    assert history.count("load", ENDED, START, NEVER) == 1
    again.close()
    third = make_log(kind)
    recovery = third.open(["load"], now=NOW)
    assert recovery.interrupted == ()
    assert recovery.interrupted_in_a_row["load"] == 1
    assert third.history.status("load") is Action.CRASH
    assert third.filter_by(action="crash").count() == 2


def test_interrupted_starts_in_a_row_are_counted(kind: str, make_log: MakeLog) -> None:
    """Each death counts once, however many runs it took; a success starts anew."""
    if kind in FORGETFUL:
        pytest.skip("forgets")
    counts = []
    for turn in range(3):
        log = make_log(kind)
        recovery = log.open(["load"], now=NOW + turn * SECOND)
        counts.append(recovery.interrupted_in_a_row.get("load", 0))
        for run in ("a", "b"):
            write(log, record(100 + turn, run_id=f"{run}{turn}"))
        log.close()
    log = make_log(kind)
    counts.append(log.open(["load"], now=NOW + 9 * SECOND).interrupted_in_a_row["load"])
    write(log, record(2000, run_id="z"), record(2001, "success", run_id="z"))
    log.close()
    counts.append(make_log(kind).open(["load"], now=NOW).interrupted_in_a_row.get("load", 0))
    assert counts == [0, 1, 2, 3, 0]


NAMES = [
    "plain", "with space", "<b>html</b>", "'; DROP TABLE task_log; --", '" OR 1=1', "100%", "a_b",
    "back\\slash", "=1+1",
    "line\nbreak", "tab\t", "../../up", "{0.__class__}", "\u202egnp", "ä€😀", "x" * 10_000, "None", "a,b",
]  # fmt: skip


def test_names_come_back_equal(kind: str, make_log: MakeLog) -> None:
    """Awkward task names survive every repository and its filters (RELIABILITY.md F25, X9)."""
    log = make_log(kind)
    log.open(NAMES)
    write(log, *(record(n, task=name, run_id=str(n)) for n, name in enumerate(NAMES)))
    assert [row.task_name for row in log.query()] == NAMES
    for name in NAMES:
        assert log.filter_by(task_name=name).count() == 1, name


@pytest.mark.parametrize(
    "text", ["nul\0", "lone \ud800 surrogate", "x" * 200_000], ids=["nul", "lone", "long"]
)
def test_texts_that_some_stores_refuse_are_tamed(kind: str, make_log: MakeLog, text: str) -> None:
    """A traceback can hold anything; it never keeps a record from being written."""
    log = make_log(kind)
    log.open(["load"])
    write(log, record(0, exc_text=text), record(1, "fail", exc_text=text))
    assert log.filter_by(action="fail").count() == 1
    assert log.query()[1].exc_text.encode().isascii() or len(log.query()[1].exc_text) < 70_000


def test_deleting_and_changing(kind: str, make_log: MakeLog) -> None:
    """Red Bird's delete and update work where the repository has them."""
    if kind == "redbird-csv":
        pytest.skip("rewrites the file in place: never used on a log")
    log = make_log(kind)
    log.open(["load"])
    write(log, record(0), record(1, "success"), record(2, task="clean"))
    assert log.filter_by(task_name="load", action="success").delete() == 1
    assert [row.task_name for row in log.query()] == ["load", "clean"]
    if kind in {"memory", "csv", "sqlite", "postgres", "sqlite-memory"}:
        assert log.filter_by(task_name="load").update(task_name="fetch", created=START / SECOND + 9) == 1
        assert log.filter_by(task_name="fetch").first().created == START / SECOND + 9
        log.filter_by(task_name="fetch").replace(task_name="new", action="run", created=1.0)
        assert sorted(row.task_name for row in log.query()) == ["clean", "new"]
        with pytest.raises(RepositoryError, match="no column 'colour'"):
            log.filter_by(colour="red")


@pytest.mark.parametrize("age", [True, False])
def test_retention(kind: str, make_log: MakeLog, age: bool) -> None:
    """Records beyond the age or count that the user chose go; others stay."""
    from rocket_magic.log import Retention

    log = make_log(kind)
    log.open(["load"])
    if kind == "plain":
        write(log, *(record(n) for n in range(5)))
        log.retention = Retention(age=6 * SECOND) if age else Retention(count=4)
        with pytest.raises(RepositoryError, match="not one of Red Bird's"):
            log.trim(NOW)
        return
    write(log, *(record(n, "run" if n % 2 == 0 else "success") for n in range(10)), record(0, task="clean"))
    log.retention = Retention(age=6 * SECOND) if age else Retention(count=4)
    log.trim(START + 10 * SECOND)
    assert log.filter_by(task="load").count() == (6 if age else 4)
    assert log.filter_by(task="clean").count() == (0 if age else 1)


def test_asking_the_repository_each_time(kind: str, make_log: MakeLog) -> None:
    """With `force_status_from_logs` conditions see what another process wrote."""
    log = make_log(kind)
    log.open(["load"])
    log.ask_repository(True)
    write(log, record(0, attempt=1), record(1, "success"))
    log._memory_history.restore((), {}, None)  # as if another process had written
    history = log.history
    assert history.status("load") is Action.SUCCESS
    assert history.attempt("load") == 1
    assert history.count("load", ENDED, START, NEVER) == 1
    assert history.happened("load", ENDED, START, NEVER)
    assert history.nth_newest("load", frozenset(Action), 2) == START
    mark = history.last("load", ENDED)
    assert mark is not None
    assert mark.at == START + SECOND
    assert history.last("load", frozenset({Action.FAIL})) is None
    log.ask_repository(False)
    assert history is not log.history


def test_pandas(make_log: MakeLog) -> None:
    """Rows become a DataFrame with exact UTC timestamps."""
    log = make_log("sqlite")
    log.open(["load"])
    write(log, record(0), record(1, "success", end=START + 250_000))
    frame = log.query().to_pandas()
    assert str(frame["created"].dtype).startswith("datetime64")
    assert frame["created"][1].isoformat() == "2026-01-01T00:00:01+00:00"
    assert frame["runtime"][1] == 0.25
    assert list(frame["action"]) == ["run", "success"]


def test_red_birds_columns_may_be_few(tmp_path: Path) -> None:
    """The documented table with five columns works with `RunRecord` (BEHAVIOUR S85)."""
    import sqlalchemy

    from rocket_magic.log import RunRecord
    from rocket_magic.repos import SQLRepo

    engine = sqlalchemy.create_engine(f"sqlite:///{tmp_path / 'few.db'}")
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TABLE log (id INTEGER PRIMARY KEY, created FLOAT, task_name TEXT, "
            "run_id TEXT, action TEXT)"
        )
    log = TaskLog()
    log.set_repo(SQLRepo(model=RunRecord, table="log", engine=engine, id_field="id"), delete_existing=True)
    log.open(["load"])
    write(log, record(0), record(1, "success"))
    assert [row.action for row in log.repo.filter_by().all()] == ["run", "success"]
    assert log.tail(1)[0].run_id == "r0"
    log.close()
    engine.dispose()


@pytest.mark.parametrize(
    "name", ["MinimalRecord", "LogRecord", "TaskLogRecord", "MinimalRunRecord", "RunRecord"]
)
def test_every_model_fits_every_repository(tmp_path: Path, name: str) -> None:
    """Each of Rocketry's record models can be a repository's model."""
    import sqlalchemy

    from rocket_magic import log as log_module
    from rocket_magic import repos

    model = getattr(log_module, name)
    numbered = type(
        name, (model,), {"__annotations__": {"id": int | None}, "id": None, "__module__": __name__}
    )
    engine = sqlalchemy.create_engine(f"sqlite:///{tmp_path / 'm.db'}")
    chosen: Sequence[Any] = (
        repos.MemoryRepo(model=model),
        repos.CSVFileRepo(model=model, filename=tmp_path / "m.csv"),
        repos.SQLRepo(model=numbered, engine=engine, table="m", id_field="id", if_missing="create"),
    )
    for repo in chosen:
        log = TaskLog()
        log.set_repo(repo)
        log.open(["load"])
        write(log, record(0), record(1, "fail", exc_text="Traceback"))
        assert [row.action for row in log.query()] == ["run", "fail"]
        assert log.history.status("load") is Action.FAIL
        log.close()
    engine.dispose()


def test_a_repository_stays_beside_the_next_when_asked(tmp_path: Path) -> None:
    """`delete_existing=False` goes on copying records to the repository before; True lets it go."""
    one, two, three = PlainRepo(), PlainRepo(), PlainRepo()
    log = TaskLog()
    log.set_repo(one)
    log.set_repo(two)
    log.open([])
    write(log, record(0))
    log.set_repo(three, delete_existing=True)
    log.open([])
    write(log, record(1, "success"))
    assert [len(repo.items) for repo in (one, two, three)] == [1, 1, 1]
    assert log.repo is three
    assert log.history.last("load", frozenset({Action.RUN})) is not None  # this session saw it


def test_no_repository() -> None:
    """What can't be a repository is refused with what it would need."""
    with pytest.raises(RepositoryError, match=r"int is no repository: it needs add\(record\)"):
        TaskLog().set_repo(3)
