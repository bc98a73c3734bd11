"""The notebooks run from top to bottom and show what is stored in them (nbval, one kernel each)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent
FOLDER = HERE.parent.parent / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))

pytestmark = [pytest.mark.kernel, pytest.mark.slow]


def read(path: Path) -> dict[str, Any]:
    """A notebook as JSON."""
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs_and_shows_what_is_stored(path: Path, tmp_path: Path) -> None:
    """Outputs equal the stored ones, where the cell is not tagged as free."""
    options = ["-c", str(HERE / "nbval.ini"), "--rootdir", str(tmp_path)]
    nbval = ["--nbval", "--nbval-current-env", "--nbval-sanitize-with", str(HERE / "sanitize.cfg")]
    command = [sys.executable, "-m", "pytest", *options, *nbval, str(path)]
    environment = {**os.environ, "IPYTHONDIR": str(tmp_path / "ipython"), "JUPYTER_NO_CONFIG": "1"}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_is_fit_to_be_committed(path: Path) -> None:
    """Outputs are stored, widget state is not (GitHub refuses it), and no path of a machine is in it."""
    notebook = read(path)
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert [cell["id"] for cell in cells if cell["execution_count"] is None] == []
    assert any(cell["outputs"] for cell in cells)
    assert "widgets" not in notebook["metadata"]
    text = path.read_text(encoding="utf-8")
    assert [place for place in ("/tmp/", "/home/", "/root/", "/Users/") if place in text] == []
