"""Too much at once: failures by the thousand, tasks added and called from many threads, a blocked loop."""

from __future__ import annotations

import ctypes
import logging
import os
import sys
import threading
from collections import Counter

import pytest

from rocket_magic import Rocketry, VirtualClock
from rocket_magic.args import TerminationFlag
from rocket_magic.conds import cron, daily, every, false, retry
from rocket_magic.instants import SECOND
from tests.crash.oracle import violations
from tests.faults.support import Heart, Program, actions, wait_for


class Lines(logging.Handler):
    """A handler that keeps what it gets."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@pytest.fixture
def listener():
    """Listens on both loggers."""
    made = Lines()
    names = ("rocketry.task", "rocketry.scheduler")
    for name in names:
        logging.getLogger(name).addHandler(made)
    yield made
    for name in names:
        logging.getLogger(name).removeHandler(made)


def vanish():
    """Die without a word."""
    os._exit(5)


def vanish_later():
    """Die a little later."""
    threading.Event().wait(0.2)
    os._exit(6)


@pytest.mark.slow
def test_workers_that_die_start_no_storm(machine):
    """F4, F5, L13: a period's run is used up by a crash, `retry(2)` makes two more, nobody makes a third."""
    app = Rocketry(execution="process", max_process_count=4)
    heart = Heart(app)
    app.task(daily, name="once", func=vanish_later)
    app.task(daily | retry(2), name="retried", func=vanish)
    app.session.start_thread()
    wait_for(lambda: actions(app, "retried") == ["run", "crash"] * 3 and len(actions(app, "once")) == 2)
    threading.Event().wait(0.4)
    assert app.session.stop(wait=10)
    assert actions(app, "once") == ["run", "crash"]
    assert actions(app, "retried") == ["run", "crash"] * 3
    assert heart.longest_pause < 0.3 + machine.lag  # I3
    assert violations(app.session.get_task_log()) == []


N_FAILING = 1000


def fail():
    """Fail with a traceback."""
    raise ValueError("no data")


@pytest.mark.slow
@pytest.mark.parametrize(("mode", "n"), [("main", N_FAILING), ("async", N_FAILING), ("thread", N_FAILING),
                                         ("process", 8)])  # fmt: skip
def test_many_failures_in_one_second(mode, n):
    """F14: each has its record with its traceback, and the others stay on time."""
    app = Rocketry(execution=mode, max_process_count=4)
    heart = Heart(app)
    app.session.start_thread()
    wait_for(lambda: heart.beats)
    for i in range(n):
        app.task(every("1 hour"), name=f"t{i}", func=fail)
    wait_for(lambda: len(app.session.get_task_log(action="fail")) == n)
    heart.goes_on()
    assert app.session.stop(wait=10)
    rows = app.session.get_task_log(action="fail")
    assert all("no data" in row.exc_text for row in rows)
    assert violations(app.session.get_task_log()) == []


def test_tracebacks_on_the_logger_are_limited(listener):
    """F14, I4: some a minute with their tracebacks, then a count; the records keep them all."""
    app = Rocketry(execution="main", time_func=VirtualClock("2026-01-01"))
    for i in range(300):
        app.task(every("1 hour"), name=f"t{i}", func=fail)
    app.step("1 min")
    app.session.log.flush()
    app.session.stop()
    assert len(app.session.get_task_log(action="fail")) == 300
    assert sum(1 for record in listener.records if record.exc_text) <= 100


def test_an_async_task_that_blocks_the_loop_is_named(caplog):
    """F12: a warning with the task and the time it took; nothing is lost."""
    app = Rocketry(execution="async")
    heart = Heart(app)

    @app.task(None)
    async def greedy():
        threading.Event().wait(1.2)

    app.session.start_thread()
    wait_for(lambda: heart.beats)
    with caplog.at_level(logging.WARNING, "rocketry.scheduler"):
        app.session["greedy"].run()
        wait_for(lambda: actions(app, "greedy") == ["run", "success"])
        heart.goes_on()
    assert app.session.stop(wait=5)
    assert violations(app.session.get_task_log()) == []
    told = [record.getMessage() for record in caplog.records if "greedy" in record.getMessage()]
    assert len(told) == 1
    assert "1.2 s" in told[0]


def test_an_async_task_that_blocks_the_loop_loses_nothing(machine):
    """F12: due starts of others come late, once; a snapshot is answered meanwhile."""
    app = Rocketry(execution="async")
    entered = threading.Event()

    @app.task(None)
    async def greedy():
        entered.set()
        threading.Event().wait(0.6)

    app.task(every("100 ms"), name="other", func=lambda: None, execution="thread")
    app.session.start_thread()
    app.session["greedy"].run()
    assert entered.wait(10)
    asked = app.session.clock.uptime()
    assert app.session.snapshot_task("greedy").running
    assert app.session.clock.uptime() - asked < (0.25 + machine.lag) * SECOND
    n = len(actions(app, "other"))
    wait_for(lambda: actions(app, "greedy") == ["run", "success"])
    wait_for(lambda: len(actions(app, "other")) > n)
    assert app.session.stop(wait=5)
    assert violations(app.session.get_task_log()) == []


