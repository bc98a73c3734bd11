"""Floor 7: the public scheduler object of a session: what it does, and the switch to hold it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from rocket_magic.instants import Instant, to_datetime
from rocket_magic.scheduler._board import Phase

if TYPE_CHECKING:
    from rocket_magic.scheduler._engine import Engine


class Scheduler:
    """What a session's scheduler does. Safe to read and to set from any thread.

    Args:
        engine: The engine behind it.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._board = engine.board

    @property
    def on_hold(self) -> bool:
        """While True nothing starts; runs in flight go on, and what was due starts once on release."""
        return self._board.on_hold

    @on_hold.setter
    def on_hold(self, value: bool) -> None:
        board = self._board

        def change() -> None:
            board.on_hold = bool(value)
            board.publish("state")

        board.inbox.post(change)
        if not self._engine.alive:
            board.on_hold = bool(value)

    @property
    def state(self) -> str:
        """One of "stopped", "starting", "running", "held", "stopping", "restarting", "crashed"."""
        board = self._board
        held = board.phase is Phase.RUNNING and (board.on_hold or board.log_pause is not None)
        return "held" if held else board.phase.value

    @property
    def is_alive(self) -> bool:
        """Whether it is between startup and the end of its shutdown."""
        return self._engine.alive

    @property
    def n_cycles(self) -> int:
        """How often it has looked at tasks since it started."""
        return self._board.n_cycles

    @property
    def started_at(self) -> Instant | None:
        """Instant of the last startup."""
        return self._board.started_at

    @property
    def startup_time(self) -> datetime | None:
        """When it last started; naive local time unless the session has a `timezone`."""
        board = self._board
        if board.started_at is None:
            return None
        moment = to_datetime(board.started_at, board.session.zone)
        return moment if board.session.config.timezone is not None else moment.replace(tzinfo=None)

    @property
    def n_alive(self) -> int:
        """How many runs are in flight."""
        return len(self._board.runs)

    def set_shut_down(self) -> None:
        """Ask it to shut down (Rocketry's name; see `Session.shut_down`)."""
        board = self._board

        def stop() -> None:
            board.stop_wanted = True

        board.inbox.post(stop)

    def __repr__(self) -> str:
        return f"<Scheduler {self.state}, {self.n_alive} runs in flight>"
