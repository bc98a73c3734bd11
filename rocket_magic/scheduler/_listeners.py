"""Floor 7: who is told of changes. What a listener raises is counted, never passed on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rocket_magic.exc import USER_ERRORS

if TYPE_CHECKING:
    from rocket_magic.args import Parameters
    from rocket_magic.log import Record

__all__ = ["Change", "Listener", "Listeners"]


@dataclass(frozen=True, slots=True)
class Change:
    """Something that a listener may want to show.

    Attributes:
        kind: "task" (defined, changed, removed), "run" (started, ended), "record", "state", "config".
        task: The task's name, where one is concerned.
        record: The record, for kind "record".
        batch: The parameters as they were queued, for the record of a run by hand.
    """

    kind: str
    task: str | None = None
    record: Record | None = None
    batch: Parameters | None = None


Listener = Callable[[Change], None]


class Listeners:
    """The functions that are called after every change, on the thread that made it.

    Args:
        complain: Told of the first error that one of them raises.

    Attributes:
        all: Those there are; looked at before a change is put into words.
        n_errors: How often one has raised.
    """

    def __init__(self, complain: Callable[[str, BaseException], None]) -> None:
        self.all: tuple[Listener, ...] = ()
        self.n_errors = 0
        self._complain = complain

    def add(self, listener: Listener) -> Callable[[], None]:
        """Take one in; returns a function that ends its subscription."""
        self.all = (*self.all, listener)

        def unsubscribe() -> None:
            self.all = tuple(one for one in self.all if one is not listener)

        return unsubscribe

    def tell(self, change: Change) -> None:
        """Tell all of them."""
        for listener in self.all:
            try:
                listener(change)
            except USER_ERRORS as error:
                self.n_errors += 1
                if self.n_errors == 1:
                    self._complain(f"a listener of the session raised: {error}", error)
