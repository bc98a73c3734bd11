"""Figures of rocket_magic beside its peers', measured in one run: `make bench`.

Not part of the test suite: figures depend on the machine. Compare within one run and quote ratios.

* `plan.py` says what is measured, with which systems, and what we aim at.
* `cases.py` holds the workloads; they know no system.
* `systems/` holds one adapter per system; they know no workload.
* `child.py` runs one workload with one system in a process of its own; `harness.py` collects medians.
"""
