"""The code cells of a notebook file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rocket_magic.notebook.headless import HeadlessError
from rocket_magic.notebook.headless._document import read_cells
from tests.notebook.headless.documents import code, write


def test_cells_are_numbered_as_run_all_numbers_them(tmp_path: Path) -> None:
    """Empty cells count, text cells don't; tags and ids come along."""
    path = write(
        tmp_path / "a.ipynb",
        code("x = 1", cell_id="first"),
        "   ",
        code("1/0", "raises-exception"),
        code("play()", "skip-execution", "slow"),
    )
    first, failing, skipped = read_cells(path)
    assert (first.number, first.id, first.source) == (1, "first", "x = 1")
    assert (failing.number, failing.may_fail, failing.skipped) == (3, True, False)
    assert (skipped.number, skipped.may_fail, skipped.skipped) == (4, False, True)


def test_a_cell_is_known_by_its_first_line(tmp_path: Path) -> None:
    """Blank lines are passed over, a long line is cut, what can't be seen is spelt."""
    path = write(tmp_path / "a.ipynb", "\n\n  load('\x1b[2J')\nmore()", "x" * 100)
    first, long = read_cells(path)
    assert first.first_line == r"load('\x1b[2J')"
    assert long.first_line == "x" * 59 + "…"


def test_older_formats_are_read(tmp_path: Path) -> None:
    """Format 3 has worksheets and no ids."""
    path = tmp_path / "old.ipynb"
    cell = {"cell_type": "code", "input": ["x = 1"], "language": "python", "metadata": {}, "outputs": []}
    worksheet = {"cells": [cell], "metadata": {}}
    old = {"metadata": {"name": ""}, "nbformat": 3, "nbformat_minor": 0, "worksheets": [worksheet]}
    path.write_text(json.dumps(old))
    (only,) = read_cells(path)
    assert only.source == "x = 1"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("print(1)", "a.ipynb is no notebook (.ipynb, format 3 or 4): "),
        ("[]", "a.ipynb is no notebook (.ipynb, format 3 or 4): "),
        ('{"nbformat": 4, "nbformat_minor": 5, "metadata": {}}', "a.ipynb is no notebook"),
        ('{"nbformat": 99, "nbformat_minor": 0, "metadata": {}, "cells": []}', "a.ipynb is no notebook"),
    ],
)
def test_what_is_no_notebook_is_refused(tmp_path: Path, text: str, message: str) -> None:
    """The message names the file."""
    path = tmp_path / "a.ipynb"
    path.write_text(text)
    with pytest.raises(HeadlessError) as caught:
        read_cells(path)
    assert message in str(caught.value)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    """No such file, a folder, bytes that are no text."""
    (tmp_path / "bytes.ipynb").write_bytes(b"\xff\xfe\x00")
    for name in ("none.ipynb", "", "bytes.ipynb"):
        with pytest.raises(HeadlessError, match="can't read"):
            read_cells(tmp_path / name)


def test_another_language_is_refused(tmp_path: Path) -> None:
    """By its kernel, whatever its cells look like."""
    path = write(
        tmp_path / "a.ipynb", "x <- 1", kernelspec={"language": "R", "name": "ir", "display_name": "R"}
    )
    with pytest.raises(HeadlessError, match=r"a\.ipynb is a notebook for R, not for Python"):
        read_cells(path)
