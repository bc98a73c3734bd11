"""The session's log: order, faults, acknowledgement, carrying over, retention."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from rocket_magic._protocols import Action
from rocket_magic.exc import RepositoryError, TaskLoggingError
from rocket_magic.instants import MINUTE, NEVER, SECOND
from rocket_magic.log import MemoryLog, Record, Retention, RetryPolicy, TaskLog

from .stores import START, PlainRepo, record

RUNS = frozenset({Action.RUN})


class Faulty(PlainRepo):
    """A repository that fails as long as it is told to, and counts how often it was tried."""

    def __init__(self) -> None:
        super().__init__()
        self.error: BaseException | None = None
        self.bad_run: str | None = None
        self.tries = 0

    def add(self, item: dict[str, Any]) -> None:
        """Append, or fail."""
        self.tries += 1
        if self.error is not None:
            raise self.error
        if item["run_id"] == self.bad_run:
            raise ValueError("this one never")
        super().add(item)


class Slow(PlainRepo):
    """A repository that waits until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.entered, self.go = threading.Event(), threading.Event()

    def add(self, item: dict[str, Any]) -> None:
        """Append when let go."""
        self.entered.set()
        assert self.go.wait(20)
        super().add(item)


def over(repo: Any, **options: Any) -> TaskLog:
    """A log over a repository."""
    log = TaskLog(**options)
    log.set_repo(repo)
    log.open([])
    return log


def test_memory_is_synchronous() -> None:
    """In memory a record is stored, known to the history and acknowledged before `write` returns."""
    log = TaskLog()
    seen: list[Any] = []
    log.write([record(0)], lambda error: seen.append((error, log.history.status("load"), log.repo.count(()))))
    assert seen == [(None, Action.RUN, 1)]


def test_the_history_knows_before_the_acknowledgement() -> None:
    """Whoever is told that an outcome is stored finds it in the history."""
    log = over(PlainRepo())
    seen: list[Any] = []
    log.write([record(0)], lambda error: seen.append((error, log.history.status("load"))))
    assert log.flush()
    assert seen == [(None, Action.RUN)]


def test_a_slow_repository_holds_nobody_up() -> None:
    """`write` returns at once; what comes meanwhile waits and goes in together, in order."""
    repo = Slow()
    log = over(repo)
    answers: list[str] = []
    for n in range(6):
        log.write([record(n, run_id=str(n))], lambda error, n=n: answers.append(f"{n} {error}"))
    assert repo.entered.wait(20)
    assert answers == []
    assert log.history.status("load") is None
    repo.go.set()
    assert log.flush()
    assert answers == [f"{n} None" for n in range(6)]
    assert [item["run_id"] for item in repo.items] == ["0", "1", "2", "3", "4", "5"]


def test_a_failed_run_record_did_not_happen_a_failed_outcome_did() -> None:
    """RELIABILITY.md F41 and F43: no code without a record, no outcome lost."""
    repo = Faulty()
    told: list[tuple[BaseException, int]] = []
    log = over(repo, on_error=lambda error, records: told.append((error, len(records))))
    repo.error = OSError(28, "No space left on device")
    answers: list[Any] = []
    log.write([record(0)], answers.append)
    assert log.flush()
    log.write([record(1, "success")], answers.append)
    assert log.flush()
    assert [type(answer) for answer in answers] == [TaskLoggingError, TaskLoggingError]
    assert str(answers[0]) == (
        "1 record(s) could not be written to Faulty: OSError: [Errno 28] No space left on device"
    )
    assert log.history.last("load", RUNS) is None
    assert log.history.status("load") is Action.SUCCESS
    assert log.lost == 1
    repo.error = None
    log.write([record(2)], answers.append)
    assert log.flush()
    assert (answers[2], log.lost) == (None, 0)
    assert [item["action"] for item in repo.items] == ["success", "run"]


def test_errors_are_told_once_a_minute() -> None:
    """A full disk is one message a minute, not one a record (RELIABILITY.md F44, I4)."""
    repo = Faulty()
    told: list[BaseException] = []
    log = over(repo, on_error=lambda error, _: told.append(error))
    repo.error = OSError("gone")
    for n in range(100):
        log.write([Record("load", Action.RUN, START + n * SECOND, str(n))], lambda _: None)
        assert log.flush()
    assert len(told) == 2
    repo.error = None
    log.write([Record("load", Action.RUN, START + 100 * SECOND, "x")], lambda _: None)
    assert log.flush()
    repo.error = OSError("gone again")
    log.write([Record("load", Action.RUN, START + 101 * SECOND, "y")], lambda _: None)
    assert log.flush()
    assert len(told) == 3


def test_an_exit_in_a_repository_is_an_error_like_any_other() -> None:
    """`sys.exit` in a user's `add` must not end the writer's thread: each group gets its answer."""

    class Leaving(PlainRepo):
        left = 4

        def add(self, item: dict[str, Any]) -> None:
            if self.left:
                self.left -= 1
                raise SystemExit(3)
            super().add(item)

    log = TaskLog()
    log.set_repo(Leaving())
    answers: list[BaseException | None] = []
    for n in range(3):
        log.write([record(n)], answers.append)
        assert log.flush()
    assert [type(answer).__name__ for answer in answers] == ["TaskLoggingError"] * 2 + ["NoneType"]


