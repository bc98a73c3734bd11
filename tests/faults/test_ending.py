"""How a session ends: Ctrl-C at a terminal, shutdown with deaf threads, the interpreter's exit."""

from __future__ import annotations

import pytest

from tests.faults.support import Program

HEAD = """
import asyncio, threading, time
from rocket_magic import Rocketry
from rocket_magic.conds import every

def work():
    say("begun")
    threading.Event().wait(SPAN)

async def work_async():
    say("begun")
    await asyncio.sleep(SPAN)

def told(change):
    if change.kind == "record" and change.task == "work":
        say("record", change.record.action)
    if change.kind == "state":
        say("state", app.session.scheduler.state)

def make(mode, func=None, **config):
    global app
    app = Rocketry(execution=mode, grace=0.3, **config)
    app.task(None, name="work", func=func or (work_async if mode == "async" else work))
    app.session["work"].run()
    app.session.subscribe(told)
    return app

def rows():
    return [str(row.action) for row in app.session.get_task_log(task_name="work")]
"""

MODES = ["main", "async", "thread", "process"]


def begun(mode: str) -> str:
    """The line after which the run is in flight; a worker's output is its own."""
    return "record run" if mode == "process" else "begun"


@pytest.mark.slow
def test_ctrl_c_is_a_shutdown_that_waits():
    """F2: it goes to the whole group of the terminal; the run in flight ends as it would have."""
    source = f"""{HEAD}
SPAN = 0.4
for mode in {MODES}:
    make(mode).run()
    say("returned", mode, *rows())
"""
    with Program(source) as child:
        for mode in MODES:
            child.expect(begun(mode))
            child.press()
            assert child.expect("returned") == f"returned {mode} run success"
        assert child.wait(10) == 0, child.errors
    assert "Traceback" not in child.errors


@pytest.mark.slow
def test_a_second_ctrl_c_ends_the_runs():
    """F2, F37: by force, within the grace period; a deaf thread is given up."""
    modes = ["async", "thread", "process"]
    source = f"""{HEAD}
SPAN = 60
for mode in {modes}:
    make(mode).run()
    say("returned", mode, *rows())
"""
    with Program(source) as child:
        for mode in modes:
            child.expect(begun(mode))
            child.press()
            child.expect("state stopping")
            child.press()
            assert child.expect("returned") == f"returned {mode} run terminate"
        assert child.wait(10) == 0, child.errors
    assert "Traceback" not in child.errors


@pytest.mark.slow
def test_a_second_ctrl_c_ends_what_cannot_be_asked():
    """F2: a `main` run, or an async one that never awaits, holds the scheduler's thread."""
    source = f"""{HEAD}
SPAN = 60
for mode in ["main", "async"]:
    make(mode, work).run()
    say("returned", mode, *rows())
"""
    with Program(source) as child:
        for mode in ["main", "async"]:
            child.expect("begun")
            for _ in range(2):
                child.press()
            assert child.expect("returned") == f"returned {mode} run fail"
        assert child.wait(10) == 0, child.errors


@pytest.mark.slow
def test_ctrl_c_under_the_callers_event_loop():
    """F2: `asyncio.run(app.serve())` shuts down, waits for the run, and tells its caller."""
    source = f"""{HEAD}
SPAN = 0.4
make("async")
try:
    asyncio.run(app.serve())
except KeyboardInterrupt:
    say("interrupted", *rows())
"""
    with Program(source) as child:
        child.expect("begun")
        child.press()
        child.expect("interrupted run success")
        assert child.wait(10) == 0, child.errors
    assert "Traceback" not in child.errors


@pytest.mark.slow
@pytest.mark.parametrize("func", ["work_async", "work"])
def test_a_second_ctrl_c_under_the_callers_event_loop(func):
    """F2, I1: it ends all runs with an outcome, and an async one that doesn't await can't swallow it."""
    source = f"""{HEAD}
SPAN = 3
make("async", {func})
app.task(None, name="other", func=work, execution="thread")
app.session["other"].run()
try:
    asyncio.run(app.serve())
except KeyboardInterrupt:
    say("interrupted", *rows())
    say("other", *[str(row.action) for row in app.session.get_task_log(task_name="other")])
"""
    with Program(source) as child:
        child.expect("begun")
        child.expect("begun")
        child.press()
        child.press()
        line = child.expect("interrupted", 2)
        assert line in ("interrupted run terminate", "interrupted run fail"), line
        assert child.expect("other") == "other run terminate"


@pytest.mark.slow
def test_ctrl_c_between_two_steps_of_the_wait():
    """F2: when nothing was there, and before the thread sleeps."""
    source = f"""{HEAD}
import signal
SPAN = 0
class Hit:
    def __init__(self, lock):
        self.lock, self.release, self.left = lock, lock.release, 1
    def acquire(self, *args, **options):
        if self.left and threading.current_thread() is threading.main_thread():
            if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
                self.left = 0
                say("pressed")
                signal.raise_signal(signal.SIGINT)
        return self.lock.acquire(*args, **options)
make("thread")
alarm = app.session._board.inbox.alarm
alarm._silence = Hit(alarm._silence)
app.run()
say("returned", *rows())
"""
    with Program(source) as child:
        child.expect("pressed")
        child.expect("returned run success", 2)
        assert child.wait(5) == 0, child.errors


@pytest.mark.slow
def test_ctrl_c_that_another_thread_receives():
    """F2: as when the signal comes in the last microsecond before the main thread goes to sleep."""
    source = f"""{HEAD}
import signal
SPAN = 0
make("thread")
def press():
    time.sleep(0.2)
    say("pressed")
    signal.pthread_kill(threading.get_ident(), signal.SIGINT)
    time.sleep(60)
app.task(None, name="press", func=press, daemon=True)
app.session["press"].run()
app.run()
say("returned", *rows())
"""
    with Program(source) as child:
        child.expect("pressed")
        child.expect("state stopping", 2)


@pytest.mark.slow
def test_shutdown_with_a_deaf_thread_for_ever():
    """F37, D5, L14: soon after the grace period, and the thread's process can end."""
    source = f"""{HEAD}
entered = threading.Event()
def deaf():
    entered.set()
    time.sleep(1e6)
make("thread", deaf, instant_shutdown=True)
app.session.start_thread()
entered.wait()
begun = time.monotonic()
assert app.session.stop(wait=10)
say("stopped", rows(), time.monotonic() - begun < 5)
say("reason", app.session.get_task_log(task_name="work")[-1].reason)
"""
    with Program(source) as child:
        child.expect("stopped ['run', 'terminate'] True")
        assert "abandoned, still running" in child.expect("reason")
        assert child.wait(3) == 0, child.errors


@pytest.mark.slow
def test_the_interpreters_exit_with_runs_in_flight():
    """F38: no hang, no flood of tracebacks, whatever still runs."""
    source = f"""{HEAD}
SPAN = 1e6
apps = []
for mode in ["async", "thread", "process"]:
    made = Rocketry(execution=mode)
    made.task(None, name="work", func=work_async if mode == "async" else work)
    made.session["work"].run()
    made.session.start_thread()
    apps.append(made)
while not all(made.session["work"].is_running for made in apps):
    time.sleep(0.01)
time.sleep(0.3)
say("leaving")
sys.exit(4)
"""
    with Program(source) as child:
        child.expect("leaving")
        assert child.wait(7) == 4
    assert child.errors == ""
