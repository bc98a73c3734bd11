"""Floor 4: which cluster runs go to, as the option `dask_cluster` says, and the connection to it."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from distributed import Client

from rocket_magic.exc import TaskSetupError
from rocket_magic.execution._base import ExecutionSettings
from rocket_magic.execution._failure import exception_message
from rocket_magic.execution.dask._loop_thread import LoopThread
from rocket_magic.execution.dask._own_cluster import OwnCluster
from rocket_magic.execution.process._pack import Home

__all__ = ["Reached", "is_exposed", "reach"]


_OPTIONS: Final[dict[str, Any]] = {"set_as_default": False, "name": "rocket_magic", "timeout": 10}
_CLOSING: Final = 2.0


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
    if isinstance(source, Client):
        if source.status != "running":
            msg = f"the dask client of the option dask_cluster is {source.status}: give one that is connected"
            raise TaskSetupError(msg)
        return Reached(source, source.scheduler.address, False, lambda: None)
    if source is not None:
        # Of a cluster only the address is used: it lives on another loop.
        address = source if isinstance(source, str) else source.scheduler_address
        client, close = _connect(address, security=getattr(source, "security", None))
        return Reached(client, client.scheduler.address, False, close)
    own = OwnCluster(settings.max_process_count or os.cpu_count() or 1, home)
    try:
        client, hang_up = _connect(own.address, security=own.security)
    except BaseException:
        own.close()
        raise

    def close_both() -> None:
        hang_up()
        own.close()

    return Reached(client, own.address, True, close_both)


def _connect(address: str, security: Any) -> tuple[Any, Callable[[], None]]:
    """A client on a loop of its own, and what ends both."""
    thread = LoopThread()

    async def connect() -> Any:
        client = Client(address, security=security, asynchronous=True, **_OPTIONS)
        try:
            # Dask itself would wait for ever for somebody who takes the connection and says nothing.
            return await asyncio.wait_for(client, _OPTIONS["timeout"] + 1)
        except BaseException as error:
            with contextlib.suppress(Exception):
                await asyncio.wait_for(client.close(timeout=_CLOSING), _CLOSING)
            if isinstance(error, TimeoutError) and not str(error):
                msg = f"no answer within {_OPTIONS['timeout']} s"
                raise TimeoutError(msg) from error
            raise

    async def hang_up() -> None:
        await client.close(timeout=_CLOSING)

    def close() -> None:
        with contextlib.suppress(Exception):  # what it was connected to may be gone
            thread.call(hang_up(), 2 * _CLOSING)
        thread.close()

    try:
        client = thread.call(connect())
    except BaseException:
        thread.close()
        raise
    return client, close


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
