"""Floor 4: the process of our own cluster: dask scheduler and worker, until nobody holds the pipe."""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
from typing import Any, Final

import dask
from distributed import Scheduler, SpecCluster, Worker
from distributed.security import Security

from rocket_magic.execution._failure import exception_message

__all__ = ["main"]

_HOST: Final = "127.0.0.1"
_ENDING: Final = 1.0
_QUIET: Final = {
    "distributed.scheduler.allowed-failures": 0,
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
    "distributed.worker.profile.enabled": False,  # nobody looks at it, and it would keep the processor awake
    "distributed.admin.tick.interval": "2s",  # 20 ms where nobody says otherwise
    "distributed.admin.tick.limit": "1h",
    "distributed.admin.system-monitor.interval": "10s",
    "distributed.admin.system-monitor.disk": False,
    "distributed.scheduler.active-memory-manager.start": False,
    "distributed.scheduler.work-stealing": False,
    "distributed.scheduler.reuse-broadcast-comm": True,
}


def main() -> None:
    """Serve until the scheduler's process is gone, or closes the pipe."""
    line = sys.stdin.readline()
    answers = os.dup(1)
    os.dup2(2, 1)  # what libraries print is no answer
    said = json.loads(line)
    try:
        cluster = _start(said["places"], said["security"])
    except Exception as error:
        _tell(answers, {"problem": exception_message(error)})
        return
    _tell(answers, {"address": cluster.scheduler_address})
    while sys.stdin.readline():
        pass
    ending = threading.Thread(target=cluster.close, daemon=True)
    ending.start()
    ending.join(_ENDING)
    os._exit(0)  # a run must not hold it up; runs end with this process


def _tell(descriptor: int, said: dict[str, Any]) -> None:
    os.write(descriptor, json.dumps(said).encode() + b"\n")


def _start(places: int, security: dict[str, str]) -> SpecCluster:
    dask.config.set(_QUIET)
    common = {
        "host": _HOST,
        "protocol": "tls://",
        "security": Security(require_encryption=True, **security),
        "dashboard": False,
        "dashboard_address": f"{_HOST}:0",  # its web server can't be left out; it has no pages
    }
    worker = {**common, "nthreads": places, "memory_limit": 0}
    return SpecCluster(
        scheduler={"cls": Scheduler, "options": common},
        workers={0: {"cls": Worker, "options": worker}},
        security=common["security"],
        silence_logs=logging.ERROR,
    )