def test_errors_of_a_copy_are_told_once_a_minute() -> None:
    """A repository that gets copies fails on every record while the log itself is well."""

    class Refusing(PlainRepo):
        def add(self, item: dict[str, Any]) -> None:
            raise OSError("full")

    told: list[BaseException] = []
    log = TaskLog(on_error=lambda error, _: told.append(error))
    log.set_repo(Refusing())
    log.set_repo(PlainRepo())
    for n in range(5):
        log.write([record(n)], lambda _: None)
        assert log.flush()
    assert len(told) == 1


def test_what_is_kept_goes_in_by_itself() -> None:
    """The writer tries again without being asked, with growing pauses."""
    repo = Faulty()
    log = over(repo)
    log.retry = RetryPolicy(times=0, pause=0.01)
    repo.error = OSError("gone")
    log.write([record(1, "success")], lambda _: None)
    assert log.flush()
    assert log.lost == 1
    repo.error = None
    back = threading.Event()
    original = repo.items.append

    class Watched(list[Any]):
        def append(self, item: Any) -> None:
            original(item)
            back.set()

    repo.items = Watched()
    assert back.wait(20)
    assert log.flush()
    assert log.close()
    assert log.lost == 0


def test_retries_are_tried_before_giving_up() -> None:
    """`log_retry`: a write counts as failed only after its retries."""
    repo = Faulty()
    log = over(repo)
    log.retry = RetryPolicy(times=3, pause=0.001)
    repo.error = OSError("flaky")
    original = repo.add

    def third_time_lucky(item: dict[str, Any]) -> None:
        if repo.tries >= 5:
            repo.error = None
        original(item)

    repo.add = third_time_lucky
    answers: list[Any] = []
    log.write([record(0)], answers.append)
    assert log.flush()
    assert answers == [None]
    assert len(repo.items) == 1


def test_one_bad_record_does_not_take_others_along() -> None:
    """Groups that waited together are tried singly when together they fail."""
    repo = Slow()
    log = over(repo)
    answers: dict[str, Any] = {}

    def write(name: str) -> None:
        log.write([record(0, "success", run_id=name)], lambda error: answers.__setitem__(name, error))

    write("first")
    assert repo.entered.wait(20)
    original = repo.add

    def picky(item: dict[str, Any]) -> None:
        if item["run_id"] == "bad":
            raise ValueError("never")
        original(item)

    repo.add = picky
    for name in ("a", "bad", "b"):
        write(name)
    repo.go.set()
    assert log.flush()
    assert {name: error is None for name, error in answers.items()} == {
        "first": True, "a": True, "bad": False, "b": True,
    }  # fmt: skip
    assert log.lost == 1


def test_a_record_that_never_goes_in_is_given_up() -> None:
    """A kept record that the repository refuses doesn't stand before the others for ever."""
    repo = Faulty()
    log = over(repo)
    repo.error = OSError("gone")
    for n, run in enumerate(["bad", "good", "fine"]):
        log.write([record(n, "success", run_id=run)], lambda _: None)
        assert log.flush()
    repo.error, repo.bad_run = None, "bad"
    for n in range(3):
        log.write([record(10 + n)], lambda _: None)
        assert log.flush()
    assert {item["run_id"] for item in repo.items} >= {"good", "fine", "r5", "r6"}
    assert log.lost == 1  # dropped, and counted


def test_close_says_whether_everything_found_its_place() -> None:
    """What could not be written at the end is not passed over in silence."""
    repo = Faulty()
    log = over(repo)
    repo.error = OSError("gone")
    log.write([record(1, "success")], lambda _: None)
    assert not log.close()
    repo.error = None
    assert log.close()
    assert len(repo.items) == 1


def test_unlogged_runs_that_the_user_wants() -> None:
    """`keep` takes a record as happened and writes it when the repository is back."""
    repo = Faulty()
    log = over(repo)
    repo.error = OSError("gone")
    answers: list[Any] = []
    run = record(0)
    log.write([run], answers.append)
    assert log.flush()
    log.keep([run])
    assert log.history.status("load") is Action.RUN
    assert log.lost == 1
    repo.error = None
    log.write([record(1, "success")], answers.append)
    assert log.flush()
    assert [item["action"] for item in repo.items] == ["run", "success"]


def test_runs_in_flight_are_not_interrupted_ones(tmp_path: Path) -> None:
    """Opening a log again in a living process leaves its own runs alone."""
    log = TaskLog()
    log.set_repo(f"sqlite:///{tmp_path / 'a.db'}")
    log.open(["load"])
    log.write([record(0)], lambda _: None)
    assert log.flush()
    assert log.open(["load"], now=START).interrupted == ()
    log.write([record(1, "success")], lambda _: None)
    log.close()


