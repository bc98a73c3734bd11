"""`rocket_magic.testing` as somebody uses it who tests their own schedules."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from rocket_magic import Rocketry
from rocket_magic.exc import ClockError
from rocket_magic.testing import outcomes, rehearsal, rehearse, starts

USERS_TESTS = """
from rocket_magic.testing import outcomes, starts


def test_report_runs_each_morning(virtual_app):
    virtual_app.task("daily at 10:00", name="report", func=lambda: None)
    virtual_app.step("2 days")
    assert [str(start) for start in starts(virtual_app, "report")] == [
        "2026-01-01 10:00:00", "2026-01-02 10:00:00"
    ]


def test_a_failure_is_retried(virtual_app, virtual_clock):
    attempts = []

    @virtual_app.task("daily | retry 2 times", name="fragile")
    def fragile():
        attempts.append(virtual_clock())
        if len(attempts) < 2:
            raise ValueError

    virtual_app.step("1 hour")
    assert outcomes(virtual_app, "fragile") == ["fail", "success"]


def test_each_test_has_its_own(virtual_app):
    assert len(virtual_app.session.tasks) == 0
"""


def test_the_fixtures_work_in_a_users_suite(tmp_path: Path) -> None:
    """As the documentation says: one line in `conftest.py`."""
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["rocket_magic.testing"]\n', encoding="utf-8")
    (tmp_path / "test_mine.py").write_text(USERS_TESTS, encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:asyncio",
        str(tmp_path),
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout[-3000:]
    assert "3 passed" in done.stdout


def test_a_rehearsal_is_an_application_on_a_virtual_clock():
    """Start, zone and options are given."""
    app = rehearsal("2026-03-28 22:00", "Europe/Helsinki")
    app.task("daily at 03:30", name="load", func=lambda: None)
    app.step("8 hours")
    assert [str(start) for start in starts(app, "load")] == ["2026-03-29 04:00:00"]


def test_an_application_is_rehearsed_as_it_is():
    """Its clock and its log come back."""
    app = Rocketry(execution="main", timezone="Europe/Helsinki")

    @app.task("daily at 03:30")
    def load():
        raise ValueError

    log, clock = app.session.log, app.session.clock
    with rehearse(app, "2026-03-28 22:00") as rehearsed:
        rehearsed.step("2 days")
        assert outcomes(rehearsed, "load") == ["fail", "fail"]
        assert [f"{start:%d %H:%M}" for start in starts(rehearsed, "load")] == ["29 04:00", "30 03:30"]
    assert app.session.log is log
    assert type(app.session.clock) is type(clock)
    assert len(app.session.get_task_log()) == 0
    with rehearse(app, "2026-01-01") as rehearsed:
        assert outcomes(rehearsed, "load") == []


def test_an_application_that_runs_is_not_rehearsed(app):
    """It would change under its feet."""
    app.step(1)
    with pytest.raises(ClockError, match="stop it first"), rehearse(app):
        pass