@pytest.mark.slow
def test_a_cell_that_holds_the_interpreter():
    """F13, D3: what was due meanwhile starts once, says how late it is and what it stands for."""
    app = Rocketry(execution="main")
    app.task(cron("* * * * * *", seconds=True), name="each second", func=lambda: None)
    app.task(every("200 ms"), name="often", func=lambda: None)
    app.session.start_thread()
    wait_for(lambda: len(actions(app, "each second")) >= 2)
    ctypes.PyDLL(None).usleep(2_200_000)  # no other thread gets the interpreter
    held = app.session.clock.now() / SECOND
    wait_for(lambda: app.session.get_task_log(action="run")[-1].created >= held + 0.3)
    assert app.session.stop(wait=5)
    late = [row for row in app.session.get_task_log(action="run", task_name="each second") if row.merged]
    assert len(late) == 1
    assert late[0].merged in (1, 2, 3)
    assert late[0].reason.startswith("late by ")
    assert "merged into it" in late[0].reason
    often = [row.created for row in app.session.get_task_log(action="run", task_name="often")]
    assert sum(1 for at in often if held - 2 < at < held + 0.15) <= 2
    assert violations(app.session.get_task_log()) == []


def test_a_cell_run_a_hundred_times():
    """F16: the run in flight ends on its old code; one task is left, and it runs the newest."""
    app = Rocketry(execution="thread", task_pre_exist="replace")
    go, values = threading.Event(), []
    app.task(None, name="work", func=lambda: (go.wait(10), values.append(-1)))
    app.session.start_thread()
    app.session["work"].run()
    wait_for(lambda: app.session["work"].is_running)
    for i in range(100):
        app.task(None, name="work", func=lambda i=i: values.append(i))
    app.session["work"].run()
    go.set()
    wait_for(lambda: actions(app, "work") == ["run", "success"] * 2)
    assert app.session.stop(wait=5)
    assert values == [-1, 99]
    assert [task.name for task in app.session.task_list()] == ["work"]
    assert violations(app.session.get_task_log()) == []


@pytest.mark.slow
def test_three_thousand_tasks_from_another_thread():
    """F17: all are there and run; no beat is missed."""
    app = Rocketry(execution="main")
    heart = Heart(app, "300 ms")
    app.session.start_thread()
    wait_for(lambda: heart.beats)
    seen = []

    def add():
        for i in range(3000):
            app.task(every("1 hour"), name=f"t{i}", func=lambda i=i: seen.append(i))

    thread = threading.Thread(target=add)
    thread.start()
    thread.join(20)
    wait_for(lambda: len(seen) == 3000)
    heart.goes_on()
    assert app.session.stop(wait=5)
    assert len(app.session.tasks) == 3001
    assert sorted(seen) == list(range(3000))
    # I3, on a machine that may have other work; traced it was 1.2 s when commands had no budget.
    allowance = 0.5 if sys.gettrace() is not None else 0.25
    assert heart.longest_work < 0.3 + allowance


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["main", "thread"])
def test_eight_threads_and_ten_thousand_calls(mode):
    """F18: run, terminate, enable, disable, add and remove at once; each batch runs exactly once."""
    app = Rocketry(execution=mode, multilaunch=True, task_pre_exist="ignore", max_thread_count=4)
    seen: Counter[tuple[int, int]] = Counter()
    lock = threading.Lock()

    def note(key, flag=TerminationFlag()):
        with lock:
            seen[key] += 1

    names = [f"work {i}" for i in range(4)]
    for name in names:
        app.task(false, name=name, func=note)
    app.session.start_thread()
    queued: list[list[tuple[int, int]]] = [[] for _ in range(8)]
    errors: list[BaseException] = []

    def call(number: int) -> None:
        try:
            for i in range(1250):
                task = app.session[names[(number + i) % 4]]
                kind = i % 5
                if kind < 2:
                    task.run(key=(number, i))
                    queued[number].append((number, i))
                elif kind == 2:
                    task.disabled = not task.disabled
                elif kind == 3 and mode == "main":
                    task.terminate()
                else:
                    app.task(false, name=f"guest {number}", func=note)
                    app.session.remove_task(f"guest {number}")
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=call, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert errors == []
    wanted = Counter(key for keys in queued for key in keys)
    wait_for(lambda: sum(seen.values()) >= len(wanted))
    assert app.session.stop(wait=10)
    assert seen == wanted
    assert sorted(task.name for task in app.session.tasks) == names
    rows = app.session.get_task_log()
    assert Counter(str(row.action) for row in rows) == {"run": len(wanted), "success": len(wanted)}
    assert len({row.run_id for row in rows}) == len(wanted)


def test_terminate_from_many_threads_leaves_each_run_one_outcome():
    """F18: whether it came before the code, in it or after it."""
    app = Rocketry(execution="thread", multilaunch=True, max_thread_count=4)
    app.task(None, name="work", func=lambda flag=TerminationFlag(): flag.wait(0.002))
    app.session.start_thread()
    task = app.session["work"]

    def call() -> None:
        for _ in range(60):
            task.run()
            task.terminate()

    threads = [threading.Thread(target=call) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    wait_for(lambda: len(app.session.get_task_log()) == 480)
    assert app.session.stop(wait=5)
    assert violations(app.session.get_task_log()) == []


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["main", "async", "thread"])
def test_a_task_that_kills_its_own_scheduler(tmp_path, mode):
    """F6: as F30; the next start tells of it and makes the run again, once."""
    url = f"sqlite:///{tmp_path}/log.db"
    source = f"""
import os
from rocket_magic import Rocketry
from rocket_magic.conds import daily
app = Rocketry(execution={mode!r}, logger_repo={url!r})
app.task(daily, name="work", func=lambda: os._exit(5))
app.run()
"""
    with Program(source) as child:
        assert child.wait(10) == 5, child.errors
    app = Rocketry(execution=mode, logger_repo=url)
    app.task(daily, name="work", func=lambda: None)
    app.session.start_thread()
    wait_for(lambda: actions(app, "work") == ["run", "crash", "run", "success"])
    threading.Event().wait(0.1)
    assert app.session.stop(wait=5)
    rows = app.session.get_task_log()
    assert rows[0].run_id == rows[1].run_id
    assert len(rows) == 4
    assert violations(rows) == []
    app.session.log.close()
