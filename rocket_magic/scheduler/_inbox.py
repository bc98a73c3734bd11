"""Floor 7: the inbox. How other threads reach the scheduler's.

Anybody may `put` a command (a function without arguments) or an outcome; only the owner takes. The
alarm is rung only while the owner waits, so that a busy scheduler costs its senders an append.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from rocket_magic.clock import Alarm

if TYPE_CHECKING:
    from rocket_magic.execution import Outcome

Command = Callable[[], None]


class Inbox:
    """Commands and outcomes on their way to the scheduler's thread."""

    __slots__ = ("_commands", "_outcomes", "_waiting", "alarm")

    def __init__(self) -> None:
        self.alarm = Alarm()
        self._commands: deque[Command] = deque()
        self._outcomes: deque[Outcome] = deque()
        self._waiting = False

    def post(self, command: Command) -> None:
        """Have a command carried out on the scheduler's thread."""
        self._commands.append(command)
        if self._waiting:
            self.alarm.ring()

    def report(self, outcome: Outcome) -> None:
        """Hand in the outcome of a run."""
        self._outcomes.append(outcome)
        if self._waiting:
            self.alarm.ring()

    def report_on_loop(self, outcome: Outcome) -> None:
        """Hand in the outcome of a run from the event loop that the owner waits on, not from elsewhere."""
        self._outcomes.append(outcome)
        if self._waiting:
            self.alarm.ring_on_loop()

    def announce_wait(self, known: int = 0) -> bool:
        """Say that the owner is about to wait; False when something is there already.

        Args:
            known: Outcomes that the owner knows of and can't take yet.
        """
        self._waiting = True
        if self._commands or len(self._outcomes) > known:
            self._waiting = False
            return False
        return True

    def waited(self) -> None:
        """Say that the owner is awake."""
        self._waiting = False

    def commands(self, most: int | None) -> list[Command]:
        """Take the commands that are here now, the oldest first, so many at most."""
        count = len(self._commands) if most is None else min(len(self._commands), most)
        return [self._commands.popleft() for _ in range(count)]

    @property
    def n_outcomes(self) -> int:
        """How many outcomes wait to be taken."""
        return len(self._outcomes)

    def outcomes(self) -> list[Outcome]:
        """Take the outcomes that are here now."""
        taken: list[Outcome] = []
        while self._outcomes:
            taken.append(self._outcomes.popleft())
        return taken

    @property
    def has_commands(self) -> bool:
        """Whether a command waits to be carried out."""
        return bool(self._commands)

    def __bool__(self) -> bool:
        return bool(self._commands or self._outcomes)
