"""Run a notebook to its end and print what its scheduler did: `python _run_notebook.py NOTEBOOK`.

The notebook on disk stays as it is. Needs the packages of the lab extra.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

REPORT = "%rocket log -n 40"


def main(path: Path) -> int:
    """Run `path`; 0 when every cell succeeded."""
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell(REPORT))
    client = NotebookClient(
        notebook,
        timeout=120,
        kernel_name="python3",
        extra_arguments=["--log-level=ERROR"],  # the kernel's advice about its ports is not for the reader
        resources={"metadata": {"path": str(path.parent)}},
    )
    try:
        client.execute()
    except CellExecutionError as error:
        print(error, file=sys.stderr)
        return 1
    code_cells = sum(cell.cell_type == "code" for cell in notebook.cells) - 1
    print(f"{path.name}: {code_cells} cells ran. The task log:\n")
    print(_text(notebook.cells[-1].outputs))
    return 0


def _text(outputs: list[Any]) -> str:
    """What the outputs of a cell say as plain text."""
    parts = [output.get("text") or output.get("data", {}).get("text/plain", "") for output in outputs]
    return "".join(parts)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
