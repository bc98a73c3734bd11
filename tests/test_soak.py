"""A month of virtual time, and seconds of real time, of everything at once; nothing may be left over."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import random
import subprocess
import threading
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import psutil
import pytest

from rocket_magic import Rocketry, VirtualClock
from rocket_magic.args import Clock, TerminationFlag
from rocket_magic.clock import SystemClock, stopwatch
from rocket_magic.conds import (
    after_any_fail,
    after_fail,
    after_finish,
    after_success,
    cron,
    daily,
    every,
    hourly,
    retry,
    started,
    time_of_day,
)
from rocket_magic.exc import TaskInactionException, TaskTerminationException
from rocket_magic.instants import SECOND

SECONDS = int(os.environ.get("ROCKET_MAGIC_SOAK", "10"))
_KEPT = 40_000_000
"""Bytes that may stay: what is loaded late, and what the allocator holds."""
_A_RUN = 1_500
"""Bytes of the two records of a run, which the log keeps."""

OUTCOMES = {"success", "fail", "terminate", "inaction", "crash"}


def check_log(rows: Any) -> Counter[str]:
    """Every run has one `run` record and then exactly one outcome; the outcomes, counted."""
    told: defaultdict[str, list[str]] = defaultdict(list)
    names: defaultdict[str, set[str]] = defaultdict(set)
    for row in rows:
        told[row.run_id].append(str(row.action))
        names[row.run_id].add(row.task_name)
    wrong = {
        run: seen
        for run, seen in told.items()
        if len(seen) != 2 or seen[0] != "run" or seen[1] not in OUTCOMES
    }
    assert wrong == {}
    assert all(len(one) == 1 for one in names.values())
    return Counter(seen[1] for seen in told.values())


def end_somehow(dice: random.Random, what: float) -> Any:
    """Return, raise, or leave, in one of the ways there are."""
    if what < 0.6:
        return dice.random()
    if what < 0.75:
        raise ValueError("bad luck")
    if what < 0.85:
        raise TaskInactionException("nothing to do")
    if what < 0.92:
        raise TaskTerminationException("enough")
    raise SystemExit(3)


def build_month(app: Rocketry, dice: random.Random) -> None:
    """Two dozen tasks of random schedules, executions, lengths, limits and endings."""
    schedules = [
        lambda: every(f"{dice.randint(40, 900)} min"),
        lambda: daily.at(f"{dice.randint(0, 23):02}:00"),
        lambda: daily.between("08:00", "12:00") | retry(2),
        lambda: hourly & time_of_day.between("06:00", "20:00"),
        lambda: cron(f"{dice.randint(0, 59)} */{dice.randint(2, 6)} * * *"),
        lambda: after_success(f"t{dice.randint(0, 9)}"),
        lambda: after_fail(f"t{dice.randint(0, 9)}"),
        lambda: after_finish(f"t{dice.randint(0, 9)}") & time_of_day.after("03:00"),
        lambda: after_any_fail("t1", "t2", "t3"),
    ]
    for number in range(24):
        make_task(app, dice, f"t{number}", schedules[number % 5 if number < 10 else number % 9]())


def make_task(app: Rocketry, dice: random.Random, name: str, schedule: Any) -> None:
    """One task; those on threads may sleep on the clock. Async runs are soaked in real time below."""
    own = random.Random(dice.random())

    def at_once():
        return end_somehow(own, own.random())

    async def later():
        await asyncio.sleep(0)
        return end_somehow(own, own.random())

    def slowly(clock=Clock(), flag=TerminationFlag()):
        for _ in range(own.randint(0, 4)):
            clock.sleep(15 * 60)
            if flag.is_set():
                raise TaskTerminationException
        return end_somehow(own, own.random())

    mode, func = dice.choice([("main", at_once), ("main", later), ("thread", slowly), ("thread", at_once)])
    app.task(
        schedule,
        name=name,
        func=func,
        execution=mode,
        priority=dice.randint(0, 3),
        timeout=dice.choice(["20 min", "never", "2 hours"]),
        end_cond=dice.choice(
            [None, None, time_of_day.between("11:00", "11:30"), started(task="t5").past("1 min") >= 1]
        )
        if mode == "thread"
        else None,
        multilaunch=dice.choice([None, 2]),
        on_overlap=dice.choice(["skip", "queue", "replace"]) if mode == "thread" else "skip",
    )


@pytest.mark.slow
def test_a_month_of_virtual_time():
    """Thousands of runs, every outcome, each run with exactly one; nothing due twice at one instant."""
    dice = random.Random(20260101)
    before = threads()
    clock = VirtualClock("2026-01-01 00:00")
    app = Rocketry(config={"time_func": clock, "execution": "main", "silence_task_prerun": True})
    build_month(app, dice)
    for _ in range(30):
        app.step("1 day")
        with contextlib.suppress(Exception):
            task = dice.choice(app.session.task_list())
            task.run()
            task.terminate()
    app.session.stop(force=True)
    counted = check_log(app.session.get_task_log())
    assert sum(counted.values()) > 2000
    assert set(counted) >= {"success", "fail", "inaction", "terminate"}
    check_no_double_starts(app)
    settle(lambda: threads() <= before, "threads left: %s", lambda: threads() - before)


def check_no_double_starts(app: Rocketry) -> None:
    """No calendar task without retries started twice for one due occurrence (L13)."""
    for task in app.session.task_list():
        words = str(task.start_cond)
        if words.startswith(("daily at", "cron")):
            dues = [
                row.due
                for row in app.session.get_task_log(task_name=task.name, action="run")
                if not row.attempt
            ]
            scheduled = Counter(round(due, 6) for due in dues if due is not None)
            extra = {due: n for due, n in scheduled.items() if n > 1}
            assert extra == {}, task.name


# Real time


def busy(seconds):
    """Works a while in a worker, then ends in one of many ways."""
    SystemClock().sleep(seconds)
    return end_somehow(random.Random(), random.random())


def die(seconds):
    """A worker that dies without a word."""
    SystemClock().sleep(seconds)
    os._exit(7)


def listen(seconds, flag=TerminationFlag()):
    """A thread that listens to its flag."""
    if flag.wait(seconds):
        raise TaskTerminationException
    return end_somehow(random.Random(), random.random())


async def wait(seconds):
    """An async run."""
    await asyncio.sleep(seconds)
    return end_somehow(random.Random(), random.random())


def quick(seconds):
    """In place."""
    return end_somehow(random.Random(), random.random())


def threads() -> set[str]:
    """Names of the threads there are, without those of pools that stay for the next session."""
    return {one.name for one in threading.enumerate() if one.is_alive()}


def children() -> set[int]:
    """Pids of our children, grandchildren included, zombies too."""
    rows = subprocess.run(
        ["ps", "-eo", "pid=,ppid=,args="], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    parents = {int(row.split(None, 2)[0]): int(row.split(None, 2)[1]) for row in rows}
    texts = {int(row.split(None, 2)[0]): row for row in rows}
    found: set[int] = set()
    level = {os.getpid()}
    while level:
        level = {pid for pid, parent in parents.items() if parent in level and "ps -eo" not in texts[pid]}
        found |= level
    return found


def descriptors() -> int:
    """How many file descriptors are open."""
    return len(list(Path("/proc/self/fd").iterdir()))


def settle(condition: Any, message: str, *facts: Any, seconds: float = 8) -> None:
    """Wait until something is so."""
    deadline = stopwatch() / SECOND + seconds
    while not condition():
        if stopwatch() / SECOND > deadline:
            pytest.fail(message % tuple(fact() for fact in facts))
        gc.collect()
        SystemClock().sleep(0.05)


def soak(seconds: float, dice: random.Random) -> Counter[str]:
    """One session in all executions under random orders."""
    app = Rocketry(execution="thread", max_process_count=3, timeout=0.4, grace=0.5, silence_task_prerun=True)
    bodies = {"main": quick, "async": wait, "thread": listen, "process": busy}
    for mode, func in bodies.items():
        for number in range(3):
            span = 0.0 if mode == "main" else dice.uniform(0.0, 0.3)
            app.task(
                every(f"{dice.randint(20, 200)} ms"), name=f"{mode} {number}", func=func, execution=mode,
                parameters={"seconds": span}, multilaunch=number == 2,
            )  # fmt: skip
    app.task(every("1 s"), name="dies", func=die, execution="process", parameters={"seconds": 0.05})
    app.session.start_thread()
    deadline = stopwatch() / SECOND + seconds
    while stopwatch() / SECOND < deadline:
        order_something(app, dice)
        SystemClock().sleep(dice.uniform(0.0, 0.02))
    assert app.session.scheduler.state in {"running", "held"}, app.session.snapshot().problem
    assert app.session.stop(force=True, wait=10)
    return check_log(app.session.get_task_log())


def order_something(app: Rocketry, dice: random.Random) -> None:
    """What a user may do at any moment."""
    task = dice.choice(app.session.task_list())
    what = dice.random()
    if what < 0.45:
        task.terminate()
    elif what < 0.75:
        task.run()
    elif what < 0.85:
        task.disabled = not task.disabled
    elif what < 0.95:
        task.priority = dice.randint(0, 5)
    else:
        app.session.scheduler.on_hold = dice.random() < 0.3


@pytest.mark.slow
@pytest.mark.timeout(290 + SECONDS)
def test_real_time_in_all_executions_leaves_nothing_behind():
    """Random terminations for seconds (or as long as ROCKET_MAGIC_SOAK says); then all is as before."""
    dice = random.Random(7)
    soak(1.0, dice)  # what is made once and stays
    gc.collect()
    before = threads(), children(), descriptors()
    memory = psutil.Process().memory_info().rss
    counted = soak(SECONDS, dice)
    assert sum(counted.values()) > 15 * SECONDS
    assert set(counted) >= {"success", "fail", "terminate"}
    settle(lambda: threads() <= before[0], "threads left: %s", lambda: threads() - before[0])
    settle(lambda: len(children()) <= len(before[1]), "processes left: %s", lambda: children() - before[1])
    settle(
        lambda: descriptors() <= before[2] + 2, "descriptors: %s, before %s", descriptors, lambda: before[2]
    )
    grown = psutil.Process().memory_info().rss - memory
    assert grown < _KEPT + sum(counted.values()) * _A_RUN, f"{grown:,} bytes after {dict(counted)}"
