"""Floor 4: the connection to one cluster, and what happens to the runs that are sent there.

It is made on a thread of its own, since that takes seconds; runs that come meanwhile wait. All else happens
on the loop of dask's client: public methods only post to it. Outcomes are told there, once per run.
"""

from __future__ import annotations

import asyncio
import contextvars
import pickle
import threading
import uuid
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from rocket_magic.exc import TaskSetupError
from rocket_magic.execution._base import ExecutionSettings, Outcome
from rocket_magic.execution._failure import exception_message
from rocket_magic.execution._outcome import terminated
from rocket_magic.execution._pool import start_thread
from rocket_magic.execution.dask._ears import Ears
from rocket_magic.execution.dask._hearing import Hearing
from rocket_magic.execution.dask._letters import Grant, Letter, Ticket, versions
from rocket_magic.execution.dask._results import lost, refusal
from rocket_magic.execution.dask._voyage import Voyage
from rocket_magic.execution.process._pack import Home

if TYPE_CHECKING:
    from rocket_magic.execution.dask._clusters import Reached

__all__ = ["Line"]

_ANNOUNCED: Final = 10.0
"""Seconds without a dask worker after which the person is told that a run waits."""
_SLACK: Final = 10.0
"""Seconds after the grace period in which the cluster must say that a run has ended."""
_ASKING: Final = 5.0
_CLOSING: Final = 12.0

_ALIVE: Final = frozenset({"running", "connecting"})

Said = Outcome | tuple[str, Any]


