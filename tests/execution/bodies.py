"""What tasks do in these tests; imported by worker processes too, so it needs nothing of pytest."""

# ruff: noqa: D103  the names say what the bodies do
from __future__ import annotations

import asyncio
import ctypes
import os
import subprocess
import sys
import threading
from typing import Any

from rocket_magic.args import current_run
from rocket_magic.clock import SystemClock
from rocket_magic.exc import (
    SchedulerExit,
    SchedulerRestart,
    TaskInactionException,
    TaskTerminationException,
)

sleep = SystemClock().sleep


def give_five() -> int:
    return 5


async def give_five_later() -> int:
    await asyncio.sleep(0)
    return 5


def fail() -> None:
    msg = "broken"
    raise ValueError(msg)


async def fail_later() -> None:
    await asyncio.sleep(0)
    fail()


def be_idle() -> None:
    msg = "nothing new"
    raise TaskInactionException(msg)


def give_up() -> None:
    msg = "was told to"
    raise TaskTerminationException(msg)


def shut_down() -> None:
    raise SchedulerExit


def restart() -> None:
    raise SchedulerRestart


def exit_three() -> None:
    sys.exit(3)


def exit_zero() -> None:
    sys.exit(0)


def exit_plain() -> None:
    sys.exit()


def exit_text() -> None:
    sys.exit("done for")


async def exit_later() -> None:
    await asyncio.sleep(0)
    sys.exit(3)


def interrupt() -> None:
    raise KeyboardInterrupt


async def interrupt_later() -> None:
    await asyncio.sleep(0)
    raise KeyboardInterrupt


def generator_exit() -> None:
    raise GeneratorExit


def cancel_unasked() -> None:
    raise asyncio.CancelledError


class OwnBaseError(BaseException):
    pass


def own_base() -> None:
    msg = "odd"
    raise OwnBaseError(msg)


def long_message() -> None:
    raise ValueError("x" * 50_000_000)


class MuteError(Exception):
    def __str__(self) -> str:
        msg = "no text"
        raise RuntimeError(msg)


def mute() -> None:
    raise MuteError


def recurse() -> Any:
    return recurse()


def surrogate() -> None:
    raise ValueError("a\ud800b")


class StuckError(Exception):
    def __init__(self) -> None:
        super().__init__("stuck here")
        self.lock = threading.Lock()


def unpicklable_error() -> None:
    raise StuckError


class FussyError(Exception):
    """Can be pickled, but not opened again."""

    def __init__(self, one: int, two: int) -> None:
        super().__init__(f"{one} and {two}")


def fussy_error() -> None:
    raise FussyError(1, 2)


def group() -> None:
    msg = "several"
    raise ExceptionGroup(msg, [ValueError("first"), KeyError("second")])


def out_of_memory() -> None:
    bytearray(10**15)


def chained() -> None:
    try:
        fail()
    except ValueError as error:
        msg = "while handling"
        raise RuntimeError(msg) from error


def sleep_so_long(seconds: float) -> None:
    sleep(seconds)


# Processes only


def die() -> None:
    os._exit(5)


def die_quietly() -> None:
    os._exit(0)


def segfault() -> None:
    ctypes.string_at(0)


def kill_self() -> None:
    os.kill(os.getpid(), 9)


def give_pid() -> int:
    return os.getpid()


def say_pid_and_wait(seconds: float = 60) -> None:
    print(os.getpid(), flush=True)
    sleep(seconds)


def wait_in_c() -> None:
    """Holds the interpreter lock, so that no signal handler written in Python runs."""
    print(os.getpid(), flush=True)
    ctypes.PyDLL(None).sleep(60)


def leave_grandchildren() -> None:
    child = subprocess.Popen(["sh", "-c", "sleep 1000 & echo $!; wait"], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    print(os.getpid(), child.pid, child.stdout.readline().strip(), flush=True)
    sleep(60)


def look_at_flag() -> str:
    flag = current_run.get().flag
    print(os.getpid(), flush=True)
    if flag.wait(30):
        msg = "saw it"
        raise TaskTerminationException(msg)
    return "never asked"


def ignore_end() -> None:
    while True:
        try:
            print(os.getpid(), flush=True)
            sleep(60)
        except BaseException:
            continue


def clean_up_when_ended() -> None:
    try:
        print(os.getpid(), flush=True)
        sleep(60)
    finally:
        print("cleaned up", flush=True)


def flood(size: int = 100_000_000) -> str:
    chunk = b"x" * 1_000_000
    for _ in range(size // len(chunk)):
        os.write(1, chunk)
    return "done"


def flood_for_ever() -> None:
    print(os.getpid(), flush=True)
    while True:
        os.write(1, b"y" * 65_536)


def ended_in_a_destructor() -> None:
    class Slow:
        def __del__(self) -> None:
            print(os.getpid(), flush=True)
            sleep(0.3)  # the signal comes here, and Python drops what is raised

    Slow()
    sleep(60)


async def ended_in_a_background_task() -> None:
    async def compute() -> None:
        print(os.getpid(), flush=True)
        sleep(0.3)  # no await: the signal comes in this task, not in the run's own

    background = asyncio.create_task(compute())
    await asyncio.sleep(60)
    await background
