"""`python -m tests.benchmarks [--quick] [--only W2 ...] [--systems ...]`: prints a table, writes JSON."""

from __future__ import annotations

import argparse
import importlib.util
import os
import subprocess
import sys
import time
import venv
from pathlib import Path

from tests.benchmarks import harness
from tests.benchmarks.plan import OURS, plan

ROCKETRY = "rocketry==2.5.1"
ARTEFACTS = harness.ROOT / "artefacts"


def main() -> int:
    """Measure, print and write; 0 whatever the figures are: this run is to be read, not to be passed."""
    options = _options()
    pythons = _pythons(options.systems, quick=options.quick)
    began = time.monotonic()
    results = []
    for measurement in plan():
        if options.only and measurement.workload not in options.only:
            continue
        if options.quick and measurement.quick is None:
            continue
        repeats = options.repeats or (1 if options.quick else 3)
        results.append(
            harness.measure(measurement, pythons, quick=options.quick, repeats=repeats, tell=_tell)
        )
    print(harness.table(results))
    harness.write_json(results, options.json)
    _tell(f"{time.monotonic() - began:.0f} s; figures kept in {os.path.relpath(options.json)}")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rows, shorter, once: a minute or two")
    parser.add_argument("--only", nargs="+", metavar="W", help="these workloads only (W1 W2 …)")
    parser.add_argument(
        "--systems", nargs="+", metavar="NAME", help="these systems only (rocket_magic is one)"
    )
    parser.add_argument("--repeats", type=int, help="figures are medians of so many (3, or 1 with --quick)")
    parser.add_argument(
        "--json", type=Path, default=ARTEFACTS / "benchmarks.json", help="where figures are kept"
    )
    return parser.parse_args()


def _pythons(wanted: list[str] | None, *, quick: bool) -> dict[str, str]:
    """Which Python runs which system; what can't be installed is said and left out.

    A quick run leaves Rocketry out unless it is named: an environment must be made for it, and it is slow.
    """
    found = {OURS: sys.executable, "pydantic": sys.executable}
    for package in ("apscheduler", "schedule"):
        if importlib.util.find_spec(package) is None:
            _tell(f"{package} is not installed: pip install 'rocket_magic[bench]' measures beside it")
        else:
            found[package] = sys.executable
    if "rocketry" in wanted if wanted is not None else not quick:
        rocketry = _rocketry_python()
        if rocketry is not None:
            found["rocketry"] = str(rocketry)
    return {name: python for name, python in found.items() if wanted is None or name in wanted}


def _rocketry_python() -> Path | None:
    """An environment with Rocketry, which needs pydantic 1 and so can't live in ours; made once."""
    folder = ARTEFACTS / "rocketry-venv"
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    if (folder / "complete").exists():
        return python
    _tell(f"making an environment for {ROCKETRY}")
    try:
        venv.create(folder, with_pip=True, clear=True)
        packages = [ROCKETRY, "pydantic<2", "psutil", "setuptools<80"]
        subprocess.run([str(python), "-m", "pip", "install", "-qq", *packages], check=True)
        subprocess.run([str(python), "-W", "ignore", "-c", "import rocketry"], check=True)
    except (subprocess.CalledProcessError, OSError) as error:
        _tell(f"{ROCKETRY} can't be installed here, its columns stay empty: {error}")
        return None
    (folder / "complete").touch()
    return python


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
