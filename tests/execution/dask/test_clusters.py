"""Which cluster runs go to: the user's own objects, another one later, and who is warned."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from distributed import Client, LocalCluster

from rocket_magic._protocols import Action
from rocket_magic.config import Config, form_fields, set_from_text
from rocket_magic.exc import ConfigError
from rocket_magic.execution import ExecutionSettings
from rocket_magic.execution.dask import _clusters
from rocket_magic.execution.dask._clusters import is_exposed, reach
from rocket_magic.execution.process._pack import Home
from tests.execution import bodies
from tests.execution.dask.clusters import cluster
from tests.execution.rig import Output, Rig, eventually, is_alive

Make = Callable[..., Rig]


@pytest.mark.parametrize(
    ("address", "exposed"),
    [
        ("tcp://10.0.0.5:8786", True),
        ("tcp://scheduler.example:8786", True),
        ("tcp://[2001:db8::1]:8786", True),
        ("ws://10.0.0.5:8786", True),
        ("tls://10.0.0.5:8786", False),
        ("wss://10.0.0.5:8786", False),
        ("tcp://127.0.0.1:8786", False),
        ("tcp://[::1]:8786", False),
        ("tcp://localhost:8786", False),
        ("inproc://10.0.0.5/1/1", False),
    ],
)
def test_is_exposed(address: str, exposed: bool) -> None:
    """Without encryption, and beyond this machine."""
    assert is_exposed(address) is exposed


def test_an_exposed_one_draws_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    """It names TLS, and what else may happen."""
    warnings: list[str] = []
    reached = _clusters.Reached(None, "tcp://10.0.0.5:8786", False, lambda: None)
    monkeypatch.setattr(_clusters, "_reach", lambda *_given: reached)
    assert reach("tcp://10.0.0.5:8786", ExecutionSettings(warn=warnings.append), Home()) is reached
    (warning,) = warnings
    assert "tcp://10.0.0.5:8786 is reached without encryption" in warning
    assert "give it TLS (tls://)" in warning


def test_a_client_stays_its_users(dask_cluster: str, make_rig: Make) -> None:
    """It is used as it is, and goes on when we are done; a closed one is refused."""
    with Client(dask_cluster, set_as_default=False) as client:
        rig = make_rig("dask", dask_cluster=client)
        assert rig.run(bodies.give_five).value == 5
        rig.close()
        assert client.submit(abs, -3).result() == 3
    rig = make_rig("dask", dask_cluster=client)
    outcome = rig.run(bodies.give_five)
    assert (outcome.action, outcome.reason) == (
        Action.CRASH,
        "the dask client of the option dask_cluster is closed: give one that is connected",
    )


def test_a_client_on_the_callers_loop(dask_cluster: str, make_rig: Make) -> None:
    """An asynchronous client is used where it lives, also by who is there: closing waits for nothing."""

    async def work() -> None:
        async with Client(dask_cluster, asynchronous=True, set_as_default=False) as client:
            rig = make_rig("dask", dask_cluster=client, grace=0.3)
            rig.start(bodies.give_five)
            outcome = await asyncio.to_thread(rig.outcome)
            assert outcome.value == 5
            output = Output()
            rig.start(bodies.say_pid_and_wait, sink=output)
            assert await asyncio.to_thread(output.arrived.wait, 20)
            rig.executor.close()
            assert rig.outcome().reason == "the scheduler was closed"
            pid = int(output.text())
            assert await asyncio.to_thread(eventually, lambda: not is_alive(pid), 10)
            assert client.status == "running"

    asyncio.run(work())


def test_a_cluster_stays_its_users(make_rig: Make) -> None:
    """One in this very process, too."""
    options: dict[str, Any] = {"processes": False, "n_workers": 1, "threads_per_worker": 2}
    with LocalCluster(**options, dashboard_address="127.0.0.1:0", memory_limit=0) as mine:
        rig = make_rig("dask", dask_cluster=mine)
        assert rig.run(bodies.give_five).value == 5
        rig.close()
        assert len(mine.scheduler_info["workers"]) == 1


def test_another_one_later(dask_cluster: str, make_rig: Make) -> None:
    """Runs in flight stay where they are, later ones go to the new one; the old connection is closed."""
    with cluster(threads=1) as address:
        rig = make_rig("dask", dask_cluster=dask_cluster)
        output = Output()
        first = rig.start(bodies.look_at_flag, sink=output)
        assert output.arrived.wait(20)
        rig.settings.dask_cluster = address
        assert rig.run(bodies.give_five).value == 5
        executor: Any = rig.executor
        (old,) = executor._old_lines
        rig.executor.terminate(first.run_id, "enough")
        assert rig.outcome().reason == "enough"
        assert eventually(lambda: not executor._old_lines and old._reached.client.status == "closed")
        rig.close()


def test_the_option(dask_cluster: str) -> None:
    """An object is shown, dumped and sent elsewhere as its address; typed text must be one."""
    import pickle

    with Client(dask_cluster, set_as_default=False) as client:
        config = Config(dask_cluster=client)
        assert config.dask_cluster is client
        (field,) = [one for one in form_fields(config) if one["name"] == "dask_cluster"]
        assert (field["kind"], field["value"], field["optional"]) == ("text", dask_cluster, True)
        assert config.model_dump(mode="json")["dask_cluster"] == dask_cluster
        assert pickle.loads(pickle.dumps(config)).dask_cluster == dask_cluster
    set_from_text(config, "dask_cluster", "tls://10.0.0.5:8786")
    assert config.dask_cluster == "tls://10.0.0.5:8786"
    set_from_text(config, "dask_cluster", "none")
    assert config.dask_cluster is None
    with pytest.raises(ConfigError, match="'dask_cluster' must be the address of a dask scheduler"):
        set_from_text(config, "dask_cluster", "my cluster")