class Line:
    """A connection to the cluster that `settings` names now.

    Args:
        settings: Read at each run, its cluster once.
        home: Where the scheduler's process stands.
        tell: Told what became of each run: its outcome, or what its dask task gave.

    Attributes:
        source: Which cluster.
    """

    def __init__(self, settings: ExecutionSettings, home: Home, tell: Callable[[Voyage, Said], None]) -> None:
        self.source = settings.dask_cluster
        self._lost = False
        self._settings = settings
        self._home = home
        self._tell = tell
        self._guest = f"rocket_magic-{uuid.uuid4().hex}"
        self._lock = threading.Lock()
        self._waiting: list[Voyage] = []
        self._voyages: dict[str, Voyage] = {}
        self._reached: Reached | None = None
        self._closed = False
        self._tasks: set[asyncio.Task[Any]] = set()
        self._visited: set[str] = set()
        self._looked = False
        self._stream: Any = None
        self._hearing = Hearing()
        self._problem = "the connection to the dask cluster was lost"
        start_thread(self._open, "rocket-magic-dask")

    # From any thread

    @property
    def is_lost(self) -> bool:
        """Whether it can't be used any more."""
        reached = self._reached
        return self._lost or (reached is not None and reached.client.status not in _ALIVE)

    @property
    def is_idle(self) -> bool:
        """Whether no run is under way."""
        return not self._voyages and not self._waiting

    def begin(self, voyage: Voyage) -> None:
        """Send a run on its way, as soon as there is a connection."""
        with self._lock:
            if self._reached is None and not self._lost:
                self._waiting.append(voyage)
                return
        self._set_out(voyage)

    def end(self, voyage: Voyage, grace: float) -> None:
        """Ask a run to end, by force after so many seconds. Its flag says why."""
        voyage.call_off_naps()  # now, so that no clock moves on as if it slept
        with self._lock:
            waits = voyage in self._waiting
            if waits:
                self._waiting.remove(voyage)
        if waits:
            self._tell(voyage, terminated(voyage.order.run_id, voyage.order.flag))
        else:
            self._post(lambda: self._end(voyage, grace))

    def close(self) -> None:
        """End all runs, and give back what was made for the connection."""
        with self._lock:
            if self._closed:
                return
            self._closed = self._lost = True
            reached = self._reached
        self._hearing.close()
        if reached is None:  # who is still connecting gives it back
            return
        loop = reached.client.loop.asyncio_loop
        try:
            if _is_here(loop):  # a client on the caller's own loop: nobody can wait for it
                loop.create_task(self._close())
            else:
                asyncio.run_coroutine_threadsafe(self._close(), loop).result(_CLOSING)
        except Exception:  # noqa: S110  the loop is closed, or the cluster answers no more: its part ends by itself
            pass
        reached.close()

    # On the thread that connects

    def _open(self) -> None:
        try:
            # Takes most of a second, which is not to be the scheduler's.
            from rocket_magic.execution.dask import _on_worker  # noqa: PLC0415  loads dask.distributed
            from rocket_magic.execution.dask._clusters import reach  # noqa: PLC0415  the same

            self._there = _on_worker
            reached = reach(self.source, self._settings, self._home)
        except BaseException as error:
            text = str(error) if isinstance(error, TaskSetupError) else exception_message(error)
            with self._lock:
                self._problem, self._lost = text, True
                waiting, self._waiting = self._waiting, []
            for voyage in waiting:
                self._tell(voyage, lost(voyage.order, text))
            return
        self._ears = Ears(self._ask, self._workers, self._has_runs_at, self._hear, self._lose)
        with self._lock:
            self._reached = reached
            waiting, self._waiting = self._waiting, []
            closed = self._closed
        if closed:
            reached.close()
            return
        for voyage in waiting:
            self._set_out(voyage)

    def _set_out(self, voyage: Voyage) -> None:
        if not self._post(lambda: self._carry(voyage)):
            self._tell(voyage, lost(voyage.order, self._problem))

    def _post(self, work: Callable[[], Coroutine[Any, Any, None]]) -> bool:
        """Have a coroutine run on the client's loop; whether there is one."""
        reached = self._reached
        if reached is None or self._closed:
            return False
        try:
            reached.client.loop.asyncio_loop.call_soon_threadsafe(
                self._spawn, work, context=contextvars.Context()
            )
        except RuntimeError:
            return False
        return True

    # On the client's loop

    def _spawn(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        task = asyncio.get_running_loop().create_task(work())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    @property
    def _client(self) -> Any:
        assert self._reached is not None
        return self._reached.client

    def _subscribe(self) -> None:
        """Hear of dask tasks; again where dask has connected anew, maybe to another scheduler."""
        stream = self._client.scheduler_comm
        if stream is not self._stream:
            self._stream = stream
            self._client.subscribe_topic(self._guest, self._announced)

    async def _carry(self, voyage: Voyage) -> None:
        """Send a run's dask task, and wait for what it gives."""
        order = voyage.order
        if order.flag.is_set():
            self._finish(voyage, terminated(order.run_id, order.flag))
            return
        self._voyages[voyage.key] = voyage
        said: Said
        try:
            self._subscribe()
            ticket = Ticket(voyage.key, self._guest, self._guest, versions())
            task = pickle.dumps(_Task(self._there.carry_out, ticket))
            voyage.future = self._client.submit(pickle.loads, task, key=voyage.key, pure=False, retries=0)
            asyncio.get_running_loop().call_later(_ANNOUNCED, self._look_for_workers, voyage)
            said = await voyage.future
        except asyncio.CancelledError:
            raise
        except BaseException as error:
            self._note_loss()
            said = lost(order, refusal(error))
        self._finish(voyage, said)

    def _finish(self, voyage: Voyage, said: Said) -> None:
        """A run is over; only the first word of it counts."""
        self._voyages.pop(voyage.key, None)
        if voyage.over:
            return
        voyage.over = True
        future, voyage.future = voyage.future, None
        voyage.call_off_naps()
        if future is not None and not future.done():
            self._spawn(partial(self._cancel, future))
        self._hearing.when_heard(voyage, lambda: self._tell(voyage, said))

    async def _cancel(self, future: Any) -> None:
        await self._client.cancel([future], force=True)

    def _note_loss(self) -> None:
        if self._client.status != "running":
            self._lost = True

    # Dask workers

    async def _call(self, worker: str, function: Callable[..., Any], *given: Any) -> Any:
        return (await self._client.run(function, self._guest, *given, workers=[worker]))[worker]

    async def _ask(self, worker: str, heard: int) -> tuple[int, Sequence[Letter]] | None:
        said: tuple[int, Sequence[Letter]] | None = await self._call(worker, self._there.listen, heard)
        return said

    async def _workers(self) -> Sequence[str]:
        return list(await self._client.nthreads())

    def _has_runs_at(self, worker: str) -> bool:
        return any(voyage.worker == worker for voyage in self._voyages.values())

    def _announced(self, event: tuple[float, dict[str, str]]) -> None:
        """A dask task waits for its run: the first one of a run gets it."""
        said = event[1]
        key, worker = said["key"], said["worker"]
        voyage = self._voyages.get(key)
        if voyage is None or voyage.over:
            self._spawn(lambda: self._give(worker, key, "its session waits for it no more"))
        elif voyage.worker is not None:
            # Dask makes lost tasks again. The run has begun on the worker that is lost now: no second time.
            self._spawn(lambda: self._give(worker, key, "it was begun on a dask worker that was lost"))
            self._finish(voyage, lost(voyage.order, _worker_lost(voyage.worker)))
        else:
            voyage.worker, voyage.stay = worker, said["stay"]
            self._visited.add(worker)
            grant = self._grant(voyage)
            self._spawn(lambda: self._give(worker, key, tuple(grant)))
            self._ears.listen(worker)

    def _grant(self, voyage: Voyage) -> Grant:
        order, settings = voyage.order, self._settings
        assert self._reached is not None
        place = self._home.place() if self._reached.own else (None, None, {}, [])
        options = {
            name: getattr(settings, name)
            for name in ("grace", "process_reuse", "process_start_method", "max_return_size")
        }
        now = order.clock.now() if hasattr(order.clock, "call_at") else None
        body, voyage.body = voyage.body, b""
        return Grant(order.run_id, order.task_name, body, place, self._home.log_layout(), options, now)

    async def _give(self, worker: str, key: str, grant: Any) -> None:
        # What can't be given is not taken: then the dask task ends, or its worker is found to be lost.
        await _quietly(self._call(worker, self._there.give, key, grant))

    def _hear(self, letter: Letter) -> None:
        key, kind, said = letter
        voyage = self._voyages.get(key)
        if voyage is not None and not voyage.over:
            self._hearing.take(voyage, kind, said, partial(self._wake, voyage))

    def _wake(self, voyage: Voyage, number: int) -> None:
        """A run's sleep is over; called by whoever moves the clock."""
        worker, now = voyage.worker, voyage.order.clock.now()
        if worker is not None:
            self._post(lambda: _quietly(self._call(worker, self._there.wake, voyage.key, number, now)))

    def _lose(self, worker: str) -> None:
        for voyage in list(self._voyages.values()):
            if voyage.worker == worker:
                self._finish(voyage, lost(voyage.order, _worker_lost(worker)))

    def _look_for_workers(self, voyage: Voyage) -> None:
        """One look serves all that wait; the person is told once."""
        if voyage.worker is None and not voyage.over and not self._looked:
            self._looked = True
            self._spawn(lambda: self._tell_if_none(voyage))

    async def _tell_if_none(self, voyage: Voyage) -> None:
        self._looked = not await self._workers()
        if self._looked:
            self._settings.warn(
                f"run {voyage.order.run_id} of task {voyage.order.task_name!r} waits: the dask cluster has "
                "no workers; it begins when one joins, and its timeout or terminating it ends it (said once)"
            )

    # Endings

    async def _end(self, voyage: Voyage, grace: float) -> None:
        if voyage.over:
            return
        order = voyage.order
        reason = order.flag.reason or "terminated"
        if voyage.worker is None:
            self._finish(voyage, terminated(order.run_id, order.flag))
            return
        asyncio.get_running_loop().call_later(grace + _SLACK, self._give_up, voyage)
        await _quietly(self._call(voyage.worker, self._there.end, voyage.key, reason, grace))

    def _give_up(self, voyage: Voyage) -> None:
        if not voyage.over:
            outcome = terminated(voyage.order.run_id, voyage.order.flag)
            outcome.reason = f"{outcome.reason}; its dask worker did not answer, and may still be at it"
            self._finish(voyage, outcome)

    async def _close(self) -> None:
        self._ears.close()
        for voyage in list(self._voyages.values()):
            self._finish(voyage, terminated(voyage.order.run_id, voyage.order.flag))
        if self._client.status == "running":
            if self._stream is not None:
                self._client.unsubscribe_topic(self._guest)
            await _quietly(asyncio.wait_for(self._leave(), _ASKING))
        for task in self._tasks - {asyncio.current_task()}:
            task.cancel()

    async def _leave(self) -> None:
        workers = [worker for worker in await self._workers() if worker in self._visited]
        if workers:
            await self._client.run(self._there.leave, self._guest, workers=workers, on_error="ignore")


class _Task:
    """A dask task. To open its pickle is to carry it out.

    Dask opens what is to be called on its way to the task: a dask worker that can't import it would go down.
    """

    def __init__(self, carry_out: Callable[..., Any], ticket: Ticket) -> None:
        self._carry_out = carry_out
        self._ticket = ticket

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return self._carry_out, (tuple(self._ticket),)


async def _quietly(work: Any) -> None:
    """Await what may fail because the other side is gone, which is found out elsewhere."""
    try:
        await work
    except Exception:
        return


def _worker_lost(worker: str) -> str:
    return f"the dask worker {worker} that carried it out was lost"


def _is_here(loop: asyncio.AbstractEventLoop) -> bool:
    try:
        return asyncio.get_running_loop() is loop
    except RuntimeError:
        return False
