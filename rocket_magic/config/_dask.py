"""Floor 3: what the configuration knows of dask, without loading it."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from typing import Any, Final

from rocket_magic._extras import dask_problem
from rocket_magic.config._kinds import Kind, choice

__all__ = ["cluster", "way_of_execution"]

_ADDRESS: Final = re.compile(r"(?:tcp|tls|ws|wss|ucx|ucxx|inproc)://\S+")


def way_of_execution(*choices: str) -> Kind:
    """A way of execution, "dask" only where it is installed."""
    kind = choice(*choices)

    def convert(value: Any) -> Any:
        problem = dask_problem() if value == "dask" else None
        if problem is not None:
            raise ValueError(problem)
        return kind.convert(value)

    return replace(kind, convert=convert)


def cluster() -> Kind:
    """A dask cluster: its scheduler's address, or an object of dask's that has one."""
    rule = (
        "the address of a dask scheduler like 'tls://10.0.0.5:8786', a distributed.Client or cluster, "
        "or None (one of our own on this machine)"
    )
    return Kind("text", rule, _as_cluster, _cluster_text, optional=True)


def _as_cluster(value: Any) -> Any:
    if isinstance(value, str):
        text = value.strip()
        if _ADDRESS.fullmatch(text):
            return text
        near = f"tcp://{text}"
        raise ValueError(f"did you mean {near!r}?" if re.fullmatch(r"[\w.\-\[\]:]+:\d+", text) else "")
    distributed = sys.modules.get("distributed")
    if distributed is None:  # nobody can have made such an object
        raise ValueError("")
    if not isinstance(value, (distributed.Client, distributed.deploy.Cluster)):
        raise ValueError("")  # noqa: TRY004  a refused value, like every other
    return value


def _cluster_text(value: Any) -> str:
    """The address, which another process can use too."""
    if isinstance(value, str):
        return value
    scheduler = getattr(value, "scheduler", None)
    address = getattr(value, "scheduler_address", None) or getattr(scheduler, "address", None)
    return str(address or repr(value))
