"""rocket_magic: a scheduler that lives in a notebook, and the engine below it.

In a notebook: ``%load_ext rocket_magic``, then ``%%task daily`` on top of a cell and ``%rocket show``.
In a program: ``from rocket_magic import Rocketry``.

The house, floor by floor; a floor imports only lower ones:

* 0 `exc`, `instants`, `clock`, `_protocols`: errors, moments, time itself, and what floors meet in
* 1 `time`: periods, cron, zones
* 2 `conditions`, `conds`: when something is true, and the phrase language
* 3 `args`, `config`: what tasks are given, and every option
* 4 `execution`: how runs are carried out
* 5 `tasks`: a callable plus its policy
* 6 `log`, `repos`: records, repositories, history
* 7 `scheduler`: agenda, starting, ending, waiting
* 8 `session`, `app`, `core`, `forecast`, `testing`: what programs use
* 9 `notebook`: magics, cells, dashboard, notebooks without a frontend
* 10 `cli`: the command `rocket-magic`

Importing the package starts nothing. Names are loaded on first use.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from rocket_magic._default_session import set_default_factory
from rocket_magic._import_view import install_redbird_view
from rocket_magic._old_paths import install_old_paths

if TYPE_CHECKING:
    from rocket_magic.app import Grouper as Grouper
    from rocket_magic.app import Rocketry as Rocketry
    from rocket_magic.clock import VirtualClock as VirtualClock
    from rocket_magic.scheduler import Scheduler as Scheduler
    from rocket_magic.session import Session as Session
    from rocket_magic.tasks import CodeTask as CodeTask
    from rocket_magic.tasks import CommandTask as CommandTask
    from rocket_magic.tasks import FuncTask as FuncTask

__version__ = "0.1.0"

_HOMES = {
    "CodeTask": "tasks",
    "CommandTask": "tasks",
    "FuncTask": "tasks",
    "Grouper": "app",
    "Rocketry": "app",
    "Scheduler": "scheduler",
    "Session": "session",
    "VirtualClock": "clock",
}

__all__ = [
    "CodeTask",
    "CommandTask",
    "FuncTask",
    "Grouper",
    "Rocketry",
    "Scheduler",
    "Session",
    "VirtualClock",
    "__version__",
    "load_ipython_extension",
    "unload_ipython_extension",
]

install_redbird_view()
install_old_paths()


def _make_session() -> Any:
    return importlib.import_module("rocket_magic.session").Session()


set_default_factory(_make_session)


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(f"rocket_magic.{_HOMES[name]}"), name)
    msg = f"module 'rocket_magic' has no attribute {name!r}"
    raise AttributeError(msg)


def __dir__() -> list[str]:
    return sorted(__all__)


def load_ipython_extension(ipython: Any) -> None:
    """Called by ``%load_ext rocket_magic``."""
    importlib.import_module("rocket_magic.notebook").load_ipython_extension(ipython)


def unload_ipython_extension(ipython: Any) -> None:
    """Called by ``%unload_ext rocket_magic``."""
    importlib.import_module("rocket_magic.notebook").unload_ipython_extension(ipython)
