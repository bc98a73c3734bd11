"""Asking, durable logs and worker processes: W12, W5 and W7 of PERFORMANCE.md."""

from __future__ import annotations

import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from rocket_magic import Rocketry, VirtualClock
from rocket_magic._protocols import Action
from rocket_magic.instants import MINUTE
from rocket_magic.log import Record
from rocket_magic.scheduler import Change

Figures = dict[str, float]

START = "2026-01-01 00:00"
SCHEDULES = (
    "daily between 10:00 and 12:00",
    "every 10 min on weekdays between 09:00 and 17:00",
    "after task 'load'",
    "daily | retry 3 times after 5 min",
    "task 'load' has succeeded more than 3 times today",
    "task 'load' has failed in past 2 hours",
    "cron */5 8-18 * * Mon-Fri",
    "weekly on Fri & ~has failed today",
)


def asking(system: str, records: int) -> Figures:
    """W12: one condition asked whether it holds and when it will change, behind a history of that length."""
    del system
    app = Rocketry(execution="main", time_func=VirtualClock(START), log_capacity=100_000)
    app.task(None, name="load", func=int)
    tasks = [app.task(text, name=f"t{n}", func=int) for n, text in enumerate(SCHEDULES)]
    _write_history(app, ["load", *(task.name for task in tasks)], records)
    context = app.session.context
    questions = {"holds us": "holds", "next_change us": "next_change"}
    return {
        figure: max(_ask(getattr(task.start_cond, question), context(task)) for task in tasks)
        for figure, question in questions.items()
    }


def _ask(question: Any, context: Any, times: int = 200) -> float:
    """Microseconds of one question, the best of five rounds."""
    rounds = []
    for _ in range(5):
        begin = time.perf_counter()
        for _ in range(times):
            question(context)
        rounds.append((time.perf_counter() - begin) / times * 1e6)
    return min(rounds)


def _write_history(app: Rocketry, names: list[str], records: int) -> None:
    log, now = app.session.log, app.session.clock.now()
    for start in range(0, records // 2, 5_000):
        group = []
        for n in range(start, min(start + 5_000, records // 2)):
            at, name = now - (records // 2 - n) * MINUTE // 10, names[n % len(names)]
            outcome = Action.FAIL if n % 7 == 0 else Action.SUCCESS
            group += [
                Record(name, Action.RUN, at, str(n), start=at),
                Record(name, outcome, at, str(n), start=at, end=at),
            ]
        log.write(group, lambda error: None)  # noqa: ARG005  the callback's form


def mixed(system: str, count: int) -> Figures:
    """W12: a session of mixed schedules: registration, the first look at all, and a virtual day."""
    del system
    app = Rocketry(execution="main", time_func=VirtualClock(START), log_capacity=1_000_000)
    begin = time.perf_counter()
    for n in range(count):
        app.task(_schedule(n), name=f"t{n}", func=int)
    registered = time.perf_counter()
    app.step(to_next=True)
    looked = time.perf_counter()
    app.step("1 day")
    done = time.perf_counter()
    runs = len(app.session.get_task_log(action="run"))
    return {
        "registration s": registered - begin,
        "first look s": looked - registered,
        "a day s": done - looked,
        "runs/s": runs / (done - looked),
    }


def _schedule(n: int) -> str:
    hour, minute = n % 24, n * 7 % 60
    return (
        f"daily at {hour:02}:{minute:02}",
        f"every {n % 50 + 10} min on weekdays between 08:00 and 18:00",
        f"cron {minute} {hour} * * *",
        f"daily between {hour:02}:00 and {hour:02}:{minute:02} | retry 2 times"
        if minute
        else "daily | retry 2 times",
        f"hourly after {minute:02}:00 & time of week between Mon and Fri",
    )[n % 5]


def durable(system: str, url: str, seconds: float) -> Figures:
    """W5: completed no-op thread runs per second, both records of each on disk."""
    del system
    with tempfile.TemporaryDirectory() as folder:
        app = Rocketry(execution="thread", cycle_sleep=None, log_capacity=1_000_000)
        app.session.set_repo(url.format(folder=Path(folder)))
        for n in range(10):
            app.task("true", name=f"t{n}", func=int)
        app.session.start_thread()
        time.sleep(0.2)
        before, begin = _finished(app), time.perf_counter()
        time.sleep(seconds)
        rate = (_finished(app) - before) / (time.perf_counter() - begin)
        app.session.stop(force=True)
        app.session.log.close()
    return {"runs/s": rate}


def _finished(app: Rocketry) -> int:
    return sum(app.session.history.count(f"t{n}", _OUTCOMES, 0, 2**62) for n in range(10))


_OUTCOMES = frozenset({Action.SUCCESS})


def processes(system: str, reuse: bool, repeats: int) -> Figures:
    """W7: from asking for a process run until its code begins; the first, which finds nothing ready, apart.

    Runs are asked for one by one with a pause: how many there can be in a second is W3's question.
    """
    del system
    app = Rocketry(execution="process", process_reuse=reuse)
    app.task(None, name="work", func=time.time)
    ended = threading.Event()

    def listen(change: Change) -> None:
        if change.record is not None and change.record.action is Action.SUCCESS:
            ended.set()

    app.session.subscribe(listen)
    app.session.start_thread()
    task, delays = app.session["work"], []
    for _ in range(repeats + 1):
        time.sleep(0.02)
        ended.clear()
        asked = time.time()
        task.run()
        ended.wait(20)  # to look at the log again and again would hold up the scheduler's thread
        delays.append(app.session.returns["work"] - asked)
    app.session.stop()
    first, *others = delays
    ordered = sorted(others)
    return {
        "first start ms": 1000 * first,
        "start p50 ms": 1000 * ordered[len(ordered) // 2],
        "start p99 ms": 1000 * ordered[int(len(ordered) * 0.99)],
    }
