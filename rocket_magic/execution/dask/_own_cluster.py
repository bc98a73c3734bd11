"""Floor 4: a cluster of our own, in one process beside the scheduler's.

It has one dask worker, whose runs have processes of their own. It listens on 127.0.0.1 only, and takes only
connections that show the key which was made for it. It ends with the scheduler's process, however that ends.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from typing import Any, Final

from distributed.security import Security

from rocket_magic.exc import TaskSetupError
from rocket_magic.execution.process._pack import Home

__all__ = ["OwnCluster"]

_ENDING: Final = 5.0
_PROGRAM: Final = """
import sys; sys.path[:] = {path!r}
from rocket_magic.execution.dask._cluster_process import main; main()
"""
_FIELDS: Final = (
    "tls_ca_file", "tls_client_key", "tls_client_cert", "tls_scheduler_key", "tls_scheduler_cert",
    "tls_worker_key", "tls_worker_cert",
)  # fmt: skip


class OwnCluster:
    """Started when made, which takes a second or two.

    Args:
        places: How many runs it carries out at one time.
        home: What its process begins with.

    Attributes:
        address: Where its scheduler listens.
        security: The key to it.

    Raises:
        TaskSetupError: It could not be started.
    """

    def __init__(self, places: int, home: Home) -> None:
        try:
            self.security = Security.temporary()
        except ImportError as error:
            msg = (
                "a dask cluster on this machine needs cryptography for its key: "
                "pip install 'rocket_magic[dask]', or name another one with the option dask_cluster"
            )
            raise TaskSetupError(msg) from error
        self._process = subprocess.Popen(  # noqa: S603  our own interpreter and module
            [sys.executable, "-c", _PROGRAM.format(path=list(home.path))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=dict(home.environment),
            start_new_session=True,  # the terminal's interrupt is for the scheduler
        )
        key = {name: getattr(self.security, name) for name in _FIELDS}
        told = self._exchange(
            {"places": places, "security": key}
        )  # by the pipe: anybody can read a command line
        if "address" not in told:
            self.close()
            msg = (
                f"no dask cluster could be started on this machine: {told.get('problem', 'it ended at once')}"
            )
            raise TaskSetupError(msg)
        self.address: str = told["address"]

    def _exchange(self, said: dict[str, Any]) -> dict[str, Any]:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        try:
            stdin.write(json.dumps(said).encode() + b"\n")
            stdin.flush()
            line = stdout.readline()
        except OSError:
            return {}
        told: dict[str, Any] = json.loads(line) if line else {}
        return told

    def close(self) -> None:
        """End it and all that runs there."""
        process = self._process
        if process.stdin is not None:
            with contextlib.suppress(OSError):
                process.stdin.close()
        try:
            process.wait(_ENDING)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()
