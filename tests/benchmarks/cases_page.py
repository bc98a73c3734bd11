"""The page: W11 of PERFORMANCE.md, in a real JupyterLab."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.dashboard.lab import lab, missing

Figures = dict[str, float]

_TASKS = """%load_ext rocket_magic
from rocket_magic.notebook import app
for n in range({count}):
    schedule = "daily between 10:00 and 12:00" if n % 2 else "every 10 hours"
    app.task(schedule, name=f"task {{n:04}}", func=int)"""
_TRIPS = 60


def page(system: str, count: int) -> Figures:
    """Seconds from `%rocket show` to the first rows, and what an open dashboard costs a cell's round trip."""
    del system
    if missing() is not None:
        return {}
    with tempfile.TemporaryDirectory() as folder, lab(Path(folder)) as jupyter:
        notebook = jupyter.open(_TASKS.format(count=count), "1", "%rocket show", "1")
        notebook.run(0)
        before = [_timed(lambda: notebook.run(1)) for _ in range(_TRIPS)]
        began = time.perf_counter()
        notebook.start(2)
        notebook.page.wait_for_selector(".rm-row")
        painted = time.perf_counter() - began
        notebook.page.wait_for_timeout(2_000)
        beside = [_timed(lambda: notebook.run(3)) for _ in range(_TRIPS)]
        more = (_p95(beside) - _p95(before)) * 1000
        return {"first paint s": painted, "round trip ms more p95": more}


def _timed(action: Callable[[], None]) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def _p95(seconds: list[float]) -> float:
    return sorted(seconds)[int(len(seconds) * 0.95)]
