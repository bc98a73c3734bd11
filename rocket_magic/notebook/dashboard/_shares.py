"""Floor 9, dashboard: which runs are drawn where there are too many: a fair share of each task's.

A task that runs every second must not push the weekly ones off the picture.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rocket_magic.notebook._text import one_line
from rocket_magic.notebook.dashboard._source import LogRow

__all__ = ["fair_shares", "named"]

_MOST_NAMED = 3


def fair_shares(rows: Sequence[LogRow], most: int) -> tuple[list[LogRow], Counter[str]]:
    """The first rows of each task, `most` in all: what rare tasks leave over goes to the busy ones.

    Args:
        rows: Rows of many tasks, the most important first.
        most: How many may be kept.

    Returns:
        The rows that are kept, in the same order, and how many of which task are not.
    """
    counts = Counter(row.task for row in rows)
    quotas: Counter[str] = Counter()
    left = most
    for place, (task, count) in enumerate(sorted(counts.items(), key=lambda item: item[1])):
        quotas[task] = min(count, left // (len(counts) - place))
        left -= quotas[task]
    cut = counts - quotas
    kept = []
    for row in rows:
        if quotas[row.task]:
            quotas[row.task] -= 1
            kept.append(row)
    return kept, cut


def named(cut: Counter[str]) -> str:
    """Whose runs were cut, those with the most first: "'a', 'b' and 3 more tasks"."""
    names = [repr(one_line(task, 40)) for task, _ in cut.most_common(_MOST_NAMED)]
    more = len(cut) - len(names)
    return ", ".join(names) + (f" and {more:,} more task{'s' * (more > 1)}" if more > 0 else "")
