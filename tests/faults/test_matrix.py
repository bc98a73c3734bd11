"""The fault matrix of RELIABILITY.md and the suite: each fault is named by the tests that inject it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parent.parent

FAULTS = frozenset(range(1, 62))

ELSEWHERE = {
    51: "browser gone: tests/dashboard",
    52: "a thousand runs a second with the dashboard open: tests/dashboard",
    53: "loading twice, unloading, %reset: tests/notebook",
    54: "input() in a task: tests/notebook",
    55: "a task prints while a cell does: tests/notebook",
}
"""Faults that only a notebook has, or what isn't built yet."""


def docstrings(path: Path) -> Iterator[str]:
    """Those of the test functions of a file, and of the functions that they parametrise with."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield ast.get_docstring(node) or ""


def named(text: str) -> Iterator[int]:
    """The numbers of a docstring; "F40 to F46" names the first and the last."""
    yield from (int(found) for found in re.findall(r"\bF(\d{1,2})\b", text))


def test_each_fault_is_named_by_a_test():
    """A fault without a test is a promise that nobody holds."""
    found = {n for path in TESTS.rglob("test_*.py") for text in docstrings(path) for n in named(text)}
    assert sorted(FAULTS - found - set(ELSEWHERE)) == []
    assert sorted(found - FAULTS) == []
