"""What is measured: workloads, systems, and the targets of PERFORMANCE.md."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

OURS = "rocket_magic"
THREADED = (OURS, "apscheduler", "schedule", "rocketry")


@dataclass(frozen=True, slots=True)
class Target:
    """What a figure of ours should be.

    Attributes:
        bound: The figure itself, or the factor when `peer` is set.
        at_least: Whether more is better.
        peer: The system whose figure in the same run is the measure ("" for an absolute bound).
    """

    bound: float
    at_least: bool = False
    peer: str = ""

    def met(self, figures: Mapping[str, float]) -> bool | None:
        """Whether ours is met, by system; None when ours or the peer's is missing."""
        ours, unit = figures.get(OURS), figures.get(self.peer) if self.peer else 1.0
        if ours is None or unit is None:
            return None
        return ours >= self.bound * unit if self.at_least else ours <= self.bound * unit

    def __str__(self) -> str:
        """Write it as in PERFORMANCE.md."""
        sign = ">=" if self.at_least else "<="
        return f"{sign} {self.bound:g}" + (f" x {self.peer}" if self.peer else "")


@dataclass(frozen=True, slots=True)
class Measurement:
    """One row group of the table.

    Attributes:
        workload: Its name in PERFORMANCE.md ("W1").
        title: What is measured, in words.
        case: Function that measures, as "module:function".
        systems: Who is measured.
        parameters: Given to the function.
        quick: What differs in a quick run; None leaves the row out of it.
        targets: By figure.
    """

    workload: str
    title: str
    case: str
    systems: tuple[str, ...]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    quick: Mapping[str, Any] | None = field(default_factory=dict)
    targets: Mapping[str, Target] = field(default_factory=dict)


def plan() -> list[Measurement]:
    """Every row, in the order of PERFORMANCE.md."""
    return [
        *_idle(),
        *_latency(),
        *_throughput(),
        *_burst(),
        *_termination(),
        *_simulation(),
        *_notebook(),
        *_loading(),
        *_durable(),
        *_processes(),
        *_asking(),
    ]


def _idle() -> list[Measurement]:
    memory = {"kB a task": Target(1.5), "MB in all": Target(50), "registration s": Target(0.3)}
    return [
        Measurement(
            "W1",
            f"idle, {count:,} tasks",
            "cases:idle",
            # Rocketry registers in quadratic time: ten thousand tasks take it minutes on a slow machine.
            THREADED if count <= 1000 else THREADED[:3],
            {"count": count, "seconds": 20},
            {"seconds": 2} if count == 1000 else None,
            {"CPU %": Target(0.005), **(memory if count == 10_000 else {})},
        )
        for count in (10, 1000, 10_000)
    ]


def _latency() -> list[Measurement]:
    return [
        Measurement(
            "W2",
            f"dispatch latency amid {count:,} idle tasks",
            "cases:latency",
            THREADED if count <= 1000 else THREADED[:3],
            {"count": count, "seconds": 15},
            {"seconds": 4} if count == 1000 else None,
            {"p50 ms": Target(0.25), "p99 ms": Target(0.6)},
        )
        for count in (0, 1000, 10_000)
    ]


def _throughput() -> list[Measurement]:
    rows = {
        "main": ((OURS, "schedule", "rocketry"), Target(40_000, at_least=True)),
        "async": ((OURS, "rocketry"), Target(30_000, at_least=True)),
        "thread": ((OURS, "apscheduler", "rocketry"), Target(1.0, at_least=True, peer="apscheduler")),
        "process": ((OURS, "apscheduler", "rocketry"), Target(400, at_least=True)),
    }
    return [
        Measurement(
            "W3",
            f"no-op runs, {mode}",
            "cases:throughput",
            systems,
            {"mode": mode, "seconds": 5},
            {"seconds": 1},
            {"runs/s": target},
        )
        for mode, (systems, target) in rows.items()
    ]


def _burst() -> list[Measurement]:
    return [
        Measurement(
            "W4",
            f"1,000 tasks due at once, {mode}",
            "cases:burst",
            systems,
            {"mode": mode, "count": 1000},
            {},
            {"s until the last": target, "started early": Target(0)},
        )
        for mode, systems, target in (
            ("async", (OURS, "rocketry"), Target(0.03)),
            ("thread", THREADED, Target(0.05)),
        )
    ]


