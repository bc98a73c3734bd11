"""Runs on a cluster: they end, are ended, speak, log and sleep as process runs do."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import socket
import ssl
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from rocket_magic._protocols import Action
from rocket_magic.args import current_run
from rocket_magic.clock import VirtualClock
from rocket_magic.exc import TaskSetupError
from rocket_magic.execution.dask import _clusters
from tests.execution import bodies
from tests.execution.rig import Output, Rig, children, eventually, is_alive

Make = Callable[..., Rig]


def begun(rig: Rig, body: Callable[[], Any], **fields: Any) -> tuple[str, int, Output]:
    """Start a run that prints its pid; its id, the pid and its output."""
    output = Output()
    order = rig.start(body, sink=output, **fields)
    assert output.arrived.wait(20)
    return order.run_id, int(output.text().split()[0]), output


class TestDeath:
    """What kills a run's process is told, and hurts nobody else."""

    @pytest.mark.parametrize(
        ("body", "how"),
        [
            (bodies.die, "exit code 5"),
            (bodies.die_quietly, "exit code 0"),
            (bodies.segfault, "killed by SIGSEGV"),
        ],
    )
    def test_by_itself(self, dask_rig: Rig, body: Callable[[], Any], how: str) -> None:
        """Exit code or signal are named; the dask worker lives on."""
        outcome = dask_rig.run(body)
        assert (outcome.action, outcome.reason) == (Action.CRASH, f"the process of the run died: {how}")
        assert dask_rig.run(bodies.give_five).value == 5

    def test_killed_from_outside(self, dask_rig: Rig) -> None:
        """Another run on the same dask worker goes on."""
        _, pid, _ = begun(dask_rig, bodies.say_pid_and_wait)
        other, _, _ = begun(dask_rig, bodies.look_at_flag)
        os.kill(pid, signal.SIGKILL)
        outcome = dask_rig.outcome()
        assert outcome.reason == "the process of the run died: killed by SIGKILL"
        assert dask_rig.outcomes.empty()
        dask_rig.executor.terminate(other, "enough")
        assert dask_rig.outcome().action is Action.TERMINATE


class TestEnding:
    """SIGTERM, then SIGKILL after the grace period; the outcome says who wanted it."""

    def test_terminate(self, dask_rig: Rig) -> None:
        """Its code can clean up; the reason is in the outcome."""
        run_id, pid, output = begun(dask_rig, bodies.clean_up_when_ended)
        assert dask_rig.executor.terminate(run_id, "timeout") is True
        outcome = dask_rig.outcome()
        assert (outcome.action, outcome.reason) == (Action.TERMINATE, "timeout")
        assert "cleaned up" in output.text()
        assert eventually(lambda: not is_alive(pid), 2)

    def test_kill(self, dask_rig: Rig) -> None:
        """No clean-up, no grace."""
        run_id, pid, output = begun(dask_rig, bodies.clean_up_when_ended)
        assert dask_rig.executor.kill(run_id, "now") is True
        outcome = dask_rig.outcome()
        assert (outcome.action, outcome.reason) == (Action.TERMINATE, "now")
        assert "cleaned up" not in output.text()
        assert eventually(lambda: not is_alive(pid), 2)

    @pytest.mark.parametrize("body", [bodies.ignore_end, bodies.wait_in_c])
    def test_a_deaf_one_is_killed_after_grace(self, dask_rig: Rig, body: Callable[[], Any]) -> None:
        """Code that swallows every exception, or never lets Python run, ends all the same."""
        run_id, pid, _ = begun(dask_rig, body)
        dask_rig.executor.terminate(run_id, "enough")
        outcome = dask_rig.outcome()
        assert (outcome.action, outcome.reason) == (Action.TERMINATE, "enough")
        assert eventually(lambda: not is_alive(pid), 2)

    def test_the_flag_works(self, dask_rig: Rig) -> None:
        """A task that has taken its flag looks and ends by itself."""
        run_id, _, _ = begun(dask_rig, bodies.look_at_flag)
        dask_rig.executor.terminate(run_id, "please")
        assert dask_rig.outcome().reason == "please"

    def test_grandchildren_end_too(self, dask_rig: Rig) -> None:
        """The whole group is ended, and counted."""
        run_id, _, output = begun(dask_rig, bodies.leave_grandchildren)
        family = [int(text) for text in output.text().split()]
        dask_rig.executor.terminate(run_id, "enough")
        assert dask_rig.outcome().reason == "enough; 2 processes that it had left behind were ended"
        assert eventually(lambda: not any(map(is_alive, family)), 3)

    def test_closing_ends_all(self, dask_rig: Rig) -> None:
        """Those that run, and those for which there is no place yet."""
        pids = [begun(dask_rig, bodies.say_pid_and_wait)[1] for _ in range(4)]
        dask_rig.start(bodies.give_five)
        dask_rig.executor.close()
        outcomes = [dask_rig.outcome() for _ in range(5)]
        assert {(one.action, one.reason) for one in outcomes} == {
            (Action.TERMINATE, "the scheduler was closed")
        }
        assert eventually(lambda: not any(map(is_alive, pids)), 3)
        with pytest.raises(TaskSetupError, match="its executor is closed"):
            dask_rig.start(bodies.give_five)


