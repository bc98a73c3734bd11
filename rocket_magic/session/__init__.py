"""Floor 8: `Session`, which owns everything of one scheduler.

Tasks, configuration, parameters, return values, hooks, log, clock and scheduler. Every public method
may be called from any thread: what concerns the scheduler's state goes to its inbox.

`_session` is the front; behind it are the tasks by name (`_registry`), clock and log, which change together
(`_times`), conditions read so that equal ones are shared (`_reading`), return values (`_returns`), and the
count of runs (`_run_count`).
"""

from __future__ import annotations

from rocket_magic.config import Config as Config
from rocket_magic.session._session import Session as Session

__all__ = ["Session"]
