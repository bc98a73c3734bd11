"""The session's clock, moved from the dashboard."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from rocket_magic import Rocketry
from rocket_magic.args import TerminationFlag
from rocket_magic.exc import ClockError, RocketMagicError, TaskTerminationException
from rocket_magic.notebook.dashboard._traveller import Traveller


@pytest.fixture
def real() -> Iterator[Rocketry]:
    """An application in real time, its scheduler on a thread of its own as in a notebook."""
    made = Rocketry(config={"execution": "main", "restarting": "recall"})
    made.session.start_thread()
    yield made
    made.session.stop(force=True, wait=10)


def test_a_step_tells_what_it_ran(app: Rocketry) -> None:
    """Its span, where it led, and its records."""
    app.task("every 10 minutes", name="works")(lambda: None)
    traveller = Traveller(app.session)
    traveller.step("span", "1 hour")
    traveller.join(20)
    (step,) = traveller.journey().steps
    assert (step.label, step.end - step.start, traveller.journey().error) == ("1 hour", 3600.0, "")
    assert {(row.task, row.action) for row in step.rows} == {("works", "run"), ("works", "success")}
    assert step.count == len(step.rows) == 14
    traveller.step("next", "")
    traveller.join(20)
    assert traveller.journey().steps[0].label == "next event"


def test_pieces_of_a_step_run_what_one_step_runs(app: Rocketry) -> None:
    """A long step is walked in pieces: the records are those of a step at once."""
    app.task("every 7 minutes", name="works")(lambda: None)
    app.task("after task 'works'", name="follows")(lambda: None)
    first = Traveller(app.session)
    first.step("span", "5 hours")
    first.join(20)
    other = Rocketry(config={"time_func": type(app.session.clock)("2026-01-01 00:00"), "execution": "main"})
    other.task("every 7 minutes", name="works")(lambda: None)
    other.task("after task 'works'", name="follows")(lambda: None)
    walked = Traveller(other.session)
    walked.step("until", "2026-01-01 05:00")
    walked.join(20)
    third = Rocketry(config={"time_func": type(app.session.clock)("2026-01-01 00:00"), "execution": "main"})
    third.task("every 7 minutes", name="works")(lambda: None)
    third.task("after task 'works'", name="follows")(lambda: None)
    third.session.step("5 hours")
    told = [
        [(row.created, row.task_name, row.action) for row in one.session.log.query()]
        for one in (app, other, third)
    ]
    assert told[0] == told[1] == told[2]
    for one in (other, third):
        one.session.stop(force=True)


def test_refusals_come_at_once(app: Rocketry, real: Rocketry) -> None:
    """What can't be read, a step back, and a step in real time."""
    traveller = Traveller(app.session)
    with pytest.raises(RocketMagicError):
        traveller.step("span", "soon")
    with pytest.raises(ClockError, match="not a moment"):
        traveller.step("until", "<b>")
    with pytest.raises(ClockError, match="can't step back"):
        traveller.step("until", "2025-01-01 00:00")
    with pytest.raises(RocketMagicError):
        traveller.go_virtual("", "Mars/Base")
    with pytest.raises(ClockError, match="real time can't be stepped"):
        Traveller(real.session).step("next", "")
    assert traveller.journey().steps == ()


def test_into_virtual_time_and_back(real: Rocketry) -> None:
    """The session's clock is replaced on the helper thread."""
    traveller = Traveller(real.session)
    traveller.go_virtual("2026-03-28 22:00", "Europe/Helsinki")
    traveller.join(20)
    state = real.session.snapshot_state()
    assert (state.clock, state.now) == ("virtual", 1774728000.0)
    traveller.step("span", "1 hour")
    traveller.join(20)
    traveller.go_real()
    traveller.join(20)
    assert real.session.snapshot_state().clock == "real"
    assert traveller.journey().error == ""


def test_one_thing_at_a_time_and_halt(app: Rocketry) -> None:
    """While a step is under way another is refused; a halt ends it before its goal."""
    entered, go_on = threading.Event(), threading.Event()

    @app.task("every 1 minute")
    def waits() -> None:
        entered.set()
        go_on.wait(20)

    traveller = Traveller(app.session)
    traveller.step("span", "10 days")
    assert entered.wait(20)
    assert traveller.journey().doing == "Stepping 10 days, waiting for 'waits' to end"
    with pytest.raises(ClockError, match="is being moved"):
        traveller.step("next", "")
    traveller.halt()
    go_on.set()
    traveller.join(20)
    (step,) = traveller.journey().steps
    assert step.label == "10 days, stopped"
    assert step.end - step.start < 86400
    assert len(step.rows) <= 60
    assert traveller.journey().doing == ""


def test_an_error_of_a_step_is_kept(app: Rocketry, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told, and the next step may be made."""
    traveller = Traveller(app.session)

    def fail(**_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(type(app.session), "step", lambda _self, **how: fail(**how))
    traveller.step("span", "1 hour")
    traveller.join(20)
    assert traveller.journey().error == "disk full"


def test_time_may_go_on_over_runs_in_flight(real: Rocketry) -> None:
    """Without waiting, a timeout strikes a run that never ends by itself."""
    ended = threading.Event()
    traveller = Traveller(real.session)
    traveller.go_virtual("2026-01-01 00:00", "UTC")
    traveller.join(20)

    @real.task("daily at 01:00", name="long", execution="thread", timeout="10 min")
    def long(flag: object = TerminationFlag()) -> None:
        flag.wait(20)
        raise TaskTerminationException("asked to end")

    def note(change: Any) -> None:
        if change.record is not None and change.record.action.value == "terminate":
            ended.set()

    real.session.subscribe(note)
    traveller.step("span", "2 hours", wait=False)
    traveller.join(20)
    assert traveller.journey().error == ""
    assert ended.wait(20)


@pytest.mark.parametrize("how", ["next", "span"])
def test_a_step_that_waits_for_a_run_is_stopped_at_once(real: Rocketry, how: str) -> None:
    """It says for whom it waits; the stop leaves the run in flight, and the next step is possible."""
    entered, go_on = threading.Event(), threading.Event()
    traveller = Traveller(real.session)
    traveller.go_virtual("2026-01-01 00:00", "UTC")
    traveller.join(20)

    @real.task("daily between 01:00 and 02:00", name="long", execution="thread")
    def long() -> None:
        entered.set()
        go_on.wait(20)

    traveller.step(how, "3 hours")
    assert entered.wait(20)
    doing = {"next": "Going to the next event", "span": "Stepping 3 hours"}[how]
    assert traveller.journey().doing == f"{doing}, waiting for 'long' to end"
    traveller.halt()
    traveller.join(20)
    journey = traveller.journey()
    assert (journey.doing, journey.error) == ("", "")
    assert journey.steps[0].label.endswith(", stopped")
    assert real.session["long"].is_running
    traveller.step("span", "30 min", wait=False)
    traveller.join(20)
    assert real.session.clock() == traveller.journey().steps[0].end == journey.steps[0].end + 1800
    assert real.session["long"].is_running
    go_on.set()
