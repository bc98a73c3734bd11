"""Floor 4: the executors of one session by name, each made when it is first asked for."""

from __future__ import annotations

import contextlib
import difflib
import threading
from collections.abc import Callable, Iterator, Mapping

from rocket_magic._extras import dask_problem
from rocket_magic.exc import ConfigError, MissingExtraError, TaskSetupError
from rocket_magic.execution._base import ExecutionSettings, Executor
from rocket_magic.execution._main import MainExecutor
from rocket_magic.execution._thread import ThreadExecutor

__all__ = ["Executors", "make_executors"]


def _async(settings: ExecutionSettings) -> Executor:
    from rocket_magic.execution._async import AsyncExecutor  # noqa: PLC0415  loads asyncio

    return AsyncExecutor(settings)


def _process(settings: ExecutionSettings) -> Executor:
    from rocket_magic.execution.process._executor import ProcessExecutor  # noqa: PLC0415  ten modules of its own

    return ProcessExecutor(settings)


def _dask(settings: ExecutionSettings) -> Executor:
    problem = dask_problem()
    if problem is not None:
        msg = f"execution='dask' can't be used: {problem}"
        raise MissingExtraError(msg)
    from rocket_magic.execution.dask._executor import DaskExecutor  # noqa: PLC0415  loads dask.distributed

    return DaskExecutor(settings)


_MAKERS: Mapping[str, Callable[[ExecutionSettings], Executor]] = {
    "main": MainExecutor,
    "async": _async,
    "thread": ThreadExecutor,
    "process": _process,
    "dask": _dask,
}


class Executors(Mapping[str, Executor]):
    """Executors by name; a way of execution that nobody uses costs nothing.

    Args:
        settings: Read by the executors at each run.
    """

    def __init__(self, settings: ExecutionSettings) -> None:
        self.settings = settings
        self._makers = dict(_MAKERS)
        self._made: dict[str, Executor] = {}
        self._lock = threading.Lock()

    def __getitem__(self, name: str) -> Executor:
        executor = self._made.get(name)
        if executor is not None:
            return executor
        maker = self._makers.get(name)
        if maker is None:
            close = difflib.get_close_matches(str(name), self._makers, n=1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            msg = f"execution must be one of {', '.join(self._makers)}, got {name!r}{hint}"
            raise ConfigError(msg)
        with self._lock:
            executor = self._made.get(name)
            if executor is None:
                executor = self._made[name] = maker(self.settings)
            return executor

    def prepare(self, name: str) -> None:
        """Let a way of execution get ready in the background, where it can: processes take time to make.

        Costs next to nothing, and may be called again and again, from any thread. What keeps it from
        being made is told when a run is to begin.
        """
        with contextlib.suppress(ConfigError, MissingExtraError, TaskSetupError):
            prepare = getattr(self[name], "prepare", None)
            if prepare is not None:
                prepare()

    def __iter__(self) -> Iterator[str]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)

    def register(self, name: str, maker: Callable[[ExecutionSettings], Executor]) -> None:
        """Add another way of execution (a cluster), or replace one that was not used yet."""
        with self._lock:
            self._makers[name] = maker

    def close(self) -> None:
        """Close those that were made; one that is asked for later is made anew."""
        with self._lock:
            made, self._made = self._made, {}
        for executor in made.values():
            executor.close()


def make_executors(settings: ExecutionSettings | None = None) -> Executors:
    """The executors of one session."""
    return Executors(settings or ExecutionSettings())
