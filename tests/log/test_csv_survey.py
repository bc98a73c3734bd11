"""The quick pass over a CSV log finds what the thorough one does, whatever the file holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from rocket_magic.log import _csv_survey
from rocket_magic.log._csv import _lines
from rocket_magic.log._csv_pass import FullPass
from rocket_magic.log._csv_survey import Instants, quick_survey
from rocket_magic.log._record import COLUMNS, SCHEDULER_DIED

ACTIONS = ("run", "success", "fail", "crash", "inaction", "odd")
TEXTS = st.one_of(
    st.just(""), st.sampled_from(["x", 'a "b"', "1", "two\nlines", "a,b", "ä", "\r\n", "\n1\n"])
)
REASONS = st.sampled_from(["", SCHEDULER_DIED, "exit code 3"])
ROWS = st.builds(
    lambda at, task, action, run, reason, text: [
        at, task, action, run, "1.0", "", "", "", 0, 0, reason, "", "", text
    ],
    st.one_of(st.integers(0, 50).map(lambda n: 1e9 + n / 2), st.sampled_from(["nan", "inf", "x", ""])),
    st.sampled_from(["a", "b", "c,d", 'e"', "f\ng"]),
    st.sampled_from(ACTIONS),
    st.one_of(st.integers(0, 6).map(lambda n: f"r{n}"), st.just("")),
    REASONS,
    TEXTS,
)  # fmt: skip
PLAIN = st.builds(
    lambda at, task, action, run: [1e9 + at, task, action, f"r{run}", 1.0, *[""] * 9],
    st.integers(0, 9), st.sampled_from("ab"), st.sampled_from(ACTIONS[:3]), st.integers(0, 9),
)  # fmt: skip
RAW = st.sampled_from(
    [b"\n", b"1,2,3\n", b"1\n\n", b"1,a,run" + b"," * 11 + b"5\n", b"1,a,run" + b"," * 24 + b"\n"]
)
PARTS = st.lists(
    st.one_of(
        st.lists(PLAIN, max_size=8).map(_lines), st.lists(ROWS, max_size=4).map(_lines), RAW
    ),
    max_size=6,
)  # fmt: skip


def found(survey: Any) -> dict[str, Any]:
    """What a survey says, in a form that can be compared."""
    names = ("newest", "streaks", "recent", "n_records", "n_damaged")
    answers = {name: getattr(survey, name) for name in names}
    answers["open"] = sorted(survey.open_runs, key=lambda run: (run.run_id, run.task_name))
    answers["instants"] = {key: list(instants) for key, instants in survey.instants.items()}
    return answers


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(parts=PARTS, piece=st.sampled_from([7, 60, 400, 1 << 17]))
@example(parts=[b"nan,b,crash,,1.0,,,,0,0,,,,\n" * 2], piece=7)
@example(parts=[b"5.0,b,crash,,1.0,,,,0,0,,,,\n5.00,b,crash,,1.0,,,,0,0,,,,\n"], piece=7)
def test_both_passes_agree(parts: list[bytes], piece: int, tmp_path: Path) -> None:
    """Whole records, odd ones and rubbish, read in pieces of any size."""
    path = tmp_path / "log.csv"
    path.write_bytes(_lines([COLUMNS]) + b"".join(parts))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_csv_survey, "_PIECE", piece)
        assert found(quick_survey(path)) == found(FullPass(COLUMNS).over(path))


def test_overlong_fields_are_damaged_rows(tmp_path: Path) -> None:
    """A cell that the csv module refuses costs its own row only."""
    path = tmp_path / "log.csv"
    rows = [[1.0, "a", "run", "r1", *[""] * 10], [2.0, "a", "fail", "r1", *[""] * 9, '"' * 200_000]]
    path.write_bytes(_lines([COLUMNS, *rows, [3.0, "b", "run", "r2", *[""] * 10]]))
    survey = quick_survey(path)
    assert [record.task_name for record in survey.newest] == ["a", "b"]
    assert (survey.n_records, survey.n_damaged) == (3, 1)


def test_instants_are_made_when_asked_for() -> None:
    """Sorted, finite, exact to the microsecond, one or many at once."""
    from array import array

    instants = Instants(array("d", [2.5, float("nan"), 1.000001, float("inf")]))
    assert list(instants) == [1_000_001, 2_500_000]
    assert (len(instants), instants[-1], instants[:1]) == (2, 2_500_000, [1_000_001])
