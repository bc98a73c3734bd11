"""A real session behind the dashboard."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rocket_magic import Rocketry, VirtualClock
from rocket_magic.args import Clock, Private
from rocket_magic.exc import ConfigError, RocketMagicError, UnknownTaskError
from rocket_magic.notebook.dashboard._session_source import SessionSource
from rocket_magic.notebook.dashboard._source import DashboardSource, LogCursor, LogRow


def cursor(row: LogRow) -> LogCursor:
    """Where the page behind a row begins."""
    return LogCursor(row.at, row.run_id, row.action, row.task)


@pytest.fixture
def source(app: Rocketry) -> DashboardSource:
    """The session of `app` with one task that works and one that fails."""

    @app.task("every 10 seconds")
    def works() -> None:
        """Do nothing."""

    @app.task("every 30 seconds")
    def fails() -> None:
        raise OSError("disk full")

    return SessionSource(app.session, lambda task, run: [{"output_type": "stream", "text": f"{task} {run}"}])


def test_tasks_in_the_order_of_definition(source: DashboardSource, app: Rocketry) -> None:
    """Snapshots of all, or of one; None for a task that isn't there."""
    assert [task.name for task in source.tasks()] == ["works", "fails"]
    task = source.task("works")
    assert task is not None
    assert task.schedule == "every 10 s"
    assert source.task("gone") is None
    assert source.state().clock == "virtual"


def test_the_log_newest_first_and_paged(source: DashboardSource, app: Rocketry) -> None:
    """Filtered by task and action; a failure brings its traceback, a standing text is left out."""
    app.session.step("1 minute")
    page = source.log("", "", None, 3)
    assert len(page.rows) == 3
    assert page.more
    assert page.rows[0].at >= page.rows[-1].at
    failures = source.log("fails", "fail", None, 50)
    assert {row.action for row in failures.rows} == {"fail"}
    assert "OSError: disk full" in failures.rows[0].exc_text
    assert not failures.more
    (newest,) = source.log("works", "success", None, 1).rows
    (second,) = source.log("works", "success", cursor(newest), 1).rows
    assert (newest.message, newest.run_id == second.run_id) == ("", False)


def test_commands_reach_the_session(source: DashboardSource, app: Rocketry) -> None:
    """The buttons of a task and of the scheduler."""
    source.command_task("disable", "works")
    assert app.session["works"].disabled
    source.command_task("enable", "works")
    assert not app.session["works"].disabled
    source.command_task("run", "works")
    task = source.task("works")
    assert task is not None
    assert task.queued == 1
    source.command_task("terminate", "works")
    source.command_scheduler("hold")
    assert app.session.scheduler.on_hold
    source.command_scheduler("resume")
    assert not app.session.scheduler.on_hold
    with pytest.raises(UnknownTaskError):
        source.command_task("run", "gone")


def test_start_and_stop() -> None:
    """The scheduler's buttons do not wait for what they ask."""
    app = Rocketry(config={"execution": "main"})
    source = SessionSource(app.session, lambda *_: [])
    source.command_scheduler("start")
    source.command_scheduler("stop")
    assert app.session.stop(wait=10)
    assert source.state().state == "stopped"


def test_changes_are_told(source: DashboardSource, app: Rocketry) -> None:
    """Records and options; no more after the end of the subscription."""
    seen: list[tuple[str, str | None]] = []
    end = source.subscribe(lambda change: seen.append((change.kind, change.task)))
    app.session.step("10 seconds")
    app.session.config.cycle_sleep = 0.5
    kinds = {kind for kind, _ in seen}
    assert {"record", "config"} <= kinds
    assert ("record", "works") in seen
    end()
    before = len(seen)
    app.session.step("10 seconds")
    assert len(seen) == before


def test_the_form_covers_every_option(source: DashboardSource, app: Rocketry) -> None:
    """Each option stands in a group with its help, and takes what the form shows of it."""
    options = source.options()
    for option in options:
        assert option.help, option.name
        assert option.kind in {"switch", "choice", "number", "text"}
        if option.kind == "choice":
            assert option.value in option.choices, option
        if not option.fixed:
            source.set_option(option.name, option.value)
    groups = [option.group for option in options]
    assert groups == sorted(
        groups, key=["Tasks", "Workers", "Scheduler", "Time", "Errors", "Log", "Other"].index
    )