class TestValues:
    """What comes back."""

    @pytest.mark.parametrize("size", [1000, 20_000_000])
    def test_bytes_and_objects(self, dask_rig: Rig, size: int) -> None:
        """Small and large, plain and not."""

        class Thing:
            def __init__(self) -> None:
                self.data = b"x" * size

        assert dask_rig.run(lambda: b"y" * size).value == b"y" * size
        assert dask_rig.run(lambda: [Thing()]).value[0].data == b"x" * size

    def test_what_can_not_come(self, dask_rig: Rig) -> None:
        """It is named, with a way out."""
        outcome = dask_rig.run(threading.Lock, task_name="locked")
        assert outcome.action is Action.FAIL
        assert "task 'locked' returned _thread.lock, which can't travel" in (outcome.reason or "")

    def test_too_large(self, dask_rig: Rig) -> None:
        """The limit is told; nothing of it is sent."""
        dask_rig.settings.max_return_size = 1000
        outcome = dask_rig.run(lambda: b"x" * 2000)
        assert "the limit max_return_size is 1,000" in (outcome.reason or "")

    def test_what_can_not_go(self, dask_rig: Rig) -> None:
        """F59: it is named at once, and nothing is sent."""
        lock = threading.Lock()
        with pytest.raises(
            TaskSetupError, match=r"'t' can't run on a dask cluster: 'lock' \(lock\)"
        ) as caught:
            dask_rig.start(lambda: lock, task_name="t")
        assert "execution='thread'" in str(caught.value)
        assert dask_rig.outcomes.empty()


