"""What was due while nothing ran is told once at the start (rule D3, fault F61)."""

from __future__ import annotations

import logging

import pytest

from rocket_magic import Rocketry, VirtualClock
from rocket_magic.clock import SystemClock
from rocket_magic.instants import SECOND


def reopened(path, schedule: str, later: str, **policy) -> Rocketry:
    """An application that ran on 1 January, opened again later on the same log."""
    for start in ("2026-01-01", later):
        app = Rocketry(
            time_func=VirtualClock(start), execution="main", logger_repo=f"sqlite:///{path}/log.db"
        )
        app.task(schedule, name="a", func=lambda: None, **policy)
        if start != later:
            app.step("23 hours")
            app.session.stop()
            app.session.log.close()
    return app


def lines(caplog) -> list[str]:
    """What was told of missed starts."""
    return [record.getMessage() for record in caplog.records if "missed" in record.getMessage()]


def starts(app: Rocketry) -> int:
    """How many runs the log has."""
    return len(app.session.get_task_log(action="run"))


@pytest.mark.parametrize("schedule", ["daily between 10:00 and 12:00", "cron('0 10 * * *')"])
def test_missed_starts_are_listed_and_not_made_up(tmp_path, caplog, schedule):
    """One line with their number, the first and the last."""
    schedule = schedule.replace("cron('", "cron ").replace("')", "")
    app = reopened(tmp_path, schedule, "2026-01-05 13:00")
    app.step(1)
    (line,) = lines(caplog)
    assert line.startswith("Task 'a' missed 4 starts while the scheduler was down: ")
    assert line.endswith("first 2026-01-02 10:00:00, last 2026-01-05 10:00:00")
    assert starts(app) == 1
    app.session.stop()
    app.session.log.close()


def test_a_start_that_its_grace_covers_is_made_up(tmp_path, caplog):
    """Once, for the last of them, and its record says for when it was due."""
    app = reopened(
        tmp_path, "daily between 10:00 and 12:00", "2026-01-05 13:00", misfire_grace_time="6 hours"
    )
    app.step(1)
    assert lines(caplog)[0].endswith("; the last one is made up now")
    assert starts(app) == 2
    assert app.session.get_task_log(action="run")[-1].due == VirtualClock("2026-01-05 10:00")()
    app.session.stop()
    app.session.log.close()


def test_an_occurrence_whose_time_is_not_over_starts(tmp_path, caplog):
    """It isn't missed."""
    app = reopened(tmp_path, "daily between 10:00 and 12:00", "2026-01-02 11:00")
    app.step(1)
    assert lines(caplog) == []
    assert starts(app) == 2
    app.session.stop()
    app.session.log.close()


def test_counting_is_bounded(tmp_path, caplog):
    """Fifty thousand missed starts are estimated, one is made."""
    caplog.set_level(logging.WARNING)
    app = reopened(tmp_path, "every 10 min", "2026-12-01")
    before, clock = starts(app), SystemClock()
    began = clock.uptime()
    app.step(0)
    assert clock.uptime() - began < 2 * SECOND  # generous; the counting itself takes some 10 ms
    assert "missed about 47" in lines(caplog)[0]
    assert starts(app) == before + 1
    app.session.stop()
    app.session.log.close()
