"""Floor 7: the shut condition. When it is looked at, and whether it is met."""

from __future__ import annotations

from rocket_magic.conditions import AlwaysFalse, BaseCondition, as_condition, parts_about_own_task
from rocket_magic.conditions._scheduler import counts_cycles
from rocket_magic.exc import USER_ERRORS, ConditionError
from rocket_magic.instants import NEVER, POLL, SECOND, Instant
from rocket_magic.scheduler._board import Board


class ShutCondition:
    """The session's `shut_cond`, as the scheduler sees it.

    Attributes:
        next_look: When it is to be asked again.
        looked: Whether its time had come in the newest step.
    """

    def __init__(self, board: Board) -> None:
        self.board = board
        self._condition: BaseCondition = AlwaysFalse()
        self.next_look: Instant = NEVER
        self.looked = False

    def read(self) -> None:
        """Take the shut condition from the config (again, after it changed)."""
        self._condition = as_condition(self.board.session.config.shut_cond)
        self.next_look = NEVER if isinstance(self._condition, AlwaysFalse) else self.board.now
        for part in parts_about_own_task(self._condition):
            self.board.scheduler_log.warning(
                "shut_cond %r: %r asks about the task it belongs to, and the scheduler is none; name the "
                "task, like \"task 'load' has succeeded\"",
                str(self._condition),
                str(part),
            )

    def is_met(self) -> bool:
        """Ask it, where it can be met; what it raises is silenced or stops the scheduler, as configured."""
        board = self.board
        self.looked = self.next_look <= board.horizon
        if self.next_look == NEVER:
            return False
        context = board.context()
        try:
            met, at = self._condition.look(context)
            if met:
                board.scheduler_log.info("The shut condition is met: %s", self._condition)
                return True
        except USER_ERRORS as error:
            text = f"shut condition {str(self._condition)!r} raised {type(error).__name__}: {error}"
            if board.session.config.silence_cond_check:
                board.silence(text, error)
                self.next_look = board.now + max(board.cycle, SECOND)
                return False
            failure = ConditionError(text)
            failure.__cause__ = error
            board.fail(text, failure)
            return False
        self.next_look = board.now + max(board.cycle, 1) if at == POLL or at <= board.now else at
        if counts_cycles(self._condition, board.n_cycles):
            self.next_look = min(self.next_look, board.now + max(board.cycle, 1))
        elif self.next_look == NEVER:
            self.next_look = NEVER - 1  # only an event can meet it, and every event brings a step
        return False