class TestTelling:
    """What a run writes and logs comes while it goes on."""

    def test_output_while_it_runs(self, dask_rig: Rig) -> None:
        """Both streams, in order, all of it before the outcome."""

        def talk() -> None:
            import sys

            print("first", flush=True)
            bodies.sleep(0.3)
            print("second ünd", end="")
            print("trouble", file=sys.stderr)

        output = Output()
        dask_rig.start(talk, sink=output)
        assert output.arrived.wait(20)
        assert output.text() == "first\n"
        assert dask_rig.outcome().action is Action.SUCCESS
        assert (output.text(), output.text("stderr")) == ("first\nsecond ünd", "trouble\n")

    def test_a_flood(self, dask_rig: Rig) -> None:
        """What does not fit is dropped and counted; the run goes on, and others are served meanwhile."""
        output = Output()
        dask_rig.start(lambda: bodies.flood(50_000_000), sink=output)
        assert dask_rig.outcome().value == "done"
        note = output.text("stderr")
        assert "characters of output were dropped" in note
        dropped = int(note.split("…")[1].split()[0].replace(",", ""))
        assert len(output.text()) + dropped == 50_000_000

    def test_records(self, dask_rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
        """Those that the program's handlers would take are handed to them, in the context of their run."""
        runs = []

        class Noting(logging.Handler):
            def emit(self, record: logging.LogRecord) -> None:
                run = current_run.get()
                runs.append(run and run.run_id)

        noting = Noting()
        logging.getLogger().addHandler(noting)

        def log() -> None:
            log = logging.getLogger("a_program")
            log.debug("too fine")
            log.warning("one of %d", 2)
            log.error("two")

        order = dask_rig.start(log)
        dask_rig.outcome()
        logging.getLogger().removeHandler(noting)
        assert [one.getMessage() for one in caplog.records if one.name == "a_program"] == ["one of 2", "two"]
        assert runs[-2:] == [order.run_id] * 2

    def test_a_slow_handler(self, dask_rig: Rig) -> None:
        """Only what has logged waits for it: neither ends of runs nor the connection do."""
        gate = threading.Event()

        class Slow(logging.Handler):
            def emit(self, record: logging.LogRecord) -> None:
                gate.wait(20)

        slow = Slow()
        logging.getLogger("a_program").addHandler(slow)
        logging.getLogger("a_program").propagate = False
        try:
            dask_rig.start(lambda: logging.getLogger("a_program").warning("hear me"))
            run_id, _, _ = begun(dask_rig, bodies.say_pid_and_wait)
            dask_rig.executor.terminate(run_id, "enough")
            assert dask_rig.outcome(5).reason == "enough"
            gate.set()
            assert dask_rig.outcome().action is Action.SUCCESS
        finally:
            logging.getLogger("a_program").removeHandler(slow)
            logging.getLogger("a_program").propagate = True


class TestStarting:
    """The scheduler is not held up."""

    def test_nobody_waits_for_the_cluster(self, make_rig: Make, monkeypatch: pytest.MonkeyPatch) -> None:
        """F58: to ask for a run takes no time, though nothing answers there; it can be ended meanwhile."""
        monkeypatch.setitem(_clusters._OPTIONS, "timeout", 1)
        with socket.create_server(("127.0.0.1", 0)) as deaf:
            rig = make_rig("dask", dask_cluster=f"tcp://127.0.0.1:{deaf.getsockname()[1]}")
            since = time.perf_counter()
            order = rig.start(bodies.give_five)
            assert time.perf_counter() - since < 2
            assert rig.executor.terminate(order.run_id, "enough") is True
            assert rig.outcome(5).reason == "enough"
            outcome = rig.run(bodies.give_five)
            assert outcome.action is Action.CRASH
            assert (outcome.reason or "").endswith("can't be reached: TimeoutError: no answer within 1 s")

    def test_distributed_is_loaded_elsewhere(self) -> None:
        """Making the executor and asking for a run load nothing of dask on the caller's thread."""
        code = """
            import sys
            from rocket_magic.execution import make_executors
            executor = make_executors()["dask"]
            assert "distributed" not in sys.modules
        """
        subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=True, cwd=Path.cwd())

    @pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
    def test_a_forked_child_ends_nothing(self, dask_rig: Rig) -> None:
        """What is ours stays, whatever a fork of our process does at its end."""
        dask_rig.run(bodies.give_five)
        pid = os.fork()
        if not pid:
            code = 1
            try:
                dask_rig.executor.close()
                code = 0
            finally:
                os._exit(code)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        assert dask_rig.run(bodies.give_five).value == 5

    def test_many_at_once(self, dask_rig: Rig) -> None:
        """More than there are places: each is carried out once."""
        ids = [dask_rig.start(os.getpid).run_id for _ in range(60)]
        outcomes = [dask_rig.outcome() for _ in ids]
        assert sorted(ids) == sorted(one.run_id for one in outcomes)
        assert len({one.value for one in outcomes}) == 60

    def test_the_same_id_in_two_sessions(self, dask_cluster: str, dask_rig: Rig, make_rig: Make) -> None:
        """Sessions on one cluster know nothing of each other."""
        other = make_rig("dask", dask_cluster=dask_cluster)
        for rig in (dask_rig, other):
            rig.start(lambda: bodies.current_run.get().run_id, run_id="00000001")
        assert [rig.outcome().value for rig in (dask_rig, other)] == ["00000001"] * 2
        other.close()
        assert dask_rig.run(bodies.give_five).value == 5


