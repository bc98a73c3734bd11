"""Workloads that not every system can do, or that each does in a way of its own.

Termination, simulation and loading.
"""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
import tempfile
import time
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.benchmarks.systems.statements import Statements, nothing

Figures = dict[str, float]

START = 1_767_225_600.0
"""The first moment of 2026, where simulations start."""


def termination(system: str, mode: str, how: str, repeats: int) -> Figures:
    """W6: from the request, or the timeout, until the process is gone or the thread's task has seen it."""
    scheduler = Statements(system, mode)
    measure = _Ended(scheduler, system, mode, how)
    scheduler.start()
    scheduler.wait_running()
    delays = sorted(measure.once() for _ in range(repeats))
    scheduler.stop()
    return {"p50 ms": 1000 * delays[len(delays) // 2], "worst ms": 1000 * delays[-1]}


class _Ended:
    """One task that never ends by itself, and how long it lives after it should not."""

    def __init__(self, scheduler: Statements, system: str, mode: str, how: str) -> None:
        self.scheduler, self.how, self.mode = scheduler, how, mode
        self.signs = Path(tempfile.mkdtemp())
        policy: dict[str, Any] = {"timeout": 1} if how == "timeout" else {}
        function = hang if mode == "process" else _obedient(system, self.signs)
        parameters = {"folder": str(self.signs)} if mode == "process" else {}
        self.task = scheduler.session.create_task(
            func=function, name="endless", start_cond=None, parameters=parameters, **policy
        )

    def once(self) -> float:
        """Run it, end it; seconds from the moment it should end until it had."""
        for sign in self.signs.iterdir():
            sign.unlink()
        self.task.run()
        _wait_for((self.signs / "started").exists)
        if self.how == "timeout":
            due = self.scheduler.run_starts("endless")[-1] + 1.0
        else:
            time.sleep(0.3)
            due = time.time()
            self.task.terminate()
        ended = self._process_gone() if self.mode == "process" else self._seen()
        _wait_for(lambda: self.task.status == "terminate")
        return ended - due

    def _process_gone(self) -> float:
        process = Path("/proc") / (self.signs / "started").read_text()
        _wait_for(lambda: not _alive(process))
        return time.time()

    def _seen(self) -> float:
        _wait_for((self.signs / "seen").exists)
        return float((self.signs / "seen").read_text())


def hang(folder: str) -> None:
    """Tell the process id, then sleep for ever."""
    import os  # the function travels to another process on its own

    _sign(Path(folder) / "started", str(os.getpid()))
    while True:
        time.sleep(1)


def _sign(path: Path, text: str) -> None:
    """Write so that a reader sees all or nothing."""
    path.with_suffix(".part").write_text(text)
    path.with_suffix(".part").rename(path)


def _obedient(system: str, folder: Path) -> Callable[..., None]:
    """A function that looks at its termination flag every half millisecond."""
    package = __import__(f"{system}.args", fromlist=["TerminationFlag"])
    signals = __import__(f"{system}.exc", fromlist=["TaskTerminationException"])

    def obey(flag: Any = package.TerminationFlag()) -> None:  # noqa: B008  how arguments are asked for
        _sign(folder / "started", "")
        while not flag.is_set():
            time.sleep(0.0005)
        _sign(folder / "seen", repr(time.time()))
        raise signals.TaskTerminationException

    return obey


def _alive(process: Path) -> bool:
    try:
        return (process / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def _wait_for(true: Callable[[], object], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            message = "what was waited for did not happen"
            raise TimeoutError(message)
        time.sleep(0.0002)


SCHEDULES = [("hourly", 3600)] * 40 + [("daily", 86400)] * 20 + [("every 15 min", 900)] * 40
"""The hundred tasks of W9, as statements and as seconds."""


def simulation(system: str, hours: float) -> Figures:
    """W9: runs per second when the clock does not wait."""
    began = time.perf_counter()
    runs = {"rocket_magic": _rehearse, "rocketry": _rehearse_by_cycles, "schedule": _patched_schedule,
            "apscheduler": _patched_apscheduler}[system](hours)  # fmt: skip
    return {"runs/s": runs / (time.perf_counter() - began), "runs": float(runs)}


def _rehearse(hours: float) -> int:
    from rocket_magic import VirtualClock

    scheduler = Statements("rocket_magic", "main", time_func=VirtualClock(START), timezone=dt.UTC)
    for index, (schedule, _) in enumerate(SCHEDULES):
        scheduler.task(f"task-{index}", schedule, nothing)
    scheduler.session.step(f"{hours} hours")
    return scheduler.completed()


def forecast(system: str, hours: float) -> Figures:
    """W9: runs per second that are foretold, not run."""
    from rocket_magic import VirtualClock
    from rocket_magic.forecast import forecast as foretell

    scheduler = Statements(system, "main", time_func=VirtualClock(START), timezone=dt.UTC)
    for index, (schedule, _) in enumerate(SCHEDULES):
        scheduler.task(f"task-{index}", schedule, nothing)
    began = time.perf_counter()
    runs = len(foretell(scheduler.session, f"{hours} hours").runs)
    return {"runs/s": runs / (time.perf_counter() - began), "runs": float(runs)}


def _rehearse_by_cycles(hours: float) -> int:
    """Rocketry can't know what is next: one cycle a minute."""
    now = [START]
    scheduler = Statements("rocketry", "main", time_func=lambda: now[0], cycle_sleep=None)
    for index, (schedule, _) in enumerate(SCHEDULES):
        scheduler.task(f"task-{index}", schedule, nothing)

    def tick() -> None:
        now[0] += 60
        if now[0] > START + hours * 3600:
            scheduler.session.shut_down()

    scheduler.session.hook_scheduler_cycle()(tick)
    scheduler.app.run()
    return scheduler.completed()


class _Moving(dt.datetime):
    """A datetime whose `now` stands where it was put."""

    at = START

    @classmethod
    def now(cls, tz: dt.tzinfo | None = None) -> Any:
        """Where it was put."""
        return cls.fromtimestamp(cls.at, tz)


def _patched_schedule(hours: float) -> int:
    import schedule

    schedule.datetime = types.SimpleNamespace(  # type: ignore[assignment,attr-defined]  # it has no clock to pass
        datetime=_Moving, timedelta=dt.timedelta, date=dt.date, time=dt.time
    )
    scheduler = schedule.Scheduler()
    runs: list[int] = []
    for _, seconds in SCHEDULES:
        scheduler.every(seconds).seconds.do(runs.append, 1)
    while _Moving.at <= START + hours * 3600:
        scheduler.run_pending()
        due = scheduler.get_next_run()
        if due is None:
            break
        _Moving.at = due.timestamp()
    return len(runs)


def _patched_apscheduler(hours: float) -> int:
    from apscheduler.executors.debug import DebugExecutor
    from apscheduler.schedulers import base
    from apscheduler.schedulers.background import BackgroundScheduler
    from apscheduler.triggers import interval

    base.datetime = interval.datetime = _Moving
    scheduler = BackgroundScheduler(executors={"default": DebugExecutor()}, timezone=dt.UTC)
    runs: list[int] = []
    scheduler._main_loop = lambda: None  # the loop here takes its place
    scheduler.start()
    for _, seconds in SCHEDULES:
        scheduler.add_job(runs.append, "interval", args=[1], seconds=seconds, misfire_grace_time=None)
    while _Moving.at <= START + hours * 3600:
        _Moving.at += (scheduler._process_jobs() or 0) + 0.000001
    return len(runs)


def importing(system: str) -> Figures:
    """W11: an import in a fresh interpreter, and our extension on top of IPython."""
    names = {
        "rocket_magic": {
            "import ms": "import rocket_magic",
            "with Rocketry ms": "from rocket_magic import Rocketry",
        },
        "rocketry": {"import ms": "import rocketry", "with Rocketry ms": "from rocketry import Rocketry"},
        "apscheduler": {"import ms": "from apscheduler.schedulers.background import BackgroundScheduler"},
        "schedule": {"import ms": "import schedule"},
        "pydantic": {"import ms": "import pydantic; pydantic.BaseModel"},
    }[system]
    figures = {figure: _timed_import(statement) for figure, statement in names.items()}
    if system == "rocket_magic":
        figures["%load_ext ms"] = _timed_import(
            "shell.run_line_magic('load_ext', 'rocket_magic')", shell=True
        )
    return figures


def _timed_import(statement: str, *, shell: bool = False) -> float:
    """Milliseconds of a statement in a fresh interpreter, the best of five (files are then cached).

    Bytecode is cached as an installation has it, whatever this process's own setting: what compiling the
    source costs is no part of loading.
    """
    before = (
        "from IPython.core.interactiveshell import InteractiveShell; shell = InteractiveShell.instance(); "
        if shell
        else ""
    )
    timed = f"t = time.perf_counter(); {statement}; print('ms', (time.perf_counter() - t) * 1000)"
    code = f"import time; {before}{timed}"
    taken = []
    with tempfile.TemporaryDirectory() as folder:
        settings = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": folder}
        for _ in range(6):  # the first one fills the cache
            done = subprocess.run(
                [sys.executable, "-c", code],
                capture_output=True,
                text=True,
                check=True,
                env=os.environ | settings,
            )
            line = next(line for line in done.stdout.splitlines() if line.startswith("ms "))
            taken.append(float(line.split()[1]))
    return min(taken[1:])
