"""Floor 6: records, repositories, the history index, logging and recovery.

| module | what it is |
|---|---|
| `_record`, `_models` | a line of the log: inside, and as Rocketry's models on pydantic 2 |
| `_task_log` | the session's log, the front of everything here |
| `_places`, `_retention` | the repository a log is written to, its mirrors, and what it may forget |
| `_recent`, `_numbering` | the newest records and ended runs, kept at hand; their order, and runs under way |
| `_memory`, `_csv`, `_sql` | our repositories, with Red Bird's interface (`_query`, `_result`) |
| `_foreign`, `_redbird` | everybody else's repositories; Red Bird beside pydantic 2 |
| `_history` | the index that conditions ask; `_repository_history` asks the repository instead |
| `_survey`, `_recovery` | what a log holds when it is opened, and runs that were interrupted |
| `_sharing`, `_claims`, `_presence`, `_advisory` | several schedulers on one log: who lives, who was first |
| `_writer`, `_emit` | the threads that write to repositories and feed logging handlers |
| `_loggers` | the stdlib loggers that records go to |
| `_window` | the repository, where programs for Rocketry look for it: among the logger's handlers |

Files, databases and record models load when they are first used; so do SQLAlchemy, Red Bird and pandas.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from rocket_magic.log._claims import Claim as Claim
from rocket_magic.log._claims import StartedElsewhere as StartedElsewhere
from rocket_magic.log._history import MemoryHistory as MemoryHistory
from rocket_magic.log._memory import MemoryLog as MemoryLog
from rocket_magic.log._record import SCHEDULER_DIED as SCHEDULER_DIED
from rocket_magic.log._record import Record as Record
from rocket_magic.log._recovery import Recovery as Recovery
from rocket_magic.log._result import LogRows as LogRows
from rocket_magic.log._retention import Retention as Retention
from rocket_magic.log._task_log import TaskLog as TaskLog
from rocket_magic.log._task_logger import TaskLogger as TaskLogger
from rocket_magic.log._window import hide_repository as hide_repository
from rocket_magic.log._window import show_repository as show_repository
from rocket_magic.log._writer import RetryPolicy as RetryPolicy

if TYPE_CHECKING:
    from rocket_magic.log._csv import CsvLog as CsvLog
    from rocket_magic.log._models import LogRecord as LogRecord
    from rocket_magic.log._models import MinimalRecord as MinimalRecord
    from rocket_magic.log._models import MinimalRunRecord as MinimalRunRecord
    from rocket_magic.log._models import RunRecord as RunRecord
    from rocket_magic.log._models import TaskLogRecord as TaskLogRecord
    from rocket_magic.log._models import TaskRunRecord as TaskRunRecord
    from rocket_magic.log._sql import SqlLog as SqlLog
    from rocket_magic.log._urls import open_repository as open_repository

_HOMES = {
    "CsvLog": "_csv",
    "LogRecord": "_models",
    "MinimalRecord": "_models",
    "MinimalRunRecord": "_models",
    "RunRecord": "_models",
    "SqlLog": "_sql",
    "TaskLogRecord": "_models",
    "TaskRunRecord": "_models",
    "open_repository": "_urls",
}


def __getattr__(name: str) -> Any:
    """A name whose module loads on first use."""
    if name in _HOMES:
        found = globals()[name] = getattr(importlib.import_module(f"rocket_magic.log.{_HOMES[name]}"), name)
        return found
    msg = f"module 'rocket_magic.log' has no attribute {name!r}"
    raise AttributeError(msg)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
