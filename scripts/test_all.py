"""Run the tests on every supported Python that this machine has: `python scripts/test_all.py`.

Each version gets an environment of its own, `.venv-3.11` and so on. A version that is not installed is said
and passed over; it is an error when none is.
"""

from __future__ import annotations

import os
import subprocess
import sys

import _venv


def main() -> int:
    """Run the suites one after the other; 0 when all passed."""
    results: dict[str, str] = {}
    for version in _venv.SUPPORTED:
        python = _venv.find_python(version)
        if python is None:
            results[version] = "not installed"
            continue
        environment = {**os.environ, "ROCKET_MAGIC_VENV": str(_venv.ROOT / f".venv-{version}")}
        command = [str(python), str(_venv.ROOT / "scripts" / "test.py"), *sys.argv[1:]]
        code = subprocess.run(command, env=environment, check=False).returncode
        results[version] = "passed" if code == 0 else f"failed (exit code {code})"
    for version, result in results.items():
        print(f"Python {version}: {result}")
    ran = [result for result in results.values() if result != "not installed"]
    return 0 if ran and all(result == "passed" for result in ran) else 1


if __name__ == "__main__":
    sys.exit(main())
