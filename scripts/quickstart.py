"""Set up and open the quickstart notebook: `python scripts/quickstart.py [--headless]`.

Makes `.venv`, installs the package with its lab extra and opens `notebooks/01-quickstart.ipynb` in
JupyterLab. With `--headless` it runs the notebook to its end without a browser and prints what ran.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys

import _venv

NOTEBOOK = _venv.ROOT / "notebooks" / "01-quickstart.ipynb"


def main() -> int:
    """Open or run the notebook; the exit code of what was started."""
    parser = argparse.ArgumentParser(description="Set up rocket_magic and open its quickstart notebook.")
    parser.add_argument("--headless", action="store_true", help="run it to its end and print what ran")
    options, jupyter_arguments = parser.parse_known_args()
    python = str(_venv.ensure("lab"))
    if options.headless:
        command = [python, str(_venv.ROOT / "scripts" / "_run_notebook.py"), str(NOTEBOOK)]
    else:
        command = [python, "-m", "jupyterlab", str(NOTEBOOK), *_as_root(), *jupyter_arguments]
    try:
        return subprocess.run(command, cwd=_venv.ROOT, check=False).returncode
    except KeyboardInterrupt:  # how people leave JupyterLab; it has said good-bye itself
        return 0


def _as_root() -> list[str]:
    """Jupyter refuses root unless it is told so; in a container root is what there is."""
    return ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []


if __name__ == "__main__":
    sys.exit(main())
