"""The benchmarks' own bookkeeping; the figures themselves are measured by `make bench`."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.benchmarks.harness import Result, table
from tests.benchmarks.plan import Measurement, Target, plan

FOLDER = Path(__file__).resolve().parent / "benchmarks"


@pytest.mark.parametrize(
    ("target", "figures", "met"),
    [
        (Target(0.3), {"rocket_magic": 0.2}, True),
        (Target(0.3), {"rocket_magic": 0.4}, False),
        (Target(100, at_least=True), {"rocket_magic": 99.0}, False),
        (Target(2, at_least=True, peer="rocketry"), {"rocket_magic": 20.0, "rocketry": 10.0}, True),
        (Target(2, at_least=True, peer="rocketry"), {"rocket_magic": 20.0}, None),
        (Target(1), {"rocketry": 1.0}, None),
    ],
)
def test_targets_are_judged(target: Target, figures: dict[str, float], met: bool | None) -> None:
    """A target holds against a bound or a peer's figure, and is open when either is missing."""
    assert target.met(figures) is met


def test_table_shows_ratios_targets_and_failures() -> None:
    """Each figure is a line with the ratio to the best peer; a system that failed says why."""
    result = Result(
        "W2",
        "latency",
        {"p50 ms": {"schedule": 0.5, "rocket_magic": 0.25}},
        {"p50 ms": ("<= 0.3", True)},
        {"rocketry": "took more than 300 s"},
    )
    assert table([result]).splitlines() == [
        "|  | figure | rocket_magic | schedule | ours / best peer | target | met |",
        "|---|---|---|---|---|---|---|",
        "| W2 latency | p50 ms | 0.25 | 0.5 | 0.5 | <= 0.3 | yes |",
        "| W2 latency | rocketry failed: took more than 300 s |",
    ]


@pytest.mark.parametrize("measurement", plan(), ids=lambda row: f"{row.workload} {row.title}")
def test_plan_names_cases_that_exist(measurement: Measurement) -> None:
    """Every row's function is there and takes the row's parameters."""
    module, _, name = measurement.case.partition(":")
    tree = ast.parse((FOLDER / f"{module}.py").read_text(encoding="utf-8"))
    found = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}[name]
    assert [argument.arg for argument in found.args.args] == ["system", *measurement.parameters]
