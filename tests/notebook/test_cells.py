"""Which cell made which task."""

from __future__ import annotations

from rocket_magic.notebook._cells import CellOrigin, CellRegistry


def cell(cell_id: str | None, notebook: str = "a.ipynb") -> CellOrigin:
    """A cell's origin."""
    return CellOrigin(cell_id, notebook, 1, "%%task")


def test_cells_are_told_apart_by_id_and_notebook() -> None:
    """Two notebooks on one kernel may use the same id."""
    assert cell("1").is_same_cell(cell("1"))
    assert not cell("1").is_same_cell(cell("2"))
    assert not cell("1").is_same_cell(cell("1", "b.ipynb"))
    assert cell(None).is_same_cell(cell(None))
    assert not cell(None).is_same_cell(cell("1"))


def test_the_task_of_a_cell() -> None:
    """Known by id; without one nothing is known."""
    registry = CellRegistry()
    registry.remember("load", cell("1"))
    assert "load" == registry.task_of(cell("1"))
    assert registry.task_of(cell("2")) is None
    registry.remember("other", cell(None))
    assert registry.task_of(cell(None)) is None
    registry.forget("load")
    assert registry.origin("load") is None


def test_edits_get_file_names_of_their_own() -> None:
    """Old code in flight keeps its lines."""
    registry = CellRegistry()
    assert "<task load>" == registry.file_name("load", source_is_new=True)
    assert "<task load>" == registry.file_name("load", source_is_new=False)
    assert "<task load, edit 2>" == registry.file_name("load", source_is_new=True)
