"""Runs measurements in processes of their own, takes medians and writes the table."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tests.benchmarks.plan import OURS, Measurement

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 300
"""Seconds until a measurement is given up."""


@dataclass(slots=True)
class Result:
    """What one measurement found.

    Attributes:
        workload: Its name in PERFORMANCE.md.
        title: What was measured.
        figures: Medians, by figure and system.
        verdicts: Target and whether it is met, by figure.
        failures: Why a system has no figures, by system.
    """

    workload: str
    title: str
    figures: dict[str, dict[str, float]] = field(default_factory=dict)
    verdicts: dict[str, tuple[str, bool | None]] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)


def measure(
    measurement: Measurement,
    pythons: Mapping[str, str],
    *,
    quick: bool,
    repeats: int,
    tell: Callable[[str], None],
) -> Result:
    """Measure every system in turn, `repeats` times around.

    Args:
        measurement: What to measure.
        pythons: Which Python runs a system; one that is missing is left out.
        quick: Whether the quick parameters hold.
        repeats: How often; figures are medians.
        tell: Takes a line of progress.
    """
    result = Result(measurement.workload, measurement.title)
    parameters = {**measurement.parameters, **((measurement.quick or {}) if quick else {})}
    found: dict[str, dict[str, list[float]]] = {}
    for _ in range(repeats):
        for system in measurement.systems:
            if system not in pythons or system in result.failures:
                continue
            tell(f"{measurement.workload} {measurement.title}: {system}")
            try:
                figures = _in_child(pythons[system], measurement.case, system, json.dumps(parameters))
            except RuntimeError as error:
                result.failures[system] = str(error)
                continue
            for name, value in figures.items():
                found.setdefault(name, {}).setdefault(system, []).append(value)
    for name, by_system in found.items():
        result.figures[name] = {system: statistics.median(values) for system, values in by_system.items()}
        if name in measurement.targets:
            target = measurement.targets[name]
            result.verdicts[name] = (str(target), target.met(result.figures[name]))
    return result


def _in_child(python: str, case: str, system: str, parameters: str) -> dict[str, float]:
    """Figures from a fresh process.

    Raises:
        RuntimeError: It failed or took too long; the message is its last line.
    """
    command = [python, "-m", "tests.benchmarks.child", case, system, parameters]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    try:
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
    except subprocess.TimeoutExpired:
        message = f"took more than {PATIENCE} s"
        raise RuntimeError(message) from None
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode != 0 or not lines:
        message = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        raise RuntimeError(message)
    figures: dict[str, float] = json.loads(lines[-1])
    return figures


def table(results: Iterable[Result]) -> str:
    """The results as Markdown: one line per figure, one column per system."""
    results = list(results)
    systems = _in_order(
        system for result in results for values in result.figures.values() for system in values
    )
    head = ["", "figure", *systems, "ours / best peer", "target", "met"]
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    for result in results:
        for name, values in result.figures.items():
            target, met = result.verdicts.get(name, ("", None))
            cells = [f"{values[system]:,.4g}" if system in values else "-" for system in systems]
            verdict = {True: "yes", False: "**no**", None: ""}[met]
            label = f"{result.workload} {result.title}"
            cells = [label, name, *cells, _ratio(values, target), target, verdict]
            lines.append(f"| {' | '.join(cells)} |")
        for system, reason in result.failures.items():
            lines.append(f"| {result.workload} {result.title} | {system} failed: {reason} |")
    return "\n".join(lines)


def _in_order(systems: Iterable[str]) -> list[str]:
    found = dict.fromkeys(systems)
    return [OURS, *(system for system in found if system != OURS)]


def _ratio(values: Mapping[str, float], target: str) -> str:
    """Ours as a multiple of the best peer's; best by the target's direction, low where there is none."""
    peers = [value for system, value in values.items() if system != OURS]
    if OURS not in values or not peers:
        return ""
    best = max(peers) if target.startswith(">=") else min(peers)
    return f"{values[OURS] / best:.3g}" if best > 0 else ""


def write_json(results: Iterable[Result], path: Path) -> None:
    """Keep the results with what the machine is."""
    machine = {
        "python": platform.python_version(),
        "system": platform.system(),
        "processors": os.cpu_count(),
        "load before": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "pid": os.getpid(),
        "interpreter": Path(sys.executable).name,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"machine": machine, "results": [asdict(result) for result in results]}, indent=1)
    path.write_text(text + "\n", encoding="utf-8")
