"""Floor 7: tasks that wait for each other in a circle. None of them starts unless somebody sets one off."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from rocket_magic.conditions import All, Any, BaseCondition
from rocket_magic.conditions._pipeline import Depend
from rocket_magic.conditions._tasks import name_of

if TYPE_CHECKING:
    from rocket_magic.scheduler._board import Board
    from rocket_magic.tasks import Task


def warn_of_circles(board: Board, tasks: Iterable[Task]) -> None:
    """Log each circle that goes through one of these tasks, once."""
    done: set[str] = set()
    for task in tasks:
        circle = _circle(board, task.name, done)
        if circle is not None:
            text = " -> ".join((*circle, circle[0]))
            board.scheduler_log.warning(
                "%s wait for each other in a circle (%s): none of them starts unless one is run by hand "
                "or given another condition",
                "Tasks" if len(circle) > 1 else "A task would",
                text,
            )


def _circle(board: Board, start: str, done: set[str]) -> list[str] | None:
    """Follow what a task waits for, depth first; what is in `done` was followed before."""
    if start in done:
        return None
    done.add(start)
    path: dict[str, None] = {start: None}
    trails = [_awaited(board, start)]
    while trails:
        name = next(trails[-1], None)
        if name is None:
            trails.pop()
            path.popitem()
        elif name in path:
            names = list(path)
            return names[names.index(name) :]
        elif name not in done:
            done.add(name)
            path[name] = None
            trails.append(_awaited(board, name))
    return None


def _awaited(board: Board, name: str) -> Iterator[str]:
    task = board.session.find_task(name)
    return iter(()) if task is None else iter(sorted(awaited_tasks(task.start_cond)))


def awaited_tasks(condition: BaseCondition) -> frozenset[str]:
    """The tasks that must have run before a condition can be true at all, as far as its form tells."""
    if isinstance(condition, Depend):
        return frozenset({name_of(condition.depend_task)})
    if isinstance(condition, All):
        return frozenset().union(*(awaited_tasks(part) for part in condition.children))
    if isinstance(condition, Any) and condition.children:
        return frozenset.intersection(*(awaited_tasks(part) for part in condition.children))
    return frozenset()
