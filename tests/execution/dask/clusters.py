"""Dask clusters for tests, in processes of their own, on 127.0.0.1."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator

from tests.execution.rig import STANDING

_WHOLE = """
import sys
from distributed import LocalCluster

cluster = LocalCluster(
    n_workers=1, threads_per_worker={threads}, processes=False, host="127.0.0.1", protocol="tcp://",
    dashboard_address="127.0.0.1:0", memory_limit=0,
)
print(cluster.scheduler_address, flush=True)
sys.stdin.read()
"""
_SCHEDULER = """
import asyncio, sys
from distributed import Scheduler

async def serve():
    options = {{"host": "127.0.0.1", "port": {port}, "dashboard": False, "dashboard_address": "127.0.0.1:0"}}
    async with Scheduler(**options) as scheduler:
        print(scheduler.address, flush=True)
        await scheduler.finished()

{before}
asyncio.run(serve())
"""
_WORKER = """
import asyncio, sys
from distributed import Worker

async def serve():
    async with Worker({scheduler!r}, host="127.0.0.1", nthreads=2, dashboard=False, memory_limit=0) as worker:
        print(worker.address, flush=True)
        await worker.finished()

{before}
asyncio.run(serve())
"""


@contextlib.contextmanager
def _program(text: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A process, and the first line that it says."""
    process = subprocess.Popen(
        [sys.executable, "-c", text],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    STANDING.add(process.pid)
    try:
        yield process, process.stdout.readline().strip()
    finally:
        process.kill()
        process.communicate()
        STANDING.discard(process.pid)


@contextlib.contextmanager
def cluster(threads: int) -> Iterator[str]:
    """A scheduler and a worker in one process: the address."""
    with _program(_WHOLE.format(threads=threads)) as (_, address):
        yield address


@contextlib.contextmanager
def scheduler(before: str = "", port: int = 0) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A scheduler without workers, whose process does something before it begins."""
    with _program(_SCHEDULER.format(before=before, port=port)) as told:
        yield told


@contextlib.contextmanager
def worker(scheduler: str, before: str = "") -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A worker of a scheduler, whose process does something before it begins."""
    with _program(_WORKER.format(scheduler=scheduler, before=before)) as told:
        yield told