@pytest.mark.parametrize(
    ("name", "value", "check"),
    [
        ("cycle_sleep", "2", lambda config: config.cycle_sleep == 2),
        ("silence_cond_check", True, lambda config: config.silence_cond_check is True),
        ("timezone", "Europe/Helsinki", lambda config: str(config.timezone) == "Europe/Helsinki"),
        ("timezone", "", lambda config: config.timezone is None),
        ("execution", "thread", lambda config: config.execution == "thread"),
    ],
)
def test_options_are_set(
    source: DashboardSource, app: Rocketry, name: str, value: Any, check: Callable[[Any], bool]
) -> None:
    """What is typed becomes the option's own type."""
    source.set_option(name, value)
    assert check(app.session.config)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("cycle_sleep", "soon"),
        ("execution", "thraed"),
        ("timezone", "Mars"),
        ("__class__", "x"),
        ("debug", "maybe"),
    ],
)
def test_refused_options_say_why(source: DashboardSource, name: str, value: str) -> None:
    """The model's own message, with the name and the value."""
    with pytest.raises(ConfigError) as refusal:
        source.set_option(name, value)
    assert name in str(refusal.value)


def test_why_and_outputs_are_passed_on(source: DashboardSource, clock: VirtualClock) -> None:
    """The tree of the condition, and the store of outputs."""
    assert source.explain("works").children
    assert source.outputs("works", "r1") == [{"output_type": "stream", "text": "works r1"}]


@pytest.mark.parametrize("repository", ["memory:", "sqlite:///{folder}/log.db", "csv:{folder}/log.csv"])
def test_pages_stay_while_records_come_in(app: Rocketry, tmp_path: Path, repository: str) -> None:
    """Page by page every record is seen once, though many share an instant and new ones arrive."""
    app.session.set_repo(repository.format(folder=tmp_path))
    for number in range(30):
        app.task("every 1 minute", name=f"t{number}")(lambda: None)
    source = SessionSource(app.session, lambda _task, _run: [])
    app.session.step("2 minutes")
    app.session.log.flush()
    everything = [(row.task, row.action, row.at) for row in source.log("", "", None, 10_000).rows]
    assert len(everything) == len(set(everything)) == 180
    seen: list[LogRow] = []
    page = source.log("", "", None, 7)
    while True:
        seen += page.rows
        if not page.more:
            break
        if len(seen) < 30:
            app.session.step("1 minute")
            app.session.log.flush()
        page = source.log("", "", cursor(seen[-1]), 7)
    assert everything == [(row.task, row.action, row.at) for row in seen]
    one = source.log("t3", "success", None, 1).rows[0]
    assert [row.task for row in source.log("t3", "success", cursor(one), 9).rows] == ["t3"] * 6
    gone = LogCursor(one.at, "gone", "success", "t3")
    assert all(row.at < one.at for row in source.log("", "", gone, 50).rows)
    app.session.get_repo().close()


def test_past_runs_that_overlap_a_window(app: Rocketry) -> None:
    """Those that began before it or ended after it are told, those beside it are not."""
    clock = app.session.clock
    assert isinstance(clock, VirtualClock)

    @app.task("every 1 hour", execution="thread")
    def long(clock: VirtualClock = Clock()) -> None:
        clock.sleep(600)

    source = SessionSource(app.session, lambda _task, _run: [])
    began = clock()
    app.session.step("5 hours")
    for start, end, count in ((500, 700, 1), (10, 20, 1), (610, 3590, 0), (590, 3610, 2)):
        rows, more = source.past(began + start, began + end, 100)
        assert (len(rows), more) == (count, False), (start, end)


def test_the_form_of_a_run(app: Rocketry) -> None:
    """Parameters with the values that a run would get, and what is typed read as data."""
    got: list[object] = []

    @app.task(name="load", parameters={"limit": 10, "key": Private("s3cr3t")})
    def load(day: object, limit: int, key: str, shared: str, rest: object = None) -> None:
        got.append((day, limit, shared, rest))

    app.params(shared="from the session")
    source = SessionSource(app.session, lambda _task, _run: [])
    form = source.parameters("load")
    told = {one.name: (one.value, one.required) for one in form.fields}
    assert told["day"] == ("", True)
    assert told["limit"] == ("10", False)
    assert "s3cr3t" not in str(told)
    assert told["shared"][0] == "'from the session'"
    assert told["rest"] == ("None", False)
    assert not form.is_open
    source.run_with("load", {"day": "'mon'", "limit": "3", "rest": '{"a": [null, true]}'})
    app.session.step("1 second")
    assert got == [("mon", 3, "from the session", {"a": [None, True]})]
    for texts, message in (
        ({"day": "mon"}, 'day: mon is neither a Python literal nor JSON; put text in quotes: "mon"'),
        ({"day": "__import__('os')"}, "is neither a Python literal nor JSON"),
        ({"day": "[" * 9000}, "is neither"),
        ({"dya": "1"}, "day"),
    ):
        with pytest.raises((ValueError, RocketMagicError), match=re.escape(message)):
            source.run_with("load", texts)


def test_the_form_of_commands_and_code_is_open(app: Rocketry) -> None:
    """What they take is not known before: names are given freely."""
    app.task(command="echo", name="speak", parameters={"n": 1})
    form = SessionSource(app.session, lambda _task, _run: []).parameters("speak")
    assert ([one.name for one in form.fields], form.is_open) == (["n"], True)
