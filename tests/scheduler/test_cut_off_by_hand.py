"""Runs by hand that the scheduler's death cut off: what was given to them is gone and not guessed."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from rocket_magic import Rocketry
from rocket_magic.conds import daily, true
from rocket_magic.log import CsvLog


def cut_off_run(path: Path, **batch: int) -> list[str]:
    """Lose the outcome of a run by hand, as a death does; what the next life's log says of the task."""
    app = Rocketry(execution="main")
    app.session.set_repo(f"csv:{path}")
    app.task(None, name="load", func=lambda day=1: day)
    app.session["load"].run(**batch)
    app.task(daily, name="stop", func=app.session.shut_down)
    app.session.start()
    app.session.log.close()
    rows = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(row for row in rows if b"load,success" not in row))

    again = Rocketry(execution="main")
    again.session.set_repo(f"csv:{path}")
    again.task(None, name="load", func=lambda day=1: day)
    again.task(true, name="stop again", func=again.session.shut_down)
    again.session.start()
    again.session.log.close()
    log = CsvLog(path)
    actions = [str(row.action) for row in log.filter_by(task_name="load").all()]
    log.close()
    return actions


def test_with_parameters_of_its_own(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It is recorded as crashed and not made again with other parameters; a warning has the text of them."""
    with caplog.at_level(logging.WARNING, "rocketry.scheduler"):
        actions = cut_off_run(tmp_path / "log.csv", day=7)
    assert actions == ["run", "crash"]
    assert "'load' with day=7 was cut off; it is not made again by itself" in caplog.text


def test_without(tmp_path: Path) -> None:
    """A run by hand like a scheduled one is made again like one."""
    actions = cut_off_run(tmp_path / "log.csv")
    assert actions == ["run", "crash", "run", "success"]
