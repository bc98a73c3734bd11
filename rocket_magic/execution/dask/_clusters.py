"""Floor 4: which cluster runs go to, as the option `dask_cluster` says, and the connection to it."""

from __future__ import annotations

import contextlib
import ipaddress
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from distributed import Client

from rocket_magic.exc import TaskSetupError
from rocket_magic.execution._base import ExecutionSettings
from rocket_magic.execution._failure import exception_message
from rocket_magic.execution.dask._own_cluster import OwnCluster
from rocket_magic.execution.process._pack import Home

__all__ = ["Reached", "is_exposed", "reach"]


@dataclass(frozen=True, slots=True)
class Reached:
    """A connection to a cluster.

    Attributes:
        client: Dask's.
        name: What to call the cluster.
        own: Whether the cluster is our own, with this process's files and environment.
        close: Gives back what was made for the connection; takes a moment.
    """

    client: Any
    name: str
    own: bool
    close: Callable[[], None]


def reach(source: Any, settings: ExecutionSettings, home: Home) -> Reached:
    """Connect to a cluster; takes seconds.

    Args:
        source: The option's value.
        settings: Of the executor.
        home: What a cluster of our own begins with.

    Raises:
        TaskSetupError: It can't be reached.
    """
    try:
        reached = _reach(source, settings, home)
    except TaskSetupError:
        raise
    except Exception as error:
        name = source if isinstance(source, str) else "of the option dask_cluster"
        msg = f"the dask cluster {name} can't be reached: {exception_message(error)}"
        raise TaskSetupError(msg) from error
    if is_exposed(reached.name):
        settings.warn(
            f"the dask cluster {reached.name} is reached without encryption: whoever is on the way can read "
            "and change what runs there, and whoever reaches it can run code on it; give it TLS (tls://)"
        )
    return reached


def _reach(source: Any, settings: ExecutionSettings, home: Home) -> Reached:
    if source is None:
        own = OwnCluster(settings.max_process_count or os.cpu_count() or 1, home)
        try:
            client = Client(own.address, security=own.security, set_as_default=False, name="rocket_magic")
        except BaseException:
            own.close()
            raise

        def close() -> None:
            _close(client)
            own.close()

        return Reached(client, own.address, True, close)
    if isinstance(source, Client):
        if source.status != "running":
            msg = f"the dask client of the option dask_cluster is {source.status}: give one that is connected"
            raise TaskSetupError(msg)
        return Reached(source, source.scheduler.address, False, lambda: None)
    client = Client(source, set_as_default=False, name="rocket_magic")
    return Reached(client, client.scheduler.address, False, lambda: _close(client))


def _close(client: Any) -> None:
    with contextlib.suppress(Exception):  # what it was connected to may be gone
        client.close(timeout=2)


def is_exposed(address: str) -> bool:
    """Whether a connection is not encrypted, and leaves this machine."""
    parts = urlsplit(address)
    if parts.scheme not in ("tcp", "ws", "ucx", "ucxx"):
        return False
    host = parts.hostname or ""
    if host == "localhost":
        return False
    try:
        return not ipaddress.ip_address(host).is_loopback
    except ValueError:
        return True
