"""Floor 7: the scheduler. Agenda, looking, starting, ending, one step, and who drives it.

Read in this order: `_board` (shared state), `_agenda`, `_looking`, `_starting`, `_ending`, `_cycle` (all
that is due), `_engine` (one step, and the phases of life), `_drivers` (waiting), `_snapshot` (what others
see), `_runner` (threads and requests), `_scheduler` (the public object).
"""

from __future__ import annotations

from rocket_magic.scheduler._board import Board as Board
from rocket_magic.scheduler._board import Phase as Phase
from rocket_magic.scheduler._drivers import Driver as Driver
from rocket_magic.scheduler._engine import Engine as Engine
from rocket_magic.scheduler._hooks import Hooks as Hooks
from rocket_magic.scheduler._listeners import Change as Change
from rocket_magic.scheduler._restart_report import RestartReport as RestartReport
from rocket_magic.scheduler._runner import Runner as Runner
from rocket_magic.scheduler._scheduler import Scheduler as Scheduler
from rocket_magic.scheduler._snapshot import RunSnapshot as RunSnapshot
from rocket_magic.scheduler._snapshot import SessionSnapshot as SessionSnapshot
from rocket_magic.scheduler._snapshot import TaskSnapshot as TaskSnapshot
from rocket_magic.scheduler._snapshot import snapshot_session as snapshot_session
from rocket_magic.scheduler._snapshot import snapshot_task as snapshot_task

__all__ = [
    "Board",
    "Change",
    "Driver",
    "Engine",
    "Hooks",
    "Phase",
    "RestartReport",
    "RunSnapshot",
    "Runner",
    "Scheduler",
    "SessionSnapshot",
    "TaskSnapshot",
    "snapshot_session",
    "snapshot_task",
]
