"""Executions x outcomes through a whole session: faults F1 to F10, F15 and F36 of the fault matrix.

Each test ends with a heartbeat: another task, in place, still runs after the fault.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading

import pytest

from rocket_magic import Rocketry
from rocket_magic.args import TerminationFlag
from rocket_magic.conds import every, finished
from rocket_magic.exc import TaskTerminationException
from tests.reference.support import MODES, actions, run_until, wait_for


def leave_with_3():
    """F1."""
    sys.exit(3)


def leave_with_0():
    """F1."""
    sys.exit(0)


def leave_with_words():
    """F1."""
    sys.exit("no more")


def interrupt():
    """F2."""
    raise KeyboardInterrupt


def close_generator():
    """F3."""
    raise GeneratorExit


def mute():
    """F9: an error that can't be shown."""

    class MuteError(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no words")

    raise MuteError


def shout():
    """F9: 5 MB of message."""
    raise ValueError("x" * 5_000_000)


def recurse():
    """F9."""
    recurse()


def too_much():
    """F9."""
    bytearray(10**13)


def several():
    """F9."""
    raise ExceptionGroup("both", [ValueError("a"), KeyError("b")])


def flood():
    """F10: much text without a newline, then bytes that are no text."""
    for _ in range(200):
        sys.stdout.write("x" * 10_000)
    sys.stdout.flush()
    return "done"


FAULTS = [
    (leave_with_3, "fail", "exited with 3"),
    (leave_with_0, "fail", "exited with 0"),
    (leave_with_words, "fail", "no more"),
    (interrupt, "fail", "KeyboardInterrupt"),
    (close_generator, "fail", "GeneratorExit"),
    (mute, "fail", "MuteError"),
    (shout, "fail", "xxx"),
    (recurse, "fail", "RecursionError"),
    (too_much, "fail", "MemoryError"),
    (several, "fail", "ExceptionGroup"),
    (flood, "success", ""),
]


@pytest.mark.parametrize("mode", MODES)
def test_every_ending_has_its_record(mode, capfd):
    """F1, F2, F3, F9, F10: one run, one truthful outcome each; the scheduler lives."""
    app = Rocketry(execution=mode, max_process_count=2)
    for body, _, _ in FAULTS:
        app.task(every("1 hour"), func=body, name=body.__name__)
    app.task(every("20 ms"), name="heart", func=lambda: None, execution="main")
    done = finished(task="flood") >= 1
    for body, _, _ in FAULTS:
        done &= finished(task=body.__name__) >= 1
    run_until(app, done & (finished(task="heart") >= 1))
    for body, action, words in FAULTS:
        rows = app.session.get_task_log(task_name=body.__name__)
        assert [str(row.action) for row in rows] == ["run", action], body.__name__
        told = f"{rows[-1].reason} {rows[-1].exc_text}"
        assert words in told, body.__name__
        assert len(told) < 200_000
    capfd.readouterr()


def vanish():
    """F4."""
    os._exit(5)


def vanish_later():
    """F5."""
    threading.Event().wait(0.3)
    os._exit(6)


def die_by_signal():
    """F4."""
    os.kill(os.getpid(), signal.SIGKILL)


def crash_hard():
    """F4: a null pointer."""
    ctypes.string_at(0)


def no_travel():
    """F7."""
    return threading.Lock()


def huge():
    """F8."""
    return bytes(20_000_000)


DEATHS = [
    (vanish, "crash", "5"),
    (vanish_later, "crash", "6"),
    (die_by_signal, "crash", "SIGKILL"),
    (crash_hard, "crash", "SIGSEGV"),
    (no_travel, "fail", "lock"),
    (huge, "success", ""),
]


@pytest.mark.slow
def test_workers_that_die_or_return_what_cannot_travel():
    """F4, F5, F7, F8: exit code or signal named, slots freed, the value or the reason arrives."""
    app = Rocketry(execution="process", max_process_count=2)
    for body, _, _ in DEATHS:
        app.task(None, func=body, name=body.__name__)
        app.session[body.__name__].run()
    app.task(every("20 ms"), name="heart", func=lambda: None, execution="main")
    app.session.start_thread()
    wait_for(lambda: all(len(actions(app, body.__name__)) == 2 for body, _, _ in DEATHS))
    beats = len(actions(app, "heart"))
    wait_for(lambda: len(actions(app, "heart")) > beats)
    assert app.session.stop(wait=10)
    for body, action, words in DEATHS:
        last = app.session.get_task_log(task_name=body.__name__)[-1]
        assert str(last.action) == action, body.__name__
        assert words in f"{last.reason} {last.exc_text}", body.__name__
    assert len(app.session.returns["huge"]) == 20_000_000


def hold_on():
    """Long enough to be changed meanwhile."""
    threading.Event().wait(0.2)


@pytest.mark.parametrize("mode", ["async", "thread", "process"])
@pytest.mark.parametrize("change", ["remove", "rename", "delete"])
def test_a_task_changed_while_it_runs_ends_under_the_name_it_began_with(mode, change):
    """F15."""
    import asyncio

    async def hold_on_async():
        await asyncio.sleep(0.2)

    app = Rocketry(execution=mode)
    app.task(None, name="old", func=hold_on_async if mode == "async" else hold_on)
    app.session.start_thread()
    task = app.session["old"]
    task.run()
    wait_for(lambda: task.is_running)
    if change == "remove":
        app.session.remove_task("old")
    elif change == "rename":
        task.name = "new"
    else:
        task.delete()
    wait_for(lambda: len(app.session.get_task_log()) == 2)
    assert [(row.task_name, str(row.action)) for row in app.session.get_task_log()] == [
        ("old", "run"), ("old", "success"),
    ]  # fmt: skip
    assert app.session.scheduler.state == "running"
    assert app.session.stop(wait=10)


def test_shut_down_may_be_called_at_any_time():
    """F36: before the start, five times, from three threads, after the end; then it starts again."""
    app = Rocketry(execution="thread")
    ran = []
    app.task(None, name="work", func=lambda: ran.append(1))
    app.session.shut_down()
    app.session.start_thread()
    app.session["work"].run()
    wait_for(lambda: ran)
    callers = [threading.Thread(target=app.session.shut_down) for _ in range(3)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    for _ in range(5):
        app.session.shut_down()
    wait_for(lambda: app.session.scheduler.state == "stopped")
    app.session.shut_down()
    app.session.start_thread()
    app.session["work"].run()
    wait_for(lambda: len(ran) == 2)
    assert app.session.stop(wait=5)


def test_shut_down_from_a_task_and_again_while_it_waits():
    """F36, S77: a call while shutdown is already waiting forces."""
    app = Rocketry(execution="thread")

    @app.task(None)
    def long(flag=TerminationFlag()):
        flag.wait(30)
        raise TaskTerminationException

    app.task(None, name="leave", func=app.session.shut_down, execution="main")
    app.session.start_thread()
    app.session[long].run()
    wait_for(lambda: app.session[long].is_running)
    app.session["leave"].run()
    wait_for(lambda: app.session.scheduler.state == "stopping")
    threading.Event().wait(0.05)
    assert actions(app, long) == ["run"]
    app.session.shut_down()
    wait_for(lambda: app.session.scheduler.state == "stopped")
    assert actions(app, long) == ["run", "terminate"]
