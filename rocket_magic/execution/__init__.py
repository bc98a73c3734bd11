"""Floor 4: how a run is carried out: on the scheduler's thread, its loop, a thread, a process, or a cluster.

`make_executors(settings)` gives one executor per way; each takes a `RunOrder` and reports one
`Outcome`. Whatever a task does, exactly one truthful outcome comes of it. Another way is added with
`Executors.register`.

* `_base` what a run is given and reports · `_registry` the executors by name · `_calling` a task's code
* `_main` `_async` `_thread` and `_pool`, `_watched` · `process/` runs in workers · `_command` commands
* `dask/` runs on a cluster, in workers there
* `_outcome` `_failure` what became of a run · `_forked` children that a run's code has forked
"""

from rocket_magic.execution._base import ExecutionSettings as ExecutionSettings
from rocket_magic.execution._base import Executor as Executor
from rocket_magic.execution._base import Flag as Flag
from rocket_magic.execution._base import Outcome as Outcome
from rocket_magic.execution._base import RunOrder as RunOrder
from rocket_magic.execution._calling import in_run_code as in_run_code
from rocket_magic.execution._command import run_command as run_command
from rocket_magic.execution._failure import exception_text as exception_text
from rocket_magic.execution._registry import Executors as Executors
from rocket_magic.execution._registry import make_executors as make_executors
from rocket_magic.execution._thread import run_on_stack as run_on_stack

__all__ = [
    "ExecutionSettings",
    "Executor",
    "Executors",
    "Flag",
    "Outcome",
    "RunOrder",
    "exception_text",
    "in_run_code",
    "make_executors",
    "run_command",
    "run_on_stack",
]
