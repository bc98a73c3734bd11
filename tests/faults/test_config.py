"""Options that are refused while a session runs, and sessions beside each other."""

from __future__ import annotations

import pytest

from rocket_magic import Rocketry, Session
from rocket_magic.conds import every
from rocket_magic.config import notebook_config
from rocket_magic.exc import ConfigError
from tests.faults.support import Heart, actions, wait_for

REFUSED = [
    ("timeout", 0), ("timeout", "soon"), ("restarting", "x"), ("execution", "thred"), ("cycle_sleep", -1),
    ("max_process_count", 0), ("shut_cond", "evry day"), ("timezone", "Europe/Nowhere"), ("time_func", 5),
    ("time_func", lambda: None), ("grace", -1), ("no_such_option", 1), ("log_capacity", 0),
]  # fmt: skip


def test_a_refused_option_changes_nothing_while_running():
    """F60: the old value stays and the runs go on; the error names option, rule and value."""
    app = Rocketry(execution="thread")
    heart = Heart(app)
    app.session.start_thread()
    for name, value in REFUSED:
        before = getattr(app.session.config, name, None)
        with pytest.raises(ConfigError, match=name):
            setattr(app.session.config, name, value)
        assert getattr(app.session.config, name, None) is before
    with pytest.raises(ConfigError):
        app.session.config.update(cycle_sleep=0.5, timeout=0)
    assert app.session.config.cycle_sleep == 0.1
    heart.goes_on()
    assert app.session.scheduler.state == "running"
    assert app.session.stop(wait=5)


@pytest.mark.parametrize("way", ["replace", "relaunch", "fresh"])
def test_a_restart_that_would_take_the_kernel_along(way):
    """F35: refused with the reason; the session runs on and `recall` works."""
    app = Rocketry(Session(notebook_config(execution="main")))
    heart = Heart(app)
    app.session.start_thread()
    with pytest.raises(ConfigError, match=r"in a notebook.*would replace or leave the kernel"):
        app.session.config.restarting = way
    app.session.restart()
    wait_for(lambda: app.session.scheduler.state == "running")
    heart.goes_on()
    assert app.session.stop(wait=5)


def test_two_running_sessions_with_tasks_of_the_same_names():
    """F39: each has its own log, history, runs and return values."""
    apps = [Rocketry(execution="thread"), Rocketry(execution="thread")]
    for number, app in enumerate(apps):
        app.task(every("1 hour"), name="work", func=lambda number=number: number)
        app.session.start_thread()
    for number, app in enumerate(apps):
        wait_for(lambda app=app: actions(app, "work") == ["run", "success"])
        assert app.session.returns["work"] == number
    apps[0].session["work"].run()
    wait_for(lambda: len(actions(apps[0], "work")) == 4)
    assert len(actions(apps[1], "work")) == 2
    for app in apps:
        assert app.session.stop(wait=5)