class TestVirtualTime:
    """The session's clock is the run's."""

    def test_a_sleep(self, dask_rig: Rig) -> None:
        """It is one on the session's clock, and takes as long as that takes."""

        def work() -> tuple[float, float]:
            clock = bodies.current_run.get().clock
            before = clock()
            clock.sleep(7200)
            return before, clock()

        clock = VirtualClock("2026-03-01 10:00")
        dask_rig.start(work, clock=clock)
        assert eventually(lambda: bool(clock.asleep))
        clock.jump("2026-03-01 13:00")
        before, after = dask_rig.outcome().value
        assert after - before == 3 * 3600
        assert not clock.asleep

    def test_a_sleep_that_is_ended(self, dask_rig: Rig) -> None:
        """It is taken off the clock."""
        clock = VirtualClock("2026-03-01 10:00")
        order = dask_rig.start(lambda: bodies.current_run.get().clock.sleep(7200), clock=clock)
        assert eventually(lambda: bool(clock.asleep))
        dask_rig.executor.terminate(order.run_id, "enough")
        assert dask_rig.outcome().reason == "enough"
        assert not clock.asleep


class TestOwnCluster:
    """Without a word of where, there is one on this machine."""

    def test_from_beginning_to_end(self, make_rig: Make) -> None:
        """It is made when it is asked for, listens on loopback only, and leaves nothing."""
        rig = make_rig("dask", grace=0.3, max_process_count=2)
        rig.executor.prepare()
        _, pid, _ = begun(rig, bodies.say_pid_and_wait)
        (own,) = children()
        process = psutil.Process(own)
        family = [process, *process.children(recursive=True)]
        assert pid in [one.pid for one in family]
        found = [
            one.laddr for one in process.net_connections(kind="inet") if one.status == psutil.CONN_LISTEN
        ]
        listening, ports = [one.ip for one in found], [one.port for one in found]
        assert set(listening) == {"127.0.0.1"}
        for port in ports:
            with socket.create_connection(("127.0.0.1", port)) as bare, bare.makefile("rb") as said:
                bare.settimeout(1)
                bare.sendall(b"GET /info/main/workers.html HTTP/1.0\r\n\r\n")
                with contextlib.suppress(OSError):
                    assert b" 200 " not in said.readline()
        shown = [" ".join(one.cmdline()) for one in family]
        assert not [text for text in shown if "PRIVATE KEY" in text]
        rig.executor.close()
        assert rig.outcome().action is Action.TERMINATE
        assert eventually(lambda: not any(is_alive(one.pid) for one in family), 5)

    def test_nobody_gets_in_without_its_key(self, make_rig: Make) -> None:
        """Other users of the machine reach its port, and nothing more."""
        rig = make_rig("dask")
        rig.run(bodies.give_five)
        host, _, port = rig.executor._line._reached.name.removeprefix("tls://").rpartition(":")
        stranger = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        stranger.check_hostname, stranger.verify_mode = False, ssl.CERT_NONE
        with (
            pytest.raises((ssl.SSLError, ConnectionError)),
            socket.create_connection((host, int(port))) as bare,
            stranger.wrap_socket(bare) as speaking,
        ):
            assert speaking.recv(1)

    def test_it_stands_where_the_program_stands(
        self, make_rig: Make, tmp_path: Any, monkeypatch: Any
    ) -> None:
        """Folder and environment are the program's, as they are at each run."""
        rig = make_rig("dask")
        rig.run(bodies.give_five)
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("SAID_LATER", "yes")
        value = rig.run(lambda: (str(Path.cwd()), os.environ.get("SAID_LATER"))).value
        assert value == (str(tmp_path), "yes")

    def test_the_end_while_it_starts(self, make_rig: Make) -> None:
        """It is given up as soon as it is there; the run that waits for it is ended."""
        rig = make_rig("dask")
        rig.start(bodies.give_five)
        rig.executor.close()
        assert rig.outcome().action is Action.TERMINATE
