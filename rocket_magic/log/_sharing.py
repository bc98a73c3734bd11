"""A log that several schedulers write: what the others wrote is taken over, and starts it forbids refused."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rocket_magic.log._claims import Claim, StartedElsewhere
from rocket_magic.log._record import Record

__all__ = ["Sharing"]


class Sharing:
    """What one scheduler knows of the others on its log. Used by the writer's thread.

    Args:
        learn: Lets the history know of records that others wrote.

    Attributes:
        version: Counts what was taken over; see `Claim`.
    """

    def __init__(self, learn: Callable[[Sequence[Record]], None]) -> None:
        self.version = 0
        self._learn = learn
        self._taken_over: dict[str, int] = {}

    def check(self, claims: Sequence[Claim]) -> None:
        """Refuse starts that were decided before something was taken over.

        Raises:
            StartedElsewhere: Names their tasks.
        """
        for claim in claims:
            known = self._taken_over
            late = [task for task in claim.tasks if known.get(task, 0) > claim.version] if known else ()
            if late:
                raise StartedElsewhere(frozenset(late))

    def add(self, store: Any, records: Sequence[Record], claims: Sequence[Claim]) -> None:
        """Add records to the repository, and take over what others added where it can tell."""
        if not hasattr(store, "take_news"):
            store.add_many(records)
            return
        claimed = frozenset(task for claim in claims for task in claim.tasks)
        try:
            store.add_many(records, claimed)
        finally:
            news = store.take_news()
            if news:
                self._take_over(news)

    def _take_over(self, news: Sequence[Record]) -> None:
        for record in news:
            self._taken_over[record.task_name] = self.version + 1
        self._learn(news)
        self.version += 1  # last: whoever reads the new version has the new history
