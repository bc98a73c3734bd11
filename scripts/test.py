"""Set up and run the tests: `python scripts/test.py [arguments of pytest]`.

Makes `.venv`, installs the package with its test extra and runs pytest. Needs Python and pip only; tests that
need a browser or a database server are skipped where there is none, and say what to install.

The whole suite is shared out among processes, one for each core; tests that are named on the command line run
in one, so that `--pdb` and `-s` work as ever. `-n 0` turns the sharing off.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence

import _venv

# Tests of a file stay together, as they share servers and kernels; `tests/conftest.py` puts long files first.
SHARED_OUT = ("-n", "logical", "--maxprocesses", "4", "--dist", "loadfile", "--no-loadscope-reorder")


def main() -> int:
    """Run the suite; pytest's exit code."""
    python = _venv.ensure("test")
    given = sys.argv[1:]
    options = SHARED_OUT if is_whole_suite(given) else ()
    # The suite starts hundreds of interpreters: without bytecode each would compile the package anew.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command = [str(python), "-m", "pytest", "-ra", *options, *given]
    return subprocess.run(command, cwd=_venv.ROOT, env=environment, check=False).returncode


def is_whole_suite(given: Sequence[str]) -> bool:
    """Whether no argument names a test file or folder, or how to share out."""
    return not any(
        one.startswith(("-n", "--pdb")) or (_venv.ROOT / one.partition("::")[0]).exists() for one in given
    )


if __name__ == "__main__":
    sys.exit(main())
