"""The workloads of PERFORMANCE.md. Each takes a system and returns its figures; none knows a system."""

from __future__ import annotations

import gc
import itertools
import os
import statistics
import time
from collections.abc import Callable

import psutil

from tests.benchmarks.systems import open_system

Figures = dict[str, float]

PERIODS = (0.53, 0.61, 0.67, 0.73, 0.79, 0.89, 0.97, 1.09, 1.27, 1.49)
"""Odd periods of the ten busy tasks, so that they seldom meet."""


def idle(system: str, count: int, seconds: float) -> Figures:
    """W1: registration, processor and memory of tasks that are not due."""
    scheduler = open_system(system, "thread")
    process = psutil.Process()
    gc.collect()
    before = process.memory_info().rss
    began = time.perf_counter()
    scheduler.add_idle(count)
    registration = time.perf_counter() - began
    gc.collect()
    grown = process.memory_info().rss - before
    scheduler.start()
    time.sleep(2.0)
    used, began = time.process_time(), time.perf_counter()
    time.sleep(seconds)
    busy = (time.process_time() - used) / (time.perf_counter() - began) * 100
    in_all = process.memory_info().rss / 2**20
    scheduler.stop()
    return {
        "CPU %": busy,
        "registration s": registration,
        "kB a task": grown / count / 1024,
        "MB in all": in_all,
    }


def latency(system: str, count: int, seconds: float) -> Figures:
    """W2: how late ten periodic tasks start amid idle ones."""
    scheduler = open_system(system, "thread")
    scheduler.add_idle(count)
    for index, period in enumerate(PERIODS):
        scheduler.add_periodic(index, period)
    scheduler.start()
    time.sleep(seconds)
    late = scheduler.latencies()
    scheduler.stop()
    return _late_figures(late)


def _late_figures(late: list[float]) -> Figures:
    """Median and worst hundredth of lateness in ms, without the runs of the start-up."""
    ordered = sorted(1000 * value for value in late)
    if not ordered:
        message = "no run was measured"
        raise RuntimeError(message)
    return {"p50 ms": statistics.median(ordered), "p99 ms": ordered[int(len(ordered) * 0.99)]}


def throughput(system: str, mode: str, seconds: float) -> Figures:
    """W3: no-op runs per second of ten tasks that are always due."""
    scheduler = open_system(system, mode)
    counter = itertools.count()
    function: Callable[[], object] = no_operation if mode == "process" else lambda: next(counter)
    for index in range(10):
        scheduler.add_always(index, asynchronous(function) if mode == "async" else function)

    def so_far() -> int:
        return scheduler.completed() if mode == "process" else next(counter)

    scheduler.start()
    time.sleep(1.0)
    first, began = so_far(), time.perf_counter()
    time.sleep(seconds)
    last, ended = so_far(), time.perf_counter()
    scheduler.stop()
    return {"runs/s": (last - first) / (ended - began)}


def asynchronous(function: Callable[[], object]) -> Callable[[], object]:
    """The same as a coroutine function."""

    async def run() -> None:
        function()

    return run


def no_operation() -> None:
    """Do nothing; at module level, so that it can go to another process."""


def burst(system: str, mode: str, count: int) -> Figures:
    """W4: from the instant at which many tasks are due until the last has started."""
    scheduler = open_system(system, mode)
    starts: list[float] = []

    def note() -> None:
        starts.append(time.time())

    due = float(int(time.time()) + 3 + count // 500)
    for index in range(count):
        scheduler.add_once(index, asynchronous(note) if mode == "async" else note, due)
    scheduler.start()
    deadline = due + 60
    while len(starts) < count and time.time() < deadline:
        time.sleep(0.005)
    scheduler.stop()
    if len(starts) < count:
        message = f"only {len(starts)} of {count} had started after a minute"
        raise RuntimeError(message)
    return {
        "s until the last": max(starts) - due,
        "started early": float(sum(start < due for start in starts)),
    }


def notebook(system: str, count: int, seconds: float) -> Figures:
    """W10: what a busy cell loses to the scheduler's thread, and how late runs start beside it."""
    alone = _spin(seconds / 2)
    scheduler = open_system(system, "thread")
    scheduler.add_idle(count)
    for index, period in enumerate(PERIODS[:3]):
        scheduler.add_periodic(index, period)
    scheduler.start()
    time.sleep(1.5)
    used, own, began = time.process_time(), time.thread_time(), time.perf_counter()
    beside = _spin(seconds)
    span = time.perf_counter() - began
    taken = (time.process_time() - used) - (time.thread_time() - own)
    late = scheduler.latencies()
    scheduler.stop()
    return {
        "cell's speed kept %": beside / alone * 100,
        "CPU taken %": taken / span * 100,
        **_late_figures(late),
    }


def _spin(seconds: float) -> float:
    """Compute in pure Python; loops per second."""
    loops, began = 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        for _ in range(1000):
            pass
        loops += 1
    return loops / (time.perf_counter() - began)


def baseline(system: str) -> Figures:
    """What the machine is like: busy share before the run, and one second of pure Python."""
    del system
    return {"load": os.getloadavg()[0], "kloops/s": _spin(1.0)}
