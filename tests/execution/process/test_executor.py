"""Process runs: faults injected for real, output, packing, reuse, and nothing left behind."""

from __future__ import annotations

import errno
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from rocket_magic._protocols import Action
from rocket_magic.clock import FunctionClock, SystemClock, VirtualClock
from rocket_magic.exc import TaskSetupError
from rocket_magic.execution import Flag, Outcome
from rocket_magic.execution.process._launch import Spawner
from tests.execution import bodies
from tests.execution.rig import Output, Rig, children, eventually, is_alive
from tests.waiting import wait_for

Make = Callable[..., Rig]


def begun(rig: Rig, body: Callable[[], Any], **fields: Any) -> tuple[str, int, Output]:
    """Start a run that prints its pid; its id, the pid and its output."""
    output = Output()
    order = rig.start(body, sink=output, **fields)
    assert output.arrived.wait(20)
    return order.run_id, int(output.text().split()[0]), output


def milliseconds(since: float) -> float:
    """How long ago that was."""
    return (time.perf_counter() - since) * 1000


class TestPreparing:
    """Workers are made before they are needed."""

    @pytest.mark.parametrize("reuse", [False, True])
    def test_one_worker_however_often_it_is_asked(self, make_rig: Make, *, reuse: bool) -> None:
        """Any thread may ask at any time; one worker is made, and the first run takes it."""
        rig = make_rig("process", process_reuse=reuse)
        executor: Any = rig.executor
        threads = [threading.Thread(target=executor.prepare) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert eventually(lambda: executor._crew._roster.n_ready == 1)
        executor.prepare()
        (server,) = children()
        assert eventually(lambda: bool(children(server)))
        (worker,) = children(server)
        assert rig.run(os.getpid).value == worker

    def test_the_end_while_the_fork_server_starts(self, make_rig: Make) -> None:
        """It is not waited for: nobody has needed it."""
        rig = make_rig("process")
        rig.executor.prepare()
        rig.executor.close()
        assert not children()

    def test_after_the_end(self, make_rig: Make) -> None:
        """A closed executor makes nothing."""
        rig = make_rig("process")
        rig.executor.close()
        rig.executor.prepare()
        assert not children()


class TestForksOfTheTask:
    """What the fork server spares its workers, their own forks get."""

    def test_locks_and_threads(self, process_rig: Rig) -> None:
        """A child forked beside threads and a held log lock can log, and has one thread."""

        def fork_beside_a_thread() -> int:
            import logging

            held, seen = threading.Event(), threading.Event()
            handler = logging.StreamHandler()
            logging.getLogger("forked").addHandler(handler)

            def hold() -> None:
                with handler.lock:
                    held.set()
                    seen.wait(20)

            thread = threading.Thread(target=hold)
            thread.start()
            held.wait(20)
            pid = os.fork()
            if not pid:
                signal.alarm(10)
                logging.getLogger("forked").warning("it can log")
                os._exit(threading.active_count())
            seen.set()
            thread.join()
            return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

        assert process_rig.run(fork_beside_a_thread, sink=Output()).value == 1

    @pytest.mark.parametrize("daemon", [False, True])
    def test_a_pool_in_a_run(self, process_rig: Rig, *, daemon: bool) -> None:
        """A run may use processes of its own, whatever `daemon` says."""

        def pool() -> list[int]:
            import multiprocessing

            with multiprocessing.get_context("fork").Pool(1) as workers:
                return workers.map(abs, [-1, 2])

        assert process_rig.run(pool, daemon=daemon).value == [1, 2]


class TestDeath:
    """A worker that dies gives a truthful crash at once."""

    @pytest.mark.parametrize(
        ("body", "how"),
        [
            (bodies.die, "exit code 5"),
            (bodies.die_quietly, "exit code 0"),
            (bodies.segfault, "killed by SIGSEGV"),
            (bodies.kill_self, "killed by SIGKILL"),
        ],
    )
    def test_in_its_first_instant(self, process_rig: Rig, body: Callable[[], Any], how: str) -> None:
        """F4: exit code or signal are named within a second."""
        since = time.perf_counter()
        process_rig.run(bodies.give_five)
        outcome = process_rig.run(body)
        assert (outcome.action, outcome.reason) == (Action.CRASH, f"the process of the run died: {how}")
        assert milliseconds(since) < 5000
        assert process_rig.run(bodies.give_five).value == 5

    def test_killed_from_outside(self, process_rig: Rig) -> None:
        """F5: `kill -9` of the worker after it has run for a while; another run goes on."""
        _, pid, _ = begun(process_rig, bodies.say_pid_and_wait)
        other = process_rig.start(bodies.look_at_flag)
        os.kill(pid, signal.SIGKILL)
        outcome = process_rig.outcome()
        assert outcome.action is Action.CRASH
        assert outcome.reason == "the process of the run died: killed by SIGKILL"
        assert process_rig.outcomes.empty()
        process_rig.executor.terminate(other.run_id, "enough")
        assert process_rig.outcome().action is Action.TERMINATE

    def test_crash_ends_what_the_worker_had_started(self, process_rig: Rig) -> None:
        """F11: grandchildren in the worker's group die with it."""
        _, pid, output = begun(process_rig, bodies.leave_grandchildren)
        family = [int(text) for text in output.text().split()]
        assert len(family) == 3
        os.kill(pid, signal.SIGKILL)
        outcome = process_rig.outcome()
        assert outcome.action is Action.CRASH
        assert (outcome.reason or "").endswith("SIGKILL; 2 processes that it had left behind were ended")
        assert eventually(lambda: not any(map(is_alive, family)), 3)

    def test_the_fork_server_is_killed(self, process_rig: Rig) -> None:
        """Runs in flight go on and succeed; later runs get a new server."""

        def wait_a_little() -> str:
            print("here", flush=True)
            bodies.sleep(0.4)
            return "survived"

        output = Output()
        process_rig.start(wait_a_little, sink=output)
        assert output.arrived.wait(20)
        (server,) = children()
        os.kill(server, signal.SIGKILL)
        outcome = process_rig.outcome()
        assert (outcome.action, outcome.value) == (Action.SUCCESS, "survived")
        assert process_rig.run(bodies.give_five).value == 5

    def test_a_worker_dies_without_its_fork_server(self, process_rig: Rig) -> None:
        """Its end is noticed by its pipe, though nobody knows the exit code."""
        _, pid, _ = begun(process_rig, bodies.say_pid_and_wait)
        (server,) = children()
        os.kill(server, signal.SIGKILL)
        assert eventually(lambda: process_rig.executor._crew._supply.launcher is None)
        os.kill(pid, signal.SIGKILL)
        outcome = process_rig.outcome()
        assert outcome.action is Action.CRASH
        assert "its end is unknown" in (outcome.reason or "")

    @pytest.mark.slow
    @pytest.mark.parametrize(
        "body", ["say_pid_and_wait", "wait_in_c", "leave_grandchildren", "flood_for_ever"]
    )
    def test_the_parent_is_killed(self, tmp_path: Path, body: str) -> None:
        """F31: worker, its children and the fork server are gone within 2 s of `kill -9` of their parent."""
        code = f"""
            import sys
            from rocket_magic.execution import make_executors, RunOrder
            from tests.execution import bodies
            class Sink:
                def write(self, stream, text):
                    if text.strip()[:1].isdigit():
                        print(text, flush=True)
            order = RunOrder("r", "t", bodies.{body}, sink=Sink())
            make_executors()["process"].start(order, print)
            bodies.sleep(60)
        """
        parent = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, text=True, cwd=Path.cwd()
        )
        with parent:
            assert parent.stdout is not None
            pids = [int(text) for text in parent.stdout.readline().split()]
            pids += [
                int(pid) for pid in Path(f"/proc/{parent.pid}/task/{parent.pid}/children").read_text().split()
            ]
            server = children(parent.pid)
            assert len(server) == 1
            parent.kill()
        assert eventually(lambda: not any(map(is_alive, [*pids, *server])), 2)