def test_a_new_repository_keeps_what_the_session_saw(tmp_path: Path) -> None:
    """A finished `daily` isn't run again because its log moved to a file."""
    log = TaskLog()
    log.open(["load"])
    log.write([record(0), record(1, "success")], lambda _: None)
    log.set_repo(f"sqlite:///{tmp_path / 'a.db'}")
    assert log.open(["load"], now=START).interrupted == ()
    assert log.history.status("load") is Action.SUCCESS
    assert log.history.count("load", frozenset({Action.SUCCESS}), START, NEVER) == 1
    assert log.query() == []
    log.close()


def test_order_of_one_instant() -> None:
    """Records of one instant keep their order by `seq` (RELIABILITY.md F50)."""
    log = TaskLog()
    names = ["a", "b", "c"]
    for name in names:
        log.write([Record(name, Action.SUCCESS, START, name)], lambda _: None)
    marks = [log.history.last(name, frozenset(Action)) for name in names]
    assert [mark.seq for mark in marks if mark] == [1, 2, 3]


def test_memory_is_bounded() -> None:
    """The newest records stay, and how many went is known."""
    log = TaskLog(capacity=10)
    for n in range(25):
        log.write([record(n, task=f"t{n % 3}")], lambda _: None)
    assert (len(log.repo), log.repo.dropped) == (10, 15)
    assert repr(log.repo) == "MemoryLog(10 of 10 records, 15 dropped)"
    assert log.filter_by(task_name="t0").count() == 4
    assert [row.created - START / SECOND for row in log.tail(2)] == [23, 24]
    with pytest.raises(RepositoryError, match="at least one record, got capacity=0"):
        MemoryLog(0)


def test_retention_works_while_records_come() -> None:
    """Old records go by themselves once a user chose so."""
    log = TaskLog()
    log.retention = Retention(age=MINUTE)
    for n in range(0, 20_000, 100):
        log.write(
            [Record("a", Action.RUN, START + (n + i) * SECOND, "r") for i in range(100)], lambda _: None
        )
    assert len(log.repo) <= 10_100
    other = over(PlainRepo())
    other.write([record(0), record(1)], lambda _: None)
    assert other.flush()
    other.retention = Retention(count=1)
    with pytest.raises(RepositoryError, match="not one of Red Bird's"):
        other.trim(START)


def test_recent_runs() -> None:
    """The dashboard's dozen: ended runs, newest last."""
    log = TaskLog()
    for n in range(40):
        log.write([record(n, "run" if n % 2 == 0 else "success")], lambda _: None)
    assert [one.run_id for one in log.recent_runs("load", 3)] == ["r17", "r18", "r19"]
    assert len(log.recent_runs("load", 50)) == 12
    assert log.recent_runs("other", 5) == ()


def test_task_logger() -> None:
    """`task.logger` sees one task's records."""
    log = TaskLog()
    log.write([record(0), record(1, "fail"), record(2, task="other")], lambda _: None)
    logger = log.for_task("load")
    assert [row.action for row in logger.get_records()] == ["run", "fail"]
    assert logger.get_latest().action == "fail"
    assert logger.get_latest("run").run_id == "r0"
    assert logger.filter_by(action="run", task_name="load").count() == 1
    with pytest.raises(RepositoryError, match="this logger is of task 'load'"):
        logger.filter_by(task_name="other")
    logger.set_repo(PlainRepo())
    assert isinstance(log.repo, PlainRepo)


def test_task_logger_speaks_in_the_tasks_name(caplog: pytest.LogCaptureFixture) -> None:
    """Messages go to the stdlib logger with the task's name, and are no records."""
    log = TaskLog()
    logger = log.for_task("load")
    with caplog.at_level("DEBUG", "rocketry.task"):
        logger.debug("d")
        logger.info("hello %s", "you", extra={"action": "x"})
        logger.warning("w")
        logger.error("e")
        try:
            _ = 1 // 0
        except ZeroDivisionError:
            logger.exception("x")
    # records of the logs of earlier tests may still be on their way to the handlers
    said = [one for one in caplog.records if not hasattr(one, "run_id")]
    assert [one.levelname for one in said] == ["DEBUG", "INFO", "WARNING", "ERROR", "ERROR"]
    assert {one.task_name for one in said} == {"load"}
    assert said[0].filename == Path(__file__).name
    assert log.query() == []


def test_bad_moments_in_queries() -> None:
    """Text that is no moment is refused with the form to use; unknown columns are named."""
    log = TaskLog()
    with pytest.raises(RepositoryError, match=r"created='soon' is not a moment: write it like"):
        log.query(created="soon")
    with pytest.raises(RepositoryError, match="no column 'colour'; it has created, task_name"):
        log.query(colour="red")


def test_two_sessions_never_mix() -> None:
    """Each log has its own records, also for tasks of one name (RELIABILITY.md F39)."""
    one, two = TaskLog(), TaskLog()
    one.write([record(0)], lambda _: None)
    assert two.query() == []
    assert two.history.status("load") is None
