"""Floor 9: the code cells of a notebook file.

Tags mean what they mean to nbclient: `skip-execution` leaves a cell out, `raises-exception` lets it fail.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rocket_magic._lazy import LazyModule
from rocket_magic.exc import RocketMagicError
from rocket_magic.notebook._text import one_line

if TYPE_CHECKING:
    import nbformat
else:
    nbformat = LazyModule("nbformat")

__all__ = ["Cell", "HeadlessError", "read_cells"]

_SKIPPED: Final = "skip-execution"
_MAY_FAIL: Final = "raises-exception"
_VERSION: Final = 4
_LONGEST_LINE: Final = 60


class HeadlessError(RocketMagicError):
    """What keeps a notebook from running as a service; the message is for the person at the terminal."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A code cell.

    Attributes:
        number: Its place among the code cells, from 1: what Run All shows as `In [number]`.
        id: The notebook's id of the cell; None in files older than format 4.5.
        source: Its text.
        skipped: Whether it is left out.
        may_fail: Whether its exception is expected.
    """

    number: int
    id: str | None
    source: str
    skipped: bool
    may_fail: bool

    @property
    def first_line(self) -> str:
        """What people know it by."""
        lines = (line.strip() for line in self.source.splitlines())
        return one_line(next((line for line in lines if line), ""), _LONGEST_LINE)


def read_cells(path: Path) -> tuple[Cell, ...]:
    """The code cells of a notebook, in order; empty ones are counted but left out.

    Raises:
        HeadlessError: There is no such file, it is no notebook, or not one for Python.
    """
    document = _read(path)
    _check_language(path, document.get("metadata", {}))
    found = [cell for cell in document["cells"] if cell["cell_type"] == "code"]
    return tuple(_cell(number, cell) for number, cell in enumerate(found, 1) if cell["source"].strip())


def _cell(number: int, cell: Mapping[str, Any]) -> Cell:
    tags = cell["metadata"].get("tags", ())
    return Cell(number, cell.get("id"), cell["source"], _SKIPPED in tags, _MAY_FAIL in tags)


def _read(path: Path) -> Any:
    shown = one_line(str(path))
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        msg = f"can't read {shown}: {one_line(str(error))}"
        raise HeadlessError(msg) from error
    try:
        json.loads(text)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a cell without an id is no matter here
            document = nbformat.reads(text, as_version=_VERSION)
            nbformat.validate(document)
    except Exception as error:  # it has a dozen ways to say so
        reason = one_line(str(error) or type(error).__name__)
        msg = f"{shown} is no notebook (.ipynb, format 3 or 4): {reason}"
        raise HeadlessError(msg) from error
    return document


def _check_language(path: Path, metadata: Mapping[str, Any]) -> None:
    told = metadata.get("kernelspec", {}).get("language") or metadata.get("language_info", {}).get("name")
    if told and str(told).lower() not in {"python", "ipython", "python3"}:
        msg = f"{one_line(str(path))} is a notebook for {one_line(str(told))}, not for Python"
        raise HeadlessError(msg)