def _termination() -> list[Measurement]:
    bounds = {
        ("process", "timeout"): (1.0, 3.0),
        ("process", "terminate"): (0.6, 2.0),
        ("thread", "timeout"): (0.8, 2.0),
        ("thread", "terminate"): (0.6, 2.0),
    }
    return [
        Measurement(
            "W6",
            f"{mode}, {how} until it has ended",
            "cases_special:termination",
            (OURS, "rocketry"),
            {"mode": mode, "how": how, "repeats": 8},
            {"repeats": 3} if how == "terminate" else None,
            {"p50 ms": Target(median), "worst ms": Target(worst)},
        )
        for (mode, how), (median, worst) in bounds.items()
    ]


def _simulation() -> list[Measurement]:
    everyone = (OURS, "apscheduler", "schedule", "rocketry")
    return [
        Measurement(
            "W9",
            "rehearsal of 100 tasks, runs logged",
            "cases_special:simulation",
            everyone[:3],
            {"hours": 720},
            {"hours": 72},
            {"runs/s": Target(30_000, at_least=True)},
        ),
        Measurement(
            "W9",
            "rehearsal of 100 tasks, 4 hours",
            "cases_special:simulation",
            (OURS, "rocketry"),
            {"hours": 4},
            None,
            {"runs/s": Target(310, at_least=True, peer="rocketry")},
        ),
        Measurement(
            "W9",
            "forecast of 100 tasks",
            "cases_special:forecast",
            (OURS,),
            {"hours": 720},
            {"hours": 72},
            {"runs/s": Target(200_000, at_least=True)},
        ),
    ]


def _notebook() -> list[Measurement]:
    return [
        Measurement(
            "W10",
            f"beside a busy cell, {count:,} idle tasks",
            "cases:notebook",
            THREADED if count <= 1000 else THREADED[:3],
            {"count": count, "seconds": 10},
            {"seconds": 3} if count == 1000 else None,
            {
                "cell's speed kept %": Target(99, at_least=True),
                "CPU taken %": Target(0.3),
                "p50 ms": Target(6),
                "p99 ms": Target(11),
            },
        )
        for count in (0, 1000, 10_000)
    ]


def _loading() -> list[Measurement]:
    return [
        Measurement(
            "W11",
            "loading",
            "cases_special:importing",
            (OURS, "pydantic", "apscheduler", "schedule", "rocketry"),
            targets={"import ms": Target(90), "with Rocketry ms": Target(90), "%load_ext ms": Target(200)},
        ),
        Measurement(
            "W11",
            "dashboard in JupyterLab, 1,000 tasks",
            "cases_page:page",
            (OURS,),
            {"count": 1000},
            targets={"first paint s": Target(1), "round trip ms more p95": Target(2)},
        ),
    ]


def _durable() -> list[Measurement]:
    urls = {"CSV": "csv:{folder}/log.csv", "SQLite WAL normal": "sqlite:///{folder}/log.db"}
    return [
        Measurement(
            "W5",
            f"durable log, {name}",
            "cases_asking:durable",
            (OURS,),
            {"url": url, "seconds": 5},
            {"seconds": 2},
            {"runs/s": Target(10_000, at_least=True)},
        )
        for name, url in urls.items()
    ]


def _processes() -> list[Measurement]:
    return [
        Measurement(
            "W7",
            f"process runs, {name}",
            "cases_asking:processes",
            (OURS,),
            {"reuse": reuse, "repeats": 200},
            {"repeats": 50},
            {"start p50 ms": Target(bound)},
        )
        for name, reuse, bound in (("fresh", False, 0.5), ("warm", True, 0.06))
    ]


def _asking() -> list[Measurement]:
    rows = [
        Measurement(
            "W12",
            f"asking behind {records:,} records",
            "cases_asking:asking",
            (OURS,),
            {"records": records},
            {},
            {"holds us": Target(20), "next_change us": Target(20)},
        )
        for records in (10, 10_000, 1_000_000)
    ]
    mixed = Measurement(
        "W12",
        "a session of 10,000 mixed schedules",
        "cases_asking:mixed",
        (OURS,),
        {"count": 10_000},
        {"count": 2_000},
    )
    return [*rows, mixed]
