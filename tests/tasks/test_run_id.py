"""Tests of the ready-made functions for run ids."""

from __future__ import annotations

import re
import threading

import pytest

from rocket_magic import Rocketry, VirtualClock
from rocket_magic.tasks.run_id import increment, uuid


def ids(app, **query):
    """Run ids of the runs in the log."""
    return [row.run_id for row in app.session.get_task_log(action="run", **query)]


@pytest.fixture
def app():
    """An application that counts its runs."""
    app = Rocketry(time_func=VirtualClock("2026-01-01", "UTC"), execution="main", func_run_id=increment)
    yield app
    app.session.stop()


def test_random_ids(app):
    """32 hex digits, each time others; a task may have its own function."""
    task = app.task("every 1 min", name="work", func=lambda: None, func_run_id=uuid)
    app.step("9 min")
    found = ids(app)
    assert len(set(found)) == 10
    assert all(re.fullmatch("[0-9a-f]{32}", one) for one in found)
    assert uuid(task, {}) != uuid(task, {})


def test_runs_are_counted(app):
    """All tasks share one count, so that a log has no id twice; outcomes have the id of their run."""
    app.task("every 1 min", name="a", func=lambda: None)
    app.task("every 2 min", name="b", func=lambda: None)
    app.step("3 min")
    assert ids(app) == ["1", "2", "3", "4", "5", "6"]
    assert ids(app, task_name="b") == ["2", "5"]
    assert [row.run_id for row in app.session.get_task_log(task_name="b")] == ["2", "2", "5", "5"]


def test_runs_that_start_together_have_numbers_of_their_own(app):
    """Also those whose records are not written yet, and those that can't be started."""
    task = app.task(name="work", func=lambda x: x, execution="thread", multilaunch=True)
    task.run()
    task.run(x=1)
    task.run(x=2)
    app.step("1 min")
    assert sorted(ids(app)) == ["1", "2", "3"]


@pytest.mark.parametrize("url", ["sqlite:///{}/runs.db", "csv:{}/runs.csv"])
def test_the_count_goes_on_after_a_restart(tmp_path, url):
    """Where the log is durable; the first session may be long gone."""
    for expected in (["1", "2"], ["1", "2", "3", "4"]):
        app = Rocketry(
            time_func=VirtualClock("2026-01-01", "UTC"), execution="main", func_run_id=increment,
            logger_repo=url.format(tmp_path),
        )  # fmt: skip
        app.task(name="work", func=lambda: None)
        for _ in range(2):
            app.session["work"].run()
            app.step("1 min")
        assert ids(app) == expected
        app.session.stop()
        app.session.log.close()


def test_other_ids_are_passed_over(app):
    """However many follow the last counted one; a counted id of a virtual clock is none of these."""
    counted = app.task(name="counted", func=lambda: None)
    counted()
    other = app.task(name="other", func=lambda: None, func_run_id=uuid)
    for _ in range(150):
        other()
    app.session.config.func_run_id = None
    other.func_run_id = None
    other()
    assert len(ids(app)[-1]) == 8
    app.session.set_repo("memory:")
    counted.func_run_id = increment
    counted()
    assert ids(app)[-1] == "2"


def test_a_session_that_takes_a_log_over_finds_the_newest_number(tmp_path):
    """Behind more than a hundred runs with ids of another kind."""
    first = Rocketry(logger_repo=f"sqlite:///{tmp_path}/runs.db", execution="main")
    first.task(name="a", func=lambda: None, func_run_id=increment)()
    first.task(name="b", func=lambda: None)
    for _ in range(120):
        first.session["b"]()
    first.session.log.close()
    again = Rocketry(logger_repo=f"sqlite:///{tmp_path}/runs.db", func_run_id=increment)
    assert increment(again.task(name="a", func=lambda: None), {}) == "2"
    again.session.log.close()


def test_threads_that_count_get_different_numbers(app):
    """Tasks may be called on any thread."""
    task, found = app.task(name="work", func=lambda: None), []
    threads = [
        threading.Thread(target=lambda: found.extend(increment(task, {}) for _ in range(50)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(int, found)) == list(range(1, 201))
