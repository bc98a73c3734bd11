"""Floor 8: the pipelines of a session as links between tasks, to draw or to check them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rocket_magic.conditions import BaseCondition
from rocket_magic.conditions._pipeline import Depend
from rocket_magic.conditions._tasks import name_of

if TYPE_CHECKING:
    from rocket_magic.session import Session
    from rocket_magic.tasks import Task

__all__ = ["Dependencies", "Link", "get_dependencies"]


@dataclass(frozen=True, slots=True)
class Link:
    """One step of a pipeline: a task whose start waits for another task.

    Attributes:
        parent: The task that comes before.
        child: The task that waits for it.
        relation: The kind of condition that joins them, like `DependSuccess`.
    """

    parent: Task
    child: Task
    relation: type[BaseCondition]

    def __str__(self) -> str:
        return f"{self.parent.name!r} -> {self.child.name!r} ({self.relation.__name__})"


@dataclass(frozen=True, slots=True)
class Dependencies:
    """The links of a session; to be looped over, counted and searched like a sequence.

    Attributes:
        links: Each once, in the order of the tasks that wait and of their conditions.
        missing: What is waited for though there is no task of that name: (name, task that waits).
    """

    links: tuple[Link, ...] = ()
    missing: tuple[tuple[str, Task], ...] = ()

    def __iter__(self) -> Iterator[Link]:
        return iter(self.links)

    def __len__(self) -> int:
        return len(self.links)

    def __getitem__(self, index: int) -> Link:
        return self.links[index]


def get_dependencies(session: Session) -> Dependencies:
    """List which tasks of a session wait for which, and for what.

    Source: `rocketry.utils.dependencies` (BEHAVIOUR 1.11), which sees pipeline conditions at the top of a
    start condition only; here those below `&`, `|` and `~` count as well.

    Args:
        session: Its tasks' start conditions are read; nothing is asked or changed.
    """
    links: dict[Link, None] = {}
    missing: dict[tuple[str, Task], None] = {}
    for child in session.task_list():
        for part in _pipeline_parts(child.start_cond):
            name = name_of(part.depend_task)
            parent = session.find_task(name)
            if parent is None:
                missing[name, child] = None
            else:
                links[Link(parent, child, type(part))] = None
    return Dependencies(tuple(links), tuple(missing))


def _pipeline_parts(condition: BaseCondition) -> Iterator[Depend]:
    """The pipeline conditions in a condition, from left to right."""
    if isinstance(condition, Depend):
        yield condition
    for child in condition.children:
        yield from _pipeline_parts(child)
