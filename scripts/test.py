"""Set up and run the tests: `python scripts/test.py [arguments of pytest]`.

Makes `.venv`, installs the package with its test extra and runs pytest. Needs Python and pip only; tests that
need a browser or a database server are skipped where there is none, and say what to install.
"""

from __future__ import annotations

import subprocess
import sys

import _venv


def main() -> int:
    """Run the suite; pytest's exit code."""
    python = _venv.ensure("test")
    return subprocess.run(
        [str(python), "-m", "pytest", "-ra", *sys.argv[1:]], cwd=_venv.ROOT, check=False
    ).returncode


if __name__ == "__main__":
    sys.exit(main())
