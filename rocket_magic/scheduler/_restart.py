"""Floor 7: restarting. Four ways, of which a Jupyter kernel can do one.

* `recall`: start up again in the same process, with the configuration as it is now.
* `replace`: the interpreter is executed anew in this process, with the same arguments.
* `relaunch`: a new process takes over; this one ends.
* `fresh`: the same, in a session (on Windows: a window) of its own.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from rocket_magic._lazy import LazyModule
from rocket_magic.exc import RestartError

if TYPE_CHECKING:
    import subprocess
else:
    subprocess = LazyModule("subprocess")


def check_restart(way: str) -> None:
    """Refuse what this process can't do.

    Raises:
        RestartError: In a Jupyter kernel everything but "recall" would kill or lose the kernel.
    """
    if way != "recall" and in_kernel():
        msg = (
            f"restarting={way!r} would replace or leave this Jupyter kernel; "
            "use restarting='recall', which restarts the scheduler and keeps the kernel"
        )
        raise RestartError(msg)


def restart_process(way: str) -> None:
    """Carry a restart out that isn't `recall`; "replace" doesn't return.

    The interpreter's own arguments survive: `-m`, `-X` and the rest.
    """
    check_restart(way)
    arguments = [sys.executable, *sys.orig_argv[1:]]
    sys.stdout.flush()
    sys.stderr.flush()
    if way == "replace":
        os.execv(sys.executable, arguments)  # noqa: S606  our own interpreter and arguments
    flags = getattr(subprocess, "CREATE_NEW_CONSOLE", 0) if way == "fresh" else 0
    subprocess.Popen(  # our own interpreter and arguments
        arguments, creationflags=flags, start_new_session=way == "fresh" and os.name == "posix"
    )


def in_kernel() -> bool:
    """Whether this process is a Jupyter kernel."""
    module = sys.modules.get("ipykernel.kernelapp")
    application = getattr(module, "IPKernelApp", None)
    return bool(application is not None and application.initialized())
