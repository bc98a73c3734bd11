"""Floor 4: a worker's process group: what the worker started is in it, unless it took pains to leave.

The group is counted and ended before the worker is collected: until then its number can't be anybody
else's.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Collection, Iterator

__all__ = ["collect", "dead_among", "end_group", "end_rest", "has_children"]


def end_group(pid: int) -> None:
    """Kill a worker and everything in its process group."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        # In its very first instant it has no group of its own yet.
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    except PermissionError:  # what is left of the group is not ours any more
        return


def end_rest(leader: int) -> int:
    """Kill what a dead worker has left behind in its group; how many processes that were."""
    left = _count_others(leader)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)
    return left


def collect(pid: int) -> tuple[int, int] | None:
    """Collect a child if it is dead: exit code (negative: signal) and how many processes it left behind.

    What it left is ended unless it ended well. `pid` is a child of ours; None: it lives.

    Raises:
        ChildProcessError: It is no child of ours, or has been collected.
    """
    if not hasattr(os, "waitid"):  # macOS: it can only be looked at by collecting it
        dead, status = os.waitpid(pid, os.WNOHANG)
        return (os.waitstatus_to_exitcode(status), end_rest(pid) if status else 0) if dead else None
    found = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    if found is None:
        return None
    well = found.si_code == os.CLD_EXITED and not found.si_status
    left = 0 if well else end_rest(pid)
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status), left


def has_children() -> bool:
    """Whether the calling process has children, as far as the system tells."""
    try:
        for task in os.listdir("/proc/self/task"):  # noqa: PTH208  on the way out, as quick as can be
            with open(f"/proc/self/task/{task}/children", "rb") as file:  # noqa: PTH123  pathlib is not loaded in workers
                if file.read(1):
                    return True
    except OSError:
        return False
    return False


def dead_among(pids: Collection[int]) -> Iterator[tuple[int, int, int]]:
    """Collect the children that are dead: pid, exit code and what was left behind of those in `pids`."""
    if not hasattr(os, "waitid"):
        for pid in list(pids):
            ended = collect(pid)
            if ended is not None:
                yield pid, *ended
        return
    while True:
        try:
            found = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return
        if found is None:
            return
        if found.si_pid not in pids:  # an imported module's own
            os.waitpid(found.si_pid, 0)
        elif (ended := collect(found.si_pid)) is not None:
            yield found.si_pid, *ended


def _count_others(leader: int) -> int:
    """How many living processes are in a group beside its leader; 0 where that can't be known."""
    try:
        pids = [int(name) for name in os.listdir("/proc") if name.isdigit()]  # noqa: PTH208  many, and plain names
    except OSError:
        return 0
    return sum(pid != leader and _group_of(pid) == leader and _lives(pid) for pid in pids)


def _group_of(pid: int) -> int | None:
    try:
        return os.getpgid(pid)
    except OSError:
        return None


def _lives(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123  as above
            return file.read().rpartition(b")")[2].split()[0] not in b"ZX"
    except OSError:
        return False
