"""One workload with one system, in a process of its own; its last line on stdout is the figures as JSON.

python -m tests.benchmarks.child idle apscheduler '{"count": 10, "seconds": 2}'
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import sys
import warnings

import psutil


def main(case: str, system: str, parameters: str) -> None:
    """Run it and print the figures, then leave at once.

    Threads of a system may not want to end, and workers left behind would keep our stdout open.
    """
    warnings.simplefilter("ignore")
    module, _, function = case.partition(":")
    measure = getattr(importlib.import_module(f"tests.benchmarks.{module}"), function)
    figures = measure(system, **json.loads(parameters))
    print(f"\n{json.dumps(figures)}", flush=True)
    for worker in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            worker.kill()
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:4])
