"""Tests of made-up records."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from rocket_magic import Rocketry
from rocket_magic.conds import every, succeeded
from rocket_magic.exc import ClockError, TaskLoggingError
from rocket_magic.testing import rehearsal, starts
from rocket_magic.testing.log import add_task_record, create_task_record

MIDNIGHT = datetime(2026, 1, 1, tzinfo=UTC).timestamp()


def test_a_record_is_made():
    """Columns as repositories hold them: times in seconds since the epoch."""
    made = create_task_record("load", "run", "2026-01-01", zone="UTC", run_id="7")
    assert (made.task_name, made.action, made.created, made.run_id) == ("load", "run", MIDNIGHT, "7")
    assert (made.start, made.end, made.runtime) == (MIDNIGHT, None, None)


def test_an_outcome_knows_its_end():
    """And its runtime, where the start is known."""
    made = create_task_record(
        task_name="load", action="fail", created=MIDNIGHT + 60, start=datetime(2026, 1, 1), zone="UTC",
        exc_text="Traceback", reason="told",
    )  # fmt: skip
    assert (made.start, made.end, made.runtime) == (MIDNIGHT, MIDNIGHT + 60, 60)
    assert (made.exc_text, made.reason) == ("Traceback", "told")
    made = create_task_record("load", "success", MIDNIGHT + 60, start=MIDNIGHT, end=MIDNIGHT + 30)
    assert (made.end, made.runtime) == (MIDNIGHT + 30, 30)


def test_naive_times_are_the_machines():
    """As in programs that set no zone."""
    made = create_task_record("load", "run", "2026-01-01 10:00")
    assert made.created == datetime(2026, 1, 1, 10).timestamp()


def test_mistakes_are_told():
    """Action, column, time."""
    with pytest.raises(TaskLoggingError) as caught:
        create_task_record("load", "succes", 0)
    assert str(caught.value) == (
        "a record of task 'load' has an action of run, success, fail, terminate, inaction, crash; "
        "got 'succes'"
    )
    with pytest.raises(TaskLoggingError, match=r"a record has no column 'runid'; there are action, .*run_id"):
        create_task_record("load", "run", 0, runid="7")
    with pytest.raises(ClockError, match="'noon' is not a moment"):
        create_task_record("load", "run", "noon")


def test_conditions_know_of_it():
    """A history that was made up counts like one that happened."""
    app = rehearsal("2026-01-01 12:00", "UTC")
    app.task("daily", name="daily", func=lambda: None)
    app.task(every("1 hour"), name="hourly", func=lambda: None)
    for name in ("daily", "hourly"):
        add_task_record(app.session, name, "run", "2026-01-01 11:30", run_id=f"{name}-1")
        add_task_record(app.session, name, "success", "2026-01-01 11:40", start="2026-01-01 11:30")
    assert succeeded(task="daily").today.observe(session=app.session)
    assert app.session["daily"].status == "success"
    app.step("1 hour")
    assert [f"{one:%H:%M}" for one in starts(app, "hourly")] == ["11:30", "12:30"]
    assert [f"{one:%H:%M}" for one in starts(app, "daily")] == ["11:30"]
    app.session.stop()


def test_records_reach_a_repository_that_is_written_by_a_thread(tmp_path):
    """They are there when the call returns."""
    app = Rocketry(logger_repo=f"sqlite:///{tmp_path}/runs.db")
    add_task_record(app.session, "load", "run", "2026-01-01 11:30", run_id="1")
    made = add_task_record(app.session, "load", "fail", "2026-01-01 11:31", run_id="1")
    assert app.session.get_repo().filter_by(action="fail").last().created == made.created
    app.session.log.close()


def test_a_repository_that_refuses_is_told_of():
    """The error is the caller's."""

    class Broken:
        def add(self, item):
            raise OSError("full")

        def filter_by(self, **kwargs):
            return []

    app = Rocketry(logger_repo=Broken())
    with pytest.raises(TaskLoggingError, match="full"):
        add_task_record(app.session, "load", "run", 0)
    app.session.log.close()
