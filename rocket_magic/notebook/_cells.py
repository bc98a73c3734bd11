"""Floor 9: which cell made which task, so that re-running a cell replaces its task."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["CellOrigin", "CellRegistry"]


@dataclass(frozen=True, slots=True)
class CellOrigin:
    """Where a task was made.

    Attributes:
        cell_id: The frontend's id of the cell, or None where it gives none (terminal, nbclient).
        notebook: The notebook's path, or "".
        number: The cell's execution number, for people.
        first_line: The cell's first line, for people.
    """

    cell_id: str | None
    notebook: str
    number: int
    first_line: str

    def is_same_cell(self, other: CellOrigin) -> bool:
        """Whether both are the same cell, as far as the frontend tells."""
        if self.cell_id is None or other.cell_id is None:
            return self.cell_id is other.cell_id
        return (self.cell_id, self.notebook) == (other.cell_id, other.notebook)


class CellRegistry:
    """Task names by cell. Used by foreground cells only, which run one after the other."""

    def __init__(self) -> None:
        self._origins: dict[str, CellOrigin] = {}
        self._versions: dict[str, int] = {}

    def origin(self, task_name: str) -> CellOrigin | None:
        """The cell that made a task, or None."""
        return self._origins.get(task_name)

    def task_of(self, cell: CellOrigin) -> str | None:
        """The task that a cell made when it ran last, or None."""
        if cell.cell_id is None:
            return None
        names = (name for name, origin in self._origins.items() if origin.is_same_cell(cell))
        return next(names, None)

    def remember(self, task_name: str, cell: CellOrigin) -> None:
        """A cell has made a task."""
        self._origins[task_name] = cell

    def forget(self, task_name: str) -> None:
        """A task is gone."""
        self._origins.pop(task_name, None)

    def file_name(self, task_name: str, source_is_new: bool) -> str:
        """The name that tracebacks give the cell: the same for the same source.

        A changed cell gets another one, so that runs of the old code still show the old lines.
        """
        version = self._versions.get(task_name, 0)
        if source_is_new:
            version = self._versions[task_name] = version + 1
        return f"<task {task_name}>" if version <= 1 else f"<task {task_name}, edit {version}>"
