"""Thread runs and the pool below them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from rocket_magic._protocols import Action
from rocket_magic.execution._pool import Pool
from rocket_magic.execution._thread import ThreadExecutor
from tests.execution import bodies
from tests.execution.rig import PATIENCE, Rig, eventually

Make = Callable[..., Rig]


@pytest.fixture
def pool() -> Iterator[Pool]:
    """A pool whose threads end soon."""
    made = Pool("test-pool", idle=0.2)
    yield made
    made.close()
    assert eventually(
        lambda: not [one for one in threading.enumerate() if one.name.startswith("test-pool")], 5
    )


class TestPool:
    """Threads follow progress, not the length of the queue."""

    def test_a_burst_of_short_orders_needs_few_threads(self, pool: Pool) -> None:
        """A thousand no-ops are served by a handful of threads."""
        done = threading.Semaphore(0)
        for _ in range(1000):
            pool.submit(done.release)
        for _ in range(1000):
            assert done.acquire(timeout=PATIENCE)
        assert pool.size <= 32

    def test_long_orders_get_a_thread_each(self, pool: Pool) -> None:
        """A hundred orders that wait for each other all begin."""
        barrier = threading.Barrier(101)
        for _ in range(100):
            pool.submit(barrier.wait, PATIENCE)
        barrier.wait(PATIENCE)
        assert pool.size >= 100

    def test_one_more_while_all_are_busy(self, pool: Pool) -> None:
        """A new order never waits for a long one to end."""
        end, begun = threading.Event(), threading.Semaphore(0)

        def wait() -> None:
            begun.release()
            end.wait(PATIENCE)

        for _ in range(5):
            pool.submit(wait)
            assert begun.acquire(timeout=2)
        end.set()

    def test_idle_threads_end(self, pool: Pool) -> None:
        """A pool without work has no threads, and serves again when work comes."""
        done = threading.Event()
        pool.submit(done.set)
        assert done.wait(PATIENCE)
        assert eventually(lambda: pool.size == 0, 5)
        done.clear()
        pool.submit(done.set)
        assert done.wait(PATIENCE)

    def test_limit(self) -> None:
        """Never more threads than allowed; what waits is served later."""
        pool = Pool("test-limited", lambda: 2, idle=0.2)
        end, done = threading.Event(), threading.Semaphore(0)

        def wait() -> None:
            end.wait(PATIENCE)
            done.release()

        for _ in range(10):
            pool.submit(wait)
        threading.Event().wait(0.02)
        assert pool.size <= 2
        end.set()
        for _ in range(10):
            assert done.acquire(timeout=PATIENCE)
        pool.close()

    def test_nothing_starts_after_close(self, pool: Pool) -> None:
        """What is submitted to a closed pool isn't called."""
        pool.close()
        pool.submit(pytest.fail)
        assert pool.size == 0


class TestThreadRuns:
    """Flags, abandonment, contexts."""

    def test_daemon_threads_only(self, make_rig: Make) -> None:
        """Threads never keep the interpreter from ending."""
        rig = make_rig("thread")
        assert rig.run(lambda: threading.current_thread().daemon).value is True

    def test_terminate_sets_the_flag(self, make_rig: Make) -> None:
        """S65: a task that looks at its flag and raises ends as terminated, with the reason."""
        rig = make_rig("thread")
        order = rig.start(bodies.look_at_flag)
        assert rig.executor.terminate(order.run_id, "timeout") is False
        outcome = rig.outcome()
        assert (outcome.action, outcome.reason) == (Action.TERMINATE, "timeout")

    def test_a_deaf_one_goes_on_and_reports_once(self, make_rig: Make) -> None:
        """D5: it can't be ended; its late outcome is still delivered, once, even after close."""
        rig = make_rig("thread")
        end, begun = threading.Event(), threading.Event()

        def deaf() -> int:
            begun.set()
            end.wait(PATIENCE)
            return 7

        order = rig.start(deaf)
        assert begun.wait(PATIENCE)
        assert rig.executor.kill(order.run_id, "please") is False
        rig.executor.close()
        assert rig.outcomes.empty()
        end.set()
        assert rig.outcome().value == 7
        assert rig.outcomes.empty()

    def test_termination_reaches_the_flag_soon(self, make_rig: Make) -> None:
        """W6: the flag is seen within milliseconds."""
        rig = make_rig("thread")
        order = rig.start(bodies.look_at_flag)
        threading.Event().wait(0.02)
        since = time.perf_counter()
        rig.executor.terminate(order.run_id, "now")
        rig.outcome()
        assert time.perf_counter() - since < 0.5

    def test_contexts_are_apart(self, make_rig: Make) -> None:
        """What one run leaves in its context, the next doesn't see, though the thread is the same."""
        rig = make_rig("thread", max_thread_count=1)

        def leave() -> object:
            before = bodies.current_run.get()
            bodies.current_run.set(None)
            return before

        assert rig.run(leave).value is not None
        assert rig.run(leave).value is not None

    def test_a_burst_of_runs(self, make_rig: Make) -> None:
        """A thousand no-op runs need no thousand threads."""
        rig = make_rig("thread")
        for _ in range(1000):
            rig.start(int)
        for _ in range(1000):
            rig.outcome()
        assert isinstance(rig.executor, ThreadExecutor)
        assert rig.executor.size <= 32
