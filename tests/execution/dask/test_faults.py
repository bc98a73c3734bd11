"""F58: parts of the cluster die in the middle of a run, are not there, or are of another kind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from distributed.security import Security

from rocket_magic._protocols import Action
from rocket_magic.execution.dask import _clusters, _ears, _line
from tests.execution import bodies
from tests.execution.dask.clusters import scheduler, worker
from tests.execution.rig import Output, Rig, children, eventually, is_alive

Make = Callable[..., Rig]


_BARE = "sys.modules['rocket_magic'] = None"
_NOT_INSTALLED = (
    "the dask cluster has no rocket_magic: install it where its workers run: pip install 'rocket_magic[dask]'"
)
_OTHER = "from rocket_magic.execution.dask import _letters\n_letters._own_version = lambda: '9.0'"
_DIFFERENT = "code does not travel between versions (rocket_magic"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether a dask worker is still there is asked more often."""
    monkeypatch.setattr(_ears, "_PAUSE", 0.1)


def noting(file: Path) -> Callable[[], None]:
    """What writes its pid into a file, says it, and waits."""
    path = str(file)

    def work() -> None:
        with open(path, "a") as notes:  # noqa: PTH123  it travels
            notes.write(f"{os.getpid()}\n")
        bodies.say_pid_and_wait()

    return work


def begun(rig: Rig, body: Callable[[], Any]) -> int:
    """Start a run that prints its pid."""
    output = Output()
    rig.start(body, sink=output)
    assert output.arrived.wait(20)
    return int(output.text().split()[0])


class TestWorkers:
    """Dask workers come and go."""

    def test_killed_in_mid_run(self, make_rig: Make, tmp_path: Path) -> None:
        """F58: a crash that names it, at once; dask's new attempt elsewhere does not make the run again."""
        with scheduler() as (_, address), worker(address) as (first, name):
            rig = make_rig("dask", dask_cluster=address)
            pid = begun(rig, noting(tmp_path / "notes"))
            with worker(address) as (_, other):
                assert name != other
                first.kill()
                outcome = rig.outcome(10)
                assert (outcome.action, outcome.reason) == (
                    Action.CRASH,
                    f"the dask worker {name} that carried it out was lost",
                )
                assert rig.run(bodies.give_five).value == 5  # on the other one, after what came before it
            assert (tmp_path / "notes").read_text().split() == [str(pid)]
            assert eventually(lambda: not is_alive(pid), 3)
            rig.close()

    def test_the_only_one_is_killed(self, make_rig: Make) -> None:
        """F58: nobody announces anything any more; it is noticed all the same."""
        with scheduler() as (_, address), worker(address) as (only, name):
            rig = make_rig("dask", dask_cluster=address)
            begun(rig, bodies.say_pid_and_wait)
            only.kill()
            outcome = rig.outcome(15)
            assert (outcome.action, outcome.reason) == (
                Action.CRASH,
                f"the dask worker {name} that carried it out was lost",
            )
            rig.close()

    def test_none(self, make_rig: Make, monkeypatch: pytest.MonkeyPatch) -> None:
        """F58: a run waits, which is said once; it can be ended, or begins when a dask worker joins."""
        monkeypatch.setattr(_line, "_ANNOUNCED", 0.2)
        warnings: list[str] = []
        with scheduler() as (_, address):
            rig = make_rig("dask", dask_cluster=address, warn=warnings.append)
            first = rig.start(bodies.give_five, task_name="patient")
            rig.start(bodies.give_five)
            assert eventually(lambda: bool(warnings))
            assert rig.executor.terminate(first.run_id, "timeout") is True
            assert (rig.outcome().action, first.flag.reason) == (Action.TERMINATE, "timeout")
            with worker(address):
                assert rig.outcome().value == 5
            rig.close()
        (warning,) = warnings
        assert warning.startswith(
            f"run {first.run_id} of task 'patient' waits: the dask cluster has no workers"
        )

    def test_one_that_answers_no_more(self, make_rig: Make, monkeypatch: pytest.MonkeyPatch) -> None:
        """F58: a run there is given up when it should have ended; its outcome says that it may go on."""
        monkeypatch.setattr(_line, "_SLACK", 0.5)
        monkeypatch.setattr(_line, "_ASKING", 0.5)
        with scheduler() as (_, address), worker(address) as (silent, _):
            rig = make_rig("dask", dask_cluster=address, grace=0.3)
            output = Output()
            order = rig.start(bodies.say_pid_and_wait, sink=output)
            assert output.arrived.wait(20)
            silent.send_signal(signal.SIGSTOP)
            rig.executor.terminate(order.run_id, "timeout")
            outcome = rig.outcome()
            assert outcome.action is Action.TERMINATE
            assert outcome.reason == "timeout; its dask worker did not answer, and may still be at it"
            rig.close()

    @pytest.mark.parametrize(("before", "reason"), [(_BARE, _NOT_INSTALLED), (_OTHER, _DIFFERENT)])
    def test_of_another_kind(self, make_rig: Make, before: str, reason: str) -> None:
        """F58: what is missing or different is named; the user's code is not opened there."""
        with scheduler() as (_, address), worker(address, before) as (joined, _):
            rig = make_rig("dask", dask_cluster=address)
            outcome = rig.run(bodies.give_five)
            assert outcome.action is Action.CRASH
            assert (outcome.reason or "").startswith(reason)
            assert joined.poll() is None  # dask workers that others use, too, are not harmed
            rig.close()


