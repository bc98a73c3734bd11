"""What a session does with the log of one that died, on a virtual clock (rule D1)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from rocket_magic import Rocketry, VirtualClock
from rocket_magic._protocols import Action
from rocket_magic.conds import after_success, daily, every, retry
from rocket_magic.instants import SECOND, Instant
from rocket_magic.log import SCHEDULER_DIED, Record, TaskLog

from .oracle import Occurrences, violations

NOON = "2026-01-01 12:00"
START: Instant = 1_767_268_800 * SECOND
_EVER = Occurrences([(0.0, 1e11)])


@pytest.fixture(params=["csv", "sqlite"])
def url(request, tmp_path) -> str:
    """A log that outlives its session."""
    return f"csv:{tmp_path / 'log.csv'}" if request.param == "csv" else f"sqlite:///{tmp_path / 'log.db'}"


def leave(url: str, *records: Record) -> None:
    """Write what a dead session left."""
    log = TaskLog()
    log.set_repo(url)
    log.write(records, [].append)
    assert log.close()


def cut_off(n: int, task: str = "work", **more) -> Record:
    """A run without an outcome, so many seconds before noon."""
    at = START - n * SECOND
    return Record(task, Action.RUN, at, f"{task}-{n}", start=at, due=at, **more)


def session(url: str, schedule=daily, **more) -> tuple[Rocketry, Callable[[], list[tuple[str, int]]]]:
    """A session at noon whose task fails, and its outcomes so far."""
    app = Rocketry(time_func=VirtualClock(NOON), execution="main", logger_repo=url, **more)

    @app.task(schedule, name="work")
    def work():
        raise ValueError("no data")

    def outcomes() -> list[tuple[str, int]]:
        rows = app.session.get_task_log(task_name="work")
        return [(str(row.action), row.attempt) for row in rows if row.action != "run"]

    return app, outcomes


def test_a_cut_off_run_is_recorded_and_made_again_once(url):
    """Its crash has its run id and start; the next start of the same log makes nothing again."""
    leave(url, cut_off(60))
    app, outcomes = session(url)
    app.session.step("1 hour")
    assert outcomes() == [("crash", 0), ("fail", 0)]
    crash = app.session.get_task_log(task_name="work", action="crash")[0]
    assert (crash.run_id, crash.start, crash.reason) == ("work-60", START / SECOND - 60, SCHEDULER_DIED)
    assert violations(app.session.get_task_log(), {"work": _EVER}) == []
    app.session.stop(force=True)
    app.session.log.close()
    again, outcomes = session(url)
    again.session.step("1 hour")
    assert outcomes() == [("crash", 0), ("fail", 0)]
    again.session.log.close()


def test_retries_are_counted_on(url):
    """A retry that was cut off is made again as the same retry."""
    first = cut_off(90)
    failed = Record("work", Action.FAIL, START - 80 * SECOND, first.run_id, start=first.start, due=first.due)
    leave(url, first, failed, cut_off(70, attempt=1))
    app, outcomes = session(url, daily | retry(2))
    app.session.step("1 hour")
    assert outcomes() == [("fail", 0), ("crash", 1), ("fail", 1), ("fail", 2)]
    expected = {"work": Occurrences([(0.0, 1e11)], attempts=3)}
    assert violations(app.session.get_task_log(), expected) == []
    app.session.log.close()


def test_a_death_before_the_new_start_loses_nothing(url):
    """The crash was recorded, then the next session died too: a dependent task still gets its run."""
    load = cut_off(50, task="load")
    loaded = Record("load", Action.SUCCESS, START - 49 * SECOND, load.run_id, start=load.start, due=load.due)
    cut = cut_off(48)
    at = START - 40 * SECOND
    crash = Record("work", Action.CRASH, at, cut.run_id, start=cut.start, due=cut.due, reason=SCHEDULER_DIED)
    leave(url, load, loaded, cut, crash)
    app, outcomes = session(url, after_success("load"))
    app.session.step("1 hour")
    assert outcomes() == [("crash", 0), ("fail", 0)]
    app.session.log.close()


def test_after_three_interruptions_it_waits_for_a_hand(url):
    """A task that kills its scheduler must not do so for ever; a run by hand frees it."""
    for n in (90, 60, 30):
        leave(url, cut_off(n))
        reader = TaskLog()
        reader.set_repo(url)
        reader.open(["work"], START - (n - 10) * SECOND)
        reader.close()
    app, outcomes = session(url, every("10 min"))
    app.session.step("1 hour")
    assert outcomes() == [("crash", 0)] * 3
    assert "cut off by the scheduler's death" in str(app.session["work"].explain())
    app.session["work"].run()
    app.session.step("25 min")
    assert len(outcomes()) >= 5
    app.session.log.close()


def test_rerun_can_be_turned_off(url):
    """The cut-off run isn't made again, not even by a second start on the same day."""
    leave(url, cut_off(60))
    for _ in range(2):
        app, outcomes = session(url, rerun_interrupted=False)
        app.session.step("1 hour")
        assert outcomes() == [("crash", 0)]
        app.session.stop(force=True)
        app.session.log.close()


def test_without_rerun_only_the_interrupted_period_is_used_up(url):
    """The cut-off run isn't made again, the next period's run is (D1)."""
    leave(url, cut_off(60))
    app, outcomes = session(url, rerun_interrupted=False)
    app.session.step("1 day")
    assert outcomes() == [("crash", 0), ("fail", 0)]
    app.session.log.close()


def test_an_older_interruption_uses_up_no_later_period(url):
    """What was cut off yesterday leaves today's run to be made."""
    leave(url, cut_off(24 * 3600))
    app, outcomes = session(url, rerun_interrupted=False)
    app.session.step("1 hour")
    assert outcomes() == [("crash", 0), ("fail", 0)]
    app.session.log.close()
