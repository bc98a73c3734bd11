"""Notebook files for tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

LOAD = "%load_ext rocket_magic"


def code(source: str, *tags: str, cell_id: str | None = None) -> Any:
    """A code cell."""
    cell = new_code_cell(source, metadata={"tags": list(tags)} if tags else {})
    if cell_id is not None:
        cell["id"] = cell_id
    return cell


def write(path: Path, *cells: Any, **metadata: Any) -> Path:
    """Write a notebook; text is a code cell."""
    made = [code(cell) if isinstance(cell, str) else cell for cell in cells]
    nbformat.write(new_notebook(cells=[new_markdown_cell("# A notebook"), *made], metadata=metadata), path)
    return path