class TestScheduler:
    """Dask's scheduler is gone."""

    def test_killed_in_mid_run(self, make_rig: Make, monkeypatch: pytest.MonkeyPatch) -> None:
        """F58: a crash at once; the run ends with its dask worker; the next one says that nobody is there."""
        monkeypatch.setitem(_clusters._OPTIONS, "timeout", 1)
        with scheduler() as (process, address), worker(address):
            rig = make_rig("dask", dask_cluster=address)
            pid = begun(rig, bodies.say_pid_and_wait)
            process.kill()
            outcome = rig.outcome(10)
            assert outcome.action is Action.CRASH
            assert (outcome.reason or "").startswith("the connection to the dask scheduler was lost")
            assert eventually(lambda: not is_alive(pid), 10)
            outcome = rig.run(bodies.give_five)
            assert outcome.action is Action.CRASH
            assert (outcome.reason or "").startswith(f"the dask cluster {address} can't be reached: ")

    def test_another_one_in_its_place(self, make_rig: Make) -> None:
        """F58: it is found, though dask has connected to it unasked, and it knows nothing of us."""
        with scheduler() as (process, address), worker(address):
            rig = make_rig("dask", dask_cluster=address)
            assert rig.run(bodies.give_five).value == 5
            process.kill()
            process.wait()
            with scheduler(port=int(address.rpartition(":")[2])) as (_, same), worker(same):
                assert same == address
                client = rig.executor._line._reached.client
                assert eventually(lambda: client.status == "running" and client.scheduler_comm is not None)
                assert rig.run(bodies.give_five).value == 5
                rig.close()

    def test_without_rocket_magic(self, make_rig: Make) -> None:
        """It needs none: what dask tasks call is not opened there."""
        with scheduler(_BARE) as (_, address), worker(address):
            rig = make_rig("dask", dask_cluster=address)
            assert rig.run(bodies.give_five).value == 5
            rig.close()


class TestOwnCluster:
    """The cluster on this machine."""

    def test_killed_in_mid_run(self, make_rig: Make) -> None:
        """F58: a crash, nothing is left of the run, and the next one has a new cluster."""
        rig = make_rig("dask")
        pid = begun(rig, bodies.say_pid_and_wait)
        (own,) = children()
        os.kill(own, signal.SIGKILL)
        assert rig.outcome(10).action is Action.CRASH
        assert eventually(lambda: not is_alive(pid), 3)
        assert rig.run(bodies.give_five).value == 5

    def test_without_what_makes_its_key(self, make_rig: Make, monkeypatch: pytest.MonkeyPatch) -> None:
        """No key, no cluster: that another one would do is said."""

        def missing() -> None:
            msg = "no cryptography"
            raise ImportError(msg)

        monkeypatch.setattr(Security, "temporary", missing)
        outcome = make_rig("dask").run(bodies.give_five)
        assert outcome.action is Action.CRASH
        assert (outcome.reason or "").startswith(
            "a dask cluster on this machine needs cryptography for its key: "
        )

    def test_it_can_not_be_started(self, make_rig: Make, monkeypatch: pytest.MonkeyPatch) -> None:
        """That is the reason of the run's crash; the next one tries again."""
        rig = make_rig("dask")
        with monkeypatch.context() as broken:
            broken.setattr(sys, "executable", "/bin/false")
            outcome = rig.run(bodies.give_five)
        assert (outcome.action, outcome.reason) == (
            Action.CRASH,
            "no dask cluster could be started on this machine: it ended at once",
        )
        assert rig.run(bodies.give_five).value == 5


@pytest.mark.parametrize("own", [True, False], ids=["own cluster", "another cluster"])
def test_the_session_is_killed(dask_cluster: str, own: bool) -> None:
    """F58: its runs end, so that the next start may begin them again; a cluster of its own ends."""
    code = f"""
        from rocket_magic.execution import ExecutionSettings, RunOrder, make_executors
        from tests.execution import bodies
        class Sink:
            def write(self, stream, text):
                print(text, flush=True)
        if __name__ == "__main__":
            settings = ExecutionSettings(dask_cluster={None if own else dask_cluster!r})
            order = RunOrder("r", "t", bodies.say_pid_and_wait, sink=Sink())
            make_executors(settings)["dask"].start(order, print)
            bodies.sleep(60)
    """
    session = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, text=True, cwd=Path.cwd()
    )
    with session:
        assert session.stdout is not None
        pid = int(session.stdout.readline())
        mine = [pid, *children(session.pid)]
        assert all(map(is_alive, mine))
        session.kill()
    assert eventually(lambda: not any(map(is_alive, mine)), 10)
