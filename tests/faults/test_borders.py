"""Wherever the scheduler calls a user's code, what that raises is told: it is never a silent corpse.

Either the others go on, or the state says "crashed" and why (promises I3, I4). F1 and F19 for all places.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from rocket_magic import Rocketry
from rocket_magic.args import BaseArgument, TerminationFlag
from rocket_magic.conds import every
from rocket_magic.exc import RocketMagicError
from rocket_magic.tasks import FuncTask
from tests.crash.oracle import violations
from tests.faults.support import Heart, actions, wait_for

Place = Callable[[Rocketry, Callable[[], None]], None]


def start_condition(app, burst):
    """Asked when the task is looked at."""

    @app.cond()
    def broken():
        burst()

    app.task(broken, name="work", func=lambda: None)


def end_condition(app, burst):
    """Asked while the run is in flight."""

    @app.cond()
    def broken():
        burst()

    app.task(every("1 hour"), name="work", func=lambda: threading.Event().wait(0.1), end_cond=broken)


def shut_condition(app, burst):
    """Asked in each step."""

    @app.cond()
    def broken():
        burst()

    app.session.config.shut_cond = broken


def run_id(app, burst):
    """Asked for when the run is made."""
    app.task(every("1 hour"), name="work", func=lambda: None, func_run_id=lambda *_: burst() or "x")


def lock(app, burst):
    """`cls_lock`, taken around a look."""

    class Lock:
        def locked(self):
            burst()

        acquire = release = __enter__ = locked

        def __exit__(self, *_):
            pass

    app.session.config.cls_lock = Lock
    app.task(every("1 hour"), name="work", func=lambda: None)


def sink(app, burst):
    """What a notebook sets to catch output."""
    app.session.sink_factory = lambda name, _: burst() if name == "work" else None
    app.task(every("1 hour"), name="work", func=lambda: None)


def argument(app, burst):
    """Found before the run starts."""

    class Broken(BaseArgument):
        def get_value(self):
            burst()

    app.params(v=Broken())
    app.task(every("1 hour"), name="work", func=lambda v: v)


def first_half_of_a_run_hook(app, burst):
    """Before the run."""

    @app.session.hook_task_execute()
    def around(task):
        if task.name == "work":
            burst()

    app.task(every("1 hour"), name="work", func=lambda: None)


def second_half_of_a_run_hook(app, burst):
    """After it."""

    @app.session.hook_task_execute()
    def around(task):
        yield
        if task.name == "work":
            burst()

    app.task(every("1 hour"), name="work", func=lambda: None)


def cycle_hook(app, burst):
    """In each round."""
    app.session.hook_scheduler_cycle()(burst)


def startup_hook(app, burst):
    """Before everything."""
    app.session.hook_startup()(burst)


def what_follows_a_success(app, burst):
    """A subclass's method."""

    class Followed(FuncTask):
        def process_success(self, value):
            burst()

    Followed(lambda: None, name="work", start_cond=every("1 hour"), session=app.session)


def listener(app, burst):
    """Told of each change."""
    app.session.subscribe(lambda _: burst())


PLACES = [
    argument, cycle_hook, end_condition, first_half_of_a_run_hook, listener, lock, run_id,
    second_half_of_a_run_hook, shut_condition, sink, start_condition, startup_hook, what_follows_a_success,
]  # fmt: skip


@pytest.mark.parametrize("error", [ValueError, SystemExit])
@pytest.mark.parametrize("place", PLACES)
def test_what_a_users_code_raises_is_never_the_silent_end(place, error):
    """F1, F19: in each place, for errors and for `sys.exit` alike."""
    app = Rocketry(execution="thread", silence_cond_check=True, silence_task_prerun=True)
    heart, raised = Heart(app, "10 ms"), []

    def burst():
        raised.append(1)
        raise error("no luck")

    place(app, burst)
    app.session.start_thread()
    wait_for(lambda: raised)
    known = len(heart.beats)
    wait_for(lambda: len(heart.beats) > known + 2 or not app.session._runner._thread.is_alive())
    state, problem = app.session.scheduler.state, app.session.snapshot_state().problem
    app.session.stop(force=True, wait=5)
    assert state in ("running", "crashed")
    if state == "crashed":
        assert "no luck" in problem
    else:
        assert len(heart.beats) > known
    assert violations(app.session.get_task_log()) == []


def test_sys_exit_in_a_condition_ends_a_program_in_order():
    """F1, F19, I1, S74: not silenced, it stops the scheduler as every error does, and ends the runs."""
    app = Rocketry(execution="thread", grace=0.2)

    @app.task(every("1 hour"))
    def long(flag=TerminationFlag()):
        flag.wait(20)

    @app.cond()
    def leave():
        if app.session["long"].is_running:
            raise SystemExit(3)

    app.task(leave, name="other", func=lambda: None)
    raised = None
    try:
        app.run()
    except BaseException as error:
        raised = error
    app.session.stop(force=True, wait=5)
    assert isinstance(raised, RocketMagicError)
    assert violations(app.session.get_task_log()) == []


@pytest.mark.parametrize("force", [False, True])
def test_shutdown_while_a_startup_task_runs(force):
    """F36, S76, L14: it is heard; forced, it ends within the grace period."""
    app = Rocketry(execution="thread", grace=0.1)
    go = threading.Event()
    app.task(None, name="boot", func=lambda: go.wait(20), on_startup=True)
    app.session.start_thread()
    wait_for(lambda: app.session["boot"].is_running)
    stopped = app.session.stop(force=force, wait=0.8)
    state = app.session.scheduler.state
    go.set()
    assert app.session.stop(wait=5)
    assert actions(app, "boot") in (["run", "terminate"], ["run", "success"])
    assert (stopped, state) == ((True, "stopped") if force else (False, "stopping"))
