"""Floor 6: records, repositories, the history index, logging and recovery.

| module | what it is |
|---|---|
| `_record`, `_models` | a line of the log: inside, and as Rocketry's models on pydantic 2 |
| `_task_log` | the session's log, the front of everything here |
| `_memory`, `_csv`, `_sql` | our repositories, with Red Bird's interface (`_query`, `_result`) |
| `_foreign`, `_redbird` | everybody else's repositories; Red Bird beside pydantic 2 |
| `_history` | the index that conditions ask; `_repository_history` asks the repository instead |
| `_survey`, `_recovery` | what a log holds when it is opened, and runs that were interrupted |
| `_claims`, `_presence`, `_advisory` | several schedulers on one database: who lives, who was first |
| `_writer`, `_emit` | the threads that write to repositories and feed logging handlers |

Nothing heavy is imported here: SQLAlchemy, Red Bird and pandas load when they are first used.
"""

from __future__ import annotations

from rocket_magic.log._claims import Claim as Claim
from rocket_magic.log._claims import StartedElsewhere as StartedElsewhere
from rocket_magic.log._csv import CsvLog as CsvLog
from rocket_magic.log._history import MemoryHistory as MemoryHistory
from rocket_magic.log._memory import MemoryLog as MemoryLog
from rocket_magic.log._models import LogRecord as LogRecord
from rocket_magic.log._models import MinimalRecord as MinimalRecord
from rocket_magic.log._models import MinimalRunRecord as MinimalRunRecord
from rocket_magic.log._models import RunRecord as RunRecord
from rocket_magic.log._models import TaskLogRecord as TaskLogRecord
from rocket_magic.log._models import TaskRunRecord as TaskRunRecord
from rocket_magic.log._record import SCHEDULER_DIED as SCHEDULER_DIED
from rocket_magic.log._record import Record as Record
from rocket_magic.log._recovery import Recovery as Recovery
from rocket_magic.log._result import LogRows as LogRows
from rocket_magic.log._sql import SqlLog as SqlLog
from rocket_magic.log._task_log import Retention as Retention
from rocket_magic.log._task_log import TaskLog as TaskLog
from rocket_magic.log._task_logger import TaskLogger as TaskLogger
from rocket_magic.log._urls import open_repository as open_repository
from rocket_magic.log._writer import RetryPolicy as RetryPolicy
