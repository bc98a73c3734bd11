"""The conditions of the table of exact time: nights on which clocks change, openings, ends."""

from __future__ import annotations

import json
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from rocket_magic import conds
from rocket_magic.conditions import parse_condition
from rocket_magic.instants import to_datetime

from .fakes import first_starts

ROWS = json.loads((Path(__file__).parents[1] / "data" / "time_cases.json").read_text(encoding="utf-8"))
CASES = [row for row in ROWS if row["kind"] == "cond"]
_NAMES = {name: getattr(conds, name) for name in ("daily", "hourly", "weekly", "every")}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_starts(case):
    """Stepping through next changes starts the task exactly at the table's instants."""
    zone = ZoneInfo(case["tz"])
    condition = eval(case["schedule"], {}, _NAMES)
    if case.get("phrase"):
        assert parse_condition(case["phrase"]) == condition
    starts = first_starts(condition, case["start"], len(case["expected"]), zone)
    assert [to_datetime(at, zone).isoformat() for at in starts] == case["expected"]


def test_every_row_has_a_reader():
    """Rows are schedules, read here, or cron texts, read by the tests of cron; no other kind is left out."""
    assert {row["kind"] for row in ROWS} == {"cond", "cron"}
    assert len({row["id"] for row in ROWS}) == len(ROWS)
