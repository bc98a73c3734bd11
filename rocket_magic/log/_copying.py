"""Floor 6: a copy of a log in another repository."""

from __future__ import annotations

import itertools
from typing import Final

from rocket_magic.exc import RepositoryError
from rocket_magic.log._result import Source
from rocket_magic.log._urls import Store

__all__ = ["copy_records"]

_TOGETHER: Final = 5_000


def copy_records(source: Source, target: Store) -> int:
    """Write all records of a repository into an empty one; how many there are.

    Raises:
        RepositoryError: The target holds records already: the two histories would be mixed.
    """
    held = target.count(())
    if held:
        msg = f"{target.url} holds {held:,} records already: save into a new file or table"
        raise RepositoryError(msg)
    total = 0
    records = iter(source.select(()))
    while group := list(itertools.islice(records, _TOGETHER)):
        target.add_many(group)
        total += len(group)
    return total
