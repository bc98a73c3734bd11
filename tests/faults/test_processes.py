"""Worker processes under a session: what they leave behind, what can't travel, what they return."""

from __future__ import annotations

import os
import subprocess
import threading
from pathlib import Path

import psutil
import pytest

from rocket_magic import Rocketry
from rocket_magic.args import Arg
from rocket_magic.instants import SECOND
from tests.crash.oracle import violations
from tests.faults.support import Heart, actions, wait_for


def leave_grandchildren(folder):
    """Two processes deep, and waiting."""
    child = subprocess.Popen(["sh", "-c", f"sleep 1000 & echo $! > {folder}/grandchild; wait"])
    (Path(folder) / "child").write_text(str(child.pid))
    while not (Path(folder) / "grandchild").exists():
        threading.Event().wait(0.01)
    (Path(folder) / "ready").touch()
    threading.Event().wait(60)


def make_huge():
    """300 MB."""
    return bytes(300_000_000)


def gone(path: Path) -> bool:
    """Whether the process whose id is in a file has ended."""
    pid = int(path.read_text())
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@pytest.mark.slow
def test_children_of_a_run_that_is_ended(tmp_path, machine):
    """F11: the whole family is ended with the run, and the next run has its slot."""
    app = Rocketry(execution="process", max_process_count=1, tasks_as_daemon=False)
    heart = Heart(app)
    app.task(None, name="parent", func=leave_grandchildren, parameters={"folder": str(tmp_path)})
    app.task(None, name="next", func=os.getpid)
    app.session.start_thread()
    app.session["parent"].run()
    wait_for((tmp_path / "ready").exists)
    app.session["next"].run()
    app.session["parent"].terminate()
    wait_for(lambda: actions(app, "parent") == ["run", "terminate"])
    wait_for(lambda: gone(tmp_path / "child") and gone(tmp_path / "grandchild"), 3)
    wait_for(lambda: actions(app, "next") == ["run", "success"])
    assert app.session.stop(wait=10)
    assert heart.longest_pause < 0.3 + machine.lag
    assert violations(app.session.get_task_log()) == []


@pytest.mark.slow
def test_a_huge_return_value_never_blocks_the_scheduler(machine):
    """F8: 300 MB arrive whole, and no beat is lost meanwhile."""
    app = Rocketry(execution="process")
    heart = Heart(app)
    app.task(None, name="huge", func=make_huge)
    app.session.start_thread()
    app.session["huge"].run()
    wait_for(lambda: actions(app, "huge") == ["run", "success"])
    assert len(app.session.returns["huge"]) == 300_000_000
    heart.goes_on()
    assert app.session.stop(wait=10)
    assert heart.longest_pause < 0.3 + machine.lag


def test_what_cannot_travel_is_named_and_leaves_no_storm():
    """F59: an object that a process can't get; the run fails at once, naming it, and the others go on."""
    app = Rocketry(execution="process", silence_task_prerun=True)
    lock = threading.Lock()
    heart = Heart(app)
    app.params(guard=lock)
    app.task(None, name="closure", func=lambda: (lock.locked(), lock))
    app.task(None, name="argument", func=lambda guard=Arg("guard"): guard)
    app.session.start_thread()
    asked = app.session.clock.uptime()
    for name in ("closure", "argument"):
        app.session[name].run()
        wait_for(lambda name=name: actions(app, name) == ["run", "fail"])
        row = app.session.get_task_log(task_name=name, action="fail")[0]
        assert "lock" in f"{row.reason} {row.exc_text}"
    assert "guard" in app.session.get_task_log(task_name="argument", action="fail")[0].exc_text
    assert app.session.clock.uptime() - asked < 5 * SECOND
    heart.goes_on()
    assert app.session.stop(wait=10)