class TestEnding:
    """SIGTERM, then SIGKILL after the grace period; the record says who wanted it."""

    def test_terminate(self, process_rig: Rig) -> None:
        """A sleeping run is gone at once; the reason is in the outcome."""
        run_id, pid, _ = begun(process_rig, bodies.say_pid_and_wait)
        assert process_rig.executor.terminate(run_id, "timeout") is True
        outcome = process_rig.outcome()
        assert (outcome.action, outcome.reason) == (Action.TERMINATE, "timeout")
        assert eventually(lambda: not is_alive(pid), 2)

    def test_finally_is_executed(self, process_rig: Rig) -> None:
        """SIGTERM raises in the task's code, so that it can clean up."""
        run_id, _, output = begun(process_rig, bodies.clean_up_when_ended)
        process_rig.executor.terminate(run_id, "enough")
        assert process_rig.outcome().action is Action.TERMINATE
        assert "cleaned up" in output.text()

    def test_kill(self, process_rig: Rig) -> None:
        """No clean-up, no grace."""
        run_id, pid, output = begun(process_rig, bodies.clean_up_when_ended)
        assert process_rig.executor.kill(run_id, "now") is True
        outcome = process_rig.outcome()
        assert (outcome.action, outcome.reason) == (Action.TERMINATE, "now")
        assert "cleaned up" not in output.text()
        assert eventually(lambda: not is_alive(pid), 2)

    def test_no_grace_kills_at_once(self, make_rig: Make) -> None:
        """`grace=0` is SIGKILL."""
        rig = make_rig("process", grace=0)
        run_id, _, output = begun(rig, bodies.clean_up_when_ended)
        rig.executor.terminate(run_id, "now")
        assert rig.outcome().action is Action.TERMINATE
        assert "cleaned up" not in output.text()

    @pytest.mark.parametrize("body", [bodies.ignore_end, bodies.wait_in_c])
    def test_a_deaf_one_is_killed_after_grace(self, process_rig: Rig, body: Callable[[], Any]) -> None:
        """Code that swallows every exception, or never lets Python run, ends all the same."""
        run_id, pid, _ = begun(process_rig, body)
        process_rig.executor.terminate(run_id, "enough")
        outcome = process_rig.outcome()
        assert (outcome.action, outcome.reason) == (Action.TERMINATE, "enough")
        assert eventually(lambda: not is_alive(pid), 2)

    @pytest.mark.parametrize("body", [bodies.ended_in_a_destructor, bodies.ended_in_a_background_task])
    def test_an_end_is_not_lost(self, make_rig: Make, body: Callable[[], Any]) -> None:
        """Also where Python or asyncio would keep the exception to itself; grace is not waited for."""
        rig = make_rig("process", grace=15)
        run_id, pid, _ = begun(rig, body)
        rig.executor.terminate(run_id, "enough")
        outcome = rig.outcome(10)
        assert (outcome.action, outcome.reason) == (Action.TERMINATE, "enough")
        assert eventually(lambda: not is_alive(pid), 2)

    def test_grandchildren_end_too(self, process_rig: Rig) -> None:
        """F11: the whole group is ended on termination."""
        run_id, _, output = begun(process_rig, bodies.leave_grandchildren)
        family = [int(text) for text in output.text().split()]
        process_rig.executor.terminate(run_id, "enough")
        outcome = process_rig.outcome()
        assert outcome.action is Action.TERMINATE
        assert outcome.reason == "enough; 2 processes that it had left behind were ended"
        assert eventually(lambda: not any(map(is_alive, family)), 3)

    @pytest.mark.parametrize("method", ["forkserver", "spawn"])
    def test_what_a_killed_run_left_is_counted(self, make_rig: Make, method: str) -> None:
        """F11: no clean-up, but the worker's family is ended and counted all the same."""
        rig = make_rig("process", process_start_method=method)
        run_id, _, output = begun(rig, bodies.leave_grandchildren)
        family = [int(text) for text in output.text().split()]
        rig.executor.kill(run_id, "now")
        assert rig.outcome().reason == "now; 2 processes that it had left behind were ended"
        assert eventually(lambda: not any(map(is_alive, family)), 3)

    def test_a_run_that_ends_well_may_leave_a_process(self, process_rig: Rig) -> None:
        """Only what an ended or crashed run leaves is ended with it."""

        def leave() -> int:
            return subprocess.Popen(["sleep", "60"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).pid

        outcome = process_rig.run(leave)
        assert outcome.reason is None
        assert is_alive(outcome.value)
        os.kill(outcome.value, signal.SIGKILL)

    def test_the_flag_works(self, process_rig: Rig) -> None:
        """A task that has taken its flag is not interrupted: it looks and ends by itself."""
        run_id, _, _ = begun(process_rig, bodies.look_at_flag)
        process_rig.executor.terminate(run_id, "please")
        outcome = process_rig.outcome()
        assert (outcome.action, outcome.reason) == (Action.TERMINATE, "please")

    def test_a_coroutine_is_terminated(self, process_rig: Rig) -> None:
        """Its event loop waits in the system when SIGTERM comes."""

        async def wait() -> None:
            import asyncio

            print(os.getpid(), flush=True)
            await asyncio.sleep(60)

        run_id, _, _ = begun(process_rig, wait)
        process_rig.executor.terminate(run_id, "enough")
        assert process_rig.outcome().action is Action.TERMINATE

    def test_only_that_one(self, process_rig: Rig) -> None:
        """Killing one run leaves the others alone."""
        first, _, _ = begun(process_rig, bodies.say_pid_and_wait)
        second, pid, _ = begun(process_rig, bodies.say_pid_and_wait)
        process_rig.executor.kill(first, "one")
        assert process_rig.outcome().run_id == first
        assert is_alive(pid)
        process_rig.executor.kill(second, "two")
        assert process_rig.outcome().run_id == second

    def test_the_kernels_interrupt_does_not_reach_it(self, process_rig: Rig) -> None:
        """F34: worker and fork server are in sessions of their own."""
        _, pid, _ = begun(process_rig, bodies.say_pid_and_wait)
        (server,) = children()
        own = os.getsid(0)
        assert os.getsid(pid) != own
        assert os.getsid(server) != own
        assert os.getpgid(pid) == pid

    def test_close_ends_everything(self, make_rig: Make) -> None:
        """Runs in flight are reported as terminated; nothing is left."""
        rig = make_rig("process")
        _, pid, _ = begun(rig, bodies.ignore_end)
        rig.executor.close()
        assert rig.outcome().action is Action.TERMINATE
        assert eventually(lambda: not is_alive(pid), 2)
        assert not children()
        with pytest.raises(TaskSetupError, match="its executor is closed"):
            rig.start(bodies.give_five)


class TestValues:
    """What comes back."""

    def test_classes_of_the_parents_main_come_back_as_themselves(self, process_rig: Rig) -> None:
        """A class that only this process knows travels there and back."""

        class Local:
            def __init__(self, number: int) -> None:
                self.number = number

        value = process_rig.run(lambda: Local(3)).value
        assert type(value) is Local
        assert value.number == 3

    def test_a_function_comes_back(self, process_rig: Rig) -> None:
        """Cloudpickle takes what pickle does not."""
        assert process_rig.run(lambda: lambda: 7).value() == 7

    def test_an_unpicklable_value_fails_and_is_named(self, process_rig: Rig) -> None:
        """F7: the failure names the task and the type."""
        outcome = process_rig.run(threading.Lock, task_name="locker")
        assert outcome.action is Action.FAIL
        assert outcome.reason is not None
        assert outcome.reason.startswith(
            "task 'locker' returned _thread.lock, which can't travel from its process"
        )
        assert outcome.reason.endswith("return plain data or a file's path, or use execution='thread'")

    def test_a_value_that_cannot_be_opened_here(self, process_rig: Rig) -> None:
        """Code that runs when it is opened, and fails, fails the run and nothing else."""

        def treacherous() -> Any:
            class Trap:
                def __reduce__(self) -> Any:
                    return divmod, (1, 0)

            return Trap()

        outcome = process_rig.run(treacherous)
        assert outcome.action is Action.FAIL
        assert "can't be opened outside its process (ZeroDivisionError" in (outcome.reason or "")
        assert process_rig.run(bodies.give_five).value == 5

    @pytest.mark.slow
    def test_a_huge_value_arrives(self, process_rig: Rig) -> None:
        """F8: 300 MB come, and other runs come and go meanwhile."""
        process_rig.start(lambda: bytes(300_000_000), run_id="huge")
        process_rig.start(bodies.give_five, run_id="small")
        outcomes = {outcome.run_id: outcome for outcome in (process_rig.outcome(), process_rig.outcome())}
        assert outcomes["small"].value == 5
        assert len(outcomes["huge"].value) == 300_000_000

    @pytest.mark.parametrize("size", [10, 500_000])
    def test_arrays_arrive_and_can_be_written(self, process_rig: Rig, size: int) -> None:
        """Small ones in the pickle, large ones beside it; both are the caller's own."""
        pytest.importorskip("numpy")

        def make() -> Any:
            import numpy as np

            return {"one": np.arange(size), "two": [np.ones(size)], "text": "x"}

        value = process_rig.run(make).value
        value["one"][0] = 7
        assert value["one"].tolist()[:3] == [7, 1, 2]
        assert value["two"][0].sum() == size

    def test_over_the_limit_fails(self, make_rig: Make) -> None:
        """The limit, the size and the way out are named."""
        rig = make_rig("process", max_return_size=1000)
        outcome = rig.run(lambda: bytes(2000), task_name="big")
        assert outcome.action is Action.FAIL
        assert outcome.reason is not None
        assert "task 'big' returned 2,0" in outcome.reason
        assert "the limit max_return_size is 1,000: write the result to a file" in outcome.reason

    def test_the_exception_comes_where_it_can(self, process_rig: Rig) -> None:
        """The object comes back if it can travel; its text comes always."""
        assert isinstance(process_rig.run(bodies.fail).exc, ValueError)
        for body, text in ((bodies.unpicklable_error, "stuck here"), (bodies.fussy_error, "1 and 2")):
            outcome = process_rig.run(body)
            assert outcome.exc is None
            assert text in (outcome.exc_text or "")


class TestPacking:
    """What goes there."""

    def test_an_unpicklable_global_is_named(self, process_rig: Rig) -> None:
        """B12: the error says which variable, of which type, and what to do."""
        connection = sqlite3.connect(":memory:")
        with pytest.raises(TaskSetupError) as caught:
            process_rig.start(lambda: connection.execute("select 1"), task_name="query")
        connection.close()
        assert "task 'query' can't run in a process: " in str(caught.value)
        assert "'connection' (Connection)" in str(caught.value)
        assert "use execution='thread'" in str(caught.value)
        assert process_rig.outcomes.empty()

    def test_place_and_environment_follow_the_parent(
        self, process_rig: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Folder, search path and variables are those at the start of the run."""
        monkeypatch.setenv("RM_GONE", "1")
        process_rig.run(bodies.give_five)
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("RM_NEW", "yes")
        monkeypatch.delenv("RM_GONE")
        monkeypatch.syspath_prepend(str(tmp_path))
        (tmp_path / "rm_fresh_module.py").write_text("ANSWER = 42")

        def look() -> tuple[str, str | None, str | None, int]:
            import rm_fresh_module

            return (
                str(Path.cwd()),
                os.environ.get("RM_NEW"),
                os.environ.get("RM_GONE"),
                rm_fresh_module.ANSWER,
            )

        assert process_rig.run(look).value == (str(tmp_path), "yes", None, 42)

    def test_ones_own_modules_are_read_anew(
        self, process_rig: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The fork server never keeps a user's file that may be edited between two runs."""
        monkeypatch.syspath_prepend(str(tmp_path))
        file = tmp_path / "rm_edited_module.py"

        def look() -> int:
            import rm_edited_module

            value: int = rm_edited_module.ANSWER
            return value

        for answer in (1, 22, 333):
            file.write_text(f"ANSWER = {answer}")
            assert process_rig.run(look).value == answer

    def test_ones_own_modules_are_executed_anew(
        self, process_rig: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What a module does when it is imported happens in each fresh process, though its code is known."""
        monkeypatch.syspath_prepend(str(tmp_path))
        (tmp_path / "rm_own_module.py").write_text("import os\nPID, FILE = os.getpid(), __file__")

        def look() -> tuple[bool, str]:
            import rm_own_module

            return rm_own_module.PID == os.getpid(), rm_own_module.FILE

        for _ in range(6):
            assert process_rig.run(look).value == (True, str(tmp_path / "rm_own_module.py"))

    def test_installed_modules_are_there_beforehand(self, process_rig: Rig) -> None:
        """What a run has imported is imported in the fork server for later ones."""

        def was_known() -> bool:
            known = "wave" in sys.modules
            import wave  # noqa: F401  importing is the point

            return known

        assert process_rig.run(was_known).value is False
        assert eventually(lambda: process_rig.run(was_known).value is True, 5)

    def test_the_parents_main_is_not_imported(self, tmp_path: Path) -> None:
        """A script without a main guard runs once; its functions work all the same."""
        script = tmp_path / "script.py"
        script.write_text(
            textwrap.dedent("""
                import queue
                from rocket_magic.execution import make_executors, RunOrder
                print("script runs")
                NUMBER = 41
                def add():
                    return NUMBER + 1
                outcomes = queue.Queue()
                executors = make_executors()
                executors["process"].start(RunOrder("r", "t", add), outcomes.put)
                print(outcomes.get(timeout=20).value)
            """)
        )
        done = subprocess.run(
            [sys.executable, script], capture_output=True, text=True, timeout=30, check=True
        )
        assert done.stdout.split("\n") == ["script runs", "42", ""]
        assert done.stderr == ""

    def test_clocks(self, process_rig: Rig) -> None:
        """On a virtual clock the run sleeps with the session's; a copy of another one stands still."""

        def look() -> tuple[float, float]:
            clock = bodies.current_run.get().clock
            before = clock()
            clock.sleep(7200)
            return before, clock()

        clock = VirtualClock("2026-03-01 10:00")
        start = clock()
        process_rig.start(look, clock=clock)
        wait_for(lambda: clock.asleep)
        clock.jump(timedelta(hours=2))
        assert process_rig.outcomes.get(timeout=60).value == (start, start + 7200)
        assert not clock.asleep
        lock = threading.Lock()
        stuck = FunctionClock(lambda: 1000.0 if lock else 0.0)
        assert process_rig.run(look, clock=stuck).value == (1000.0, 8200.0)
        real = process_rig.run(lambda: bodies.current_run.get().clock()).value
        assert abs(real - SystemClock()()) < 60


class TestOutput:
    """What a run writes, at the level of descriptors, is its own."""

    def test_streams(self, process_rig: Rig) -> None:
        """print, sys.stderr, bare descriptors and children's output arrive, in whole characters."""

        def talk() -> None:
            print("out é \ud800")
            print("err", file=sys.stderr)
            os.write(1, "ä".encode()[:1])
            bodies.sleep(0.02)
            os.write(1, "ä".encode()[1:])
            subprocess.run(["echo", "child"], check=True)
            print("no newline", end="")

        output = Output()
        process_rig.run(talk, sink=output)
        assert output.text() == "out é \\ud800\nächild\nno newline"
        assert output.text("stderr") == "err\n"

    def test_it_streams_while_running(self, process_rig: Rig) -> None:
        """Output is there before the run has ended."""
        run_id, _, output = begun(process_rig, bodies.say_pid_and_wait)
        assert output.text()
        assert process_rig.outcomes.empty()
        process_rig.executor.kill(run_id, "seen")
        process_rig.outcome()

    def test_input_fails(self, process_rig: Rig) -> None:
        """There is no terminal to ask."""
        outcome = process_rig.run(lambda: input("name? "))
        assert outcome.action is Action.FAIL
        assert isinstance(outcome.exc, EOFError)

    @pytest.mark.slow
    def test_flood(self, process_rig: Rig) -> None:
        """F10: 100 MB without a newline pass through, and other runs aren't held up."""

        class Counter(Output):
            size = 0

            def write(self, stream: str, text: str) -> None:
                self.size += len(text)

        counter = Counter()
        process_rig.start(bodies.flood, sink=counter, run_id="flood")
        outcome = process_rig.outcome()
        assert outcome.value == "done"
        assert counter.size == 100_000_000

    def test_many_lines(self, process_rig: Rig) -> None:
        """Each line of very many arrives, in order, before the outcome."""

        def count_aloud() -> None:
            for number in range(100_000):
                print(number)

        output = Output()
        assert process_rig.run(count_aloud, sink=output).action is Action.SUCCESS
        assert output.text() == "".join(f"{number}\n" for number in range(100_000))

    def test_an_unfinished_character_stays_with_its_run(self, make_rig: Make) -> None:
        """The next run on the same worker must not begin with the rest of it."""
        rig = make_rig("process", process_reuse=True)
        outputs = [Output(), Output()]
        rig.run(lambda: os.write(1, b"a\xe2\x82"), sink=outputs[0])
        rig.run(lambda: os.write(1, b"\xacb"), sink=outputs[1])
        assert [output.text() for output in outputs] == [
            "a\N{REPLACEMENT CHARACTER}",
            "\N{REPLACEMENT CHARACTER}b",
        ]

    def test_what_comes_after_the_outcome_is_nobodys(self, process_rig: Rig) -> None:
        """More than a pipe holds, written on the way out, neither blocks the worker nor reaches the run."""

        def write_later() -> int:
            import atexit

            atexit.register(lambda: os.write(1, b"x" * 1_000_000))
            return os.getpid()

        output = Output()
        pid = process_rig.run(write_later, sink=output).value
        assert eventually(lambda: not is_alive(pid), 5)
        assert not output.texts

    def test_a_flood_can_be_ended(self, process_rig: Rig) -> None:
        """Neither a full pipe nor a slow sink stands between a run and its end."""

        class Slow(Output):
            def write(self, stream: str, text: str) -> None:
                super().write(stream, text[:100])
                threading.Event().wait(0.001)

        output = Slow()
        order = process_rig.start(bodies.flood_for_ever, sink=output)
        assert output.arrived.wait(20)
        process_rig.executor.terminate(order.run_id, "enough")
        assert process_rig.outcome(5).action is Action.TERMINATE

    def test_a_broken_sink_hurts_nobody(self, process_rig: Rig) -> None:
        """A sink that raises loses its text; the run succeeds."""

        class Broken(Output):
            def write(self, stream: str, text: str) -> None:
                raise OSError

        assert process_rig.run(lambda: print("x") or 5, sink=Broken()).value == 5

    def test_without_a_sink(self, process_rig: Rig, capsys: pytest.CaptureFixture[str]) -> None:
        """Then it goes to the scheduler's own streams."""
        process_rig.run(lambda: print("to the terminal"))
        assert capsys.readouterr().out == "to the terminal\n"


class TestWorkers:
    """Which process serves which run."""

    def test_fresh_by_default(self, process_rig: Rig) -> None:
        """Each run has a process of its own."""
        assert len({process_rig.run(bodies.give_pid).value for _ in range(4)}) == 4

    def test_reused_and_recycled(self, make_rig: Make) -> None:
        """With `process_reuse` one worker serves several runs, up to the limit."""
        rig = make_rig("process", process_reuse=True, reuse_limit=3)
        pids = [rig.run(bodies.give_pid).value for _ in range(6)]
        assert pids[0] == pids[1] == pids[2]
        assert pids[3] == pids[4] == pids[5] != pids[0]

    def test_reused_after_failures_not_after_deaths(self, make_rig: Make) -> None:
        """A failing run doesn't cost the worker; one that was asked to end does."""
        rig = make_rig("process", process_reuse=True, grace=0.3)
        first = rig.run(bodies.give_pid).value
        rig.run(bodies.exit_three)
        assert rig.run(bodies.give_pid).value == first
        run_id, pid, _ = begun(rig, bodies.look_at_flag)
        assert pid == first
        rig.executor.terminate(run_id, "enough")
        assert rig.outcome().action is Action.TERMINATE
        assert rig.run(bodies.give_pid).value != first

    def test_idle_ones_end(self, make_rig: Make) -> None:
        """More than one waiting worker is too many after a while."""
        rig = make_rig("process", process_reuse=True, idle_limit=0.2)
        for _ in range(3):
            rig.start(bodies.give_pid)
        for _ in range(3):
            rig.outcome()
        assert eventually(lambda: rig.executor._crew._roster.size == 1, 5)

    def test_a_reused_one_follows_the_parent_back(
        self, make_rig: Make, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A variable that was set for one run only is not set for the next in the same worker."""
        rig = make_rig("process", process_reuse=True)
        monkeypatch.setenv("PYTEST_CURRENT_TEST", "kept the same")
        look = lambda: (os.getpid(), os.environ.get("RM_ONCE"))
        first = rig.run(look).value
        monkeypatch.setenv("RM_ONCE", "1")
        assert rig.run(look).value == (first[0], "1")
        monkeypatch.delenv("RM_ONCE")
        assert rig.run(look).value == first == (first[0], None)

    def test_a_refused_fork_fails_the_run(self, process_rig: Rig) -> None:
        """When the system has no room for a process the run says so, and the next one may succeed."""
        process_rig.run(bodies.give_five)
        crew: Any = process_rig.executor._crew
        order = process_rig.start(bodies.say_pid_and_wait)
        assert eventually(lambda: any(worker.run is not None for worker in crew._roster.all()))
        number = next(worker.link.number for worker in crew._roster.all() if worker.run is not None)
        crew._hub.post(lambda: crew.worker_not_forked(number, errno.EAGAIN))
        outcome = process_rig.outcome()
        assert (outcome.run_id, outcome.action) == (order.run_id, Action.FAIL)
        assert "no process could be started for it: BlockingIOError" in (outcome.reason or "")
        assert process_rig.run(bodies.give_five).value == 5

    def test_no_descriptors_left(self, process_rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
        """A run for which there are no descriptors fails; nothing leaks, later runs succeed."""

        def refuse(number: int) -> Any:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

        with monkeypatch.context() as patch:
            patch.setattr("rocket_magic.execution.process._supply.open_link", refuse)
            outcome = process_rig.run(bodies.give_five)
        assert outcome.action is Action.FAIL
        assert "Too many open files" in (outcome.reason or "")
        assert process_rig.run(bodies.give_five).value == 5

    def test_spawn(self, make_rig: Make) -> None:
        """Without a fork server a fresh interpreter does the same."""
        rig = make_rig("process", process_start_method="spawn", grace=0.3)
        assert rig.run(bodies.give_five).value == 5
        assert rig.run(bodies.die).reason == "the process of the run died: exit code 5"
        run_id, pid, _ = begun(rig, bodies.ignore_end)
        rig.executor.terminate(run_id, "enough")
        assert rig.outcome().action is Action.TERMINATE
        assert eventually(lambda: not is_alive(pid), 2)

    @pytest.mark.parametrize("missing", ["os.fork", "socket.send_fds"])
    def test_spawn_where_nothing_can_fork(
        self, make_rig: Make, monkeypatch: pytest.MonkeyPatch, missing: str
    ) -> None:
        """Without fork, or a way to hand descriptors to a fork server, a fresh interpreter is chosen."""
        monkeypatch.delattr(missing)
        rig = make_rig("process")
        assert rig.run(bodies.give_five).value == 5
        assert isinstance(rig.executor._crew._supply.launcher, Spawner)
        asked = make_rig("process", process_start_method="forkserver").run(bodies.give_five)
        assert "process_start_method must be one of spawn or None, got 'forkserver'" in (asked.reason or "")

    def test_it_can_be_imported_where_posix_is_missing(self) -> None:
        """No module asks for fork, fcntl, poll or pidfds before it is used."""
        code = """
            import os, select, signal, socket, sys
            for module, names in {
                os: "fork setsid killpg getpgid pidfd_open waitid register_at_fork sched_getaffinity",
                select: "poll epoll", signal: "SIGKILL SIGCHLD set_wakeup_fd",
                socket: "send_fds AF_UNIX CMSG_SPACE",
            }.items():
                for name in names.split():
                    if hasattr(module, name):
                        delattr(module, name)
            sys.modules["fcntl"] = None
            import rocket_magic.execution.process._executor, rocket_magic.execution.process._forkserver
            import rocket_magic.execution.process._worker, rocket_magic.execution._command
        """
        subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=True, timeout=30)

    def test_unknown_start_method(self, make_rig: Make) -> None:
        """The failure names the choices."""
        outcome = make_rig("process", process_start_method="fork").run(bodies.give_five)
        assert outcome.action is Action.FAIL
        assert "process_start_method must be one of forkserver, spawn or None, got 'fork'" in (
            outcome.reason or ""
        )

    def test_burst(self, process_rig: Rig) -> None:
        """Many at once all end, each once."""
        ids = [process_rig.start(bodies.give_five).run_id for _ in range(40)]
        assert sorted(process_rig.outcome().run_id for _ in ids) == sorted(ids)

    def test_a_burst_on_reused_workers(self, make_rig: Make) -> None:
        """Few workers serve a burst of short runs, beyond their limit of runs; each run ends once."""
        rig = make_rig("process", process_reuse=True, reuse_limit=20)
        ids = [rig.start(bodies.give_pid).run_id for _ in range(500)]
        outcomes = [rig.outcome() for _ in ids]
        assert sorted(outcome.run_id for outcome in outcomes) == sorted(ids)
        assert 500 / 20 <= len({outcome.value for outcome in outcomes}) < 100

    def test_long_runs_get_more_reused_workers(self, make_rig: Make) -> None:
        """Runs that hold their workers don't hold up the others."""
        rig = make_rig("process", process_reuse=True)
        held = [rig.start(bodies.say_pid_and_wait, sink=Output()) for _ in range(6)]
        assert rig.run(bodies.give_five).value == 5
        for order in held:
            rig.executor.kill(order.run_id, "seen")
            assert rig.outcome().action is Action.TERMINATE

    @pytest.mark.slow
    def test_hundreds_at_once(self, process_rig: Rig) -> None:
        """More fresh runs than the fork server's ears hold: neither side waits for the other for ever."""
        ids = [process_rig.start(bodies.give_five).run_id for _ in range(600)]
        assert sorted(process_rig.outcome().run_id for _ in ids) == sorted(ids)

    def test_numpy_is_seeded_anew(self, process_rig: Rig) -> None:
        """Workers forked from one server must not draw the same numbers."""
        pytest.importorskip("numpy")

        def draw() -> tuple[bool, float]:
            known = "numpy" in sys.modules
            import numpy as np

            return known, float(np.random.random())  # noqa: NPY002  the generator in question

        assert eventually(lambda: bool(process_rig.run(draw).value[0]), 10)
        assert len({process_rig.run(draw).value[1] for _ in range(3)}) == 3

    def test_no_descriptors_of_others(self, process_rig: Rig) -> None:
        """A worker holds its own pipes and streams, the lifeline and the pipe of records."""
        run_id, _, _ = begun(process_rig, bodies.say_pid_and_wait)
        names = process_rig.run(lambda: list(Path("/proc/self/fd").iterdir())).value
        assert len(names) <= 8
        process_rig.executor.kill(run_id, "seen")
        process_rig.outcome()


def _is_calm(executor: Any) -> bool:
    """Whether all workers that are left are ready for another run, and no more than are wanted."""
    crew = executor._crew
    return bool(crew._roster.size == crew._roster.n_ready <= crew._spares.wanted)


@pytest.mark.slow
def test_soak(make_rig: Make) -> None:
    """Two hundred runs of every kind of end: one outcome each, nothing leaks."""
    rig = make_rig("process", grace=0.2)
    kinds = [bodies.give_five, bodies.fail, bodies.die, bodies.exit_three, bodies.kill_self, bodies.be_idle]
    ids = set()
    for number in range(200):
        body = kinds[number % len(kinds)] if number % 7 else bodies.say_pid_and_wait
        order = rig.start(body, sink=Output())
        ids.add(order.run_id)
        if body is bodies.say_pid_and_wait:
            (rig.executor.terminate if number % 2 else rig.executor.kill)(order.run_id, "soak")
        if number % 5 == 0:
            ids.discard(rig.outcome().run_id)
    seen: list[Outcome] = []
    while ids:
        seen.append(rig.outcome())
        ids.remove(seen[-1].run_id)
    assert rig.outcomes.empty()
    assert not rig.executor._runs
    assert eventually(lambda: _is_calm(rig.executor), 5)


def test_flag() -> None:
    """The first reason stays; waiting ends when it is set."""
    flag = Flag()
    assert not flag.is_set()
    assert flag.wait(0) is False
    flag.set("one")
    flag.set("two")
    assert (flag.is_set(), bool(flag), flag.reason, flag.wait(0)) == (True, True, "one", True)
