"""Floor 8: `Session`, which owns everything of one scheduler.

Tasks, configuration, parameters, return values, hooks, log, clock and scheduler. Every public method
may be called from any thread: what concerns the scheduler's state goes to its inbox.
"""

from __future__ import annotations

from rocket_magic.config import Config as Config
from rocket_magic.session._session import Session as Session
from rocket_magic.tasks._home import set_default_factory

__all__ = ["Session"]

set_default_factory(Session)
