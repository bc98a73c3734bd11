"""The README's promises: its programs run, its commands exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_python_of_the_readme_runs(capsys: pytest.CaptureFixture[str]) -> None:
    """The Python blocks run one after the other, as a reader would paste them."""
    names: dict[str, object] = {"__name__": "readme"}
    for number, block in enumerate(re.findall(r"```python\n(.*?)```", README, re.DOTALL)):
        exec(compile(block, f"README block {number}", "exec"), names)
    printed = capsys.readouterr().out
    assert printed.startswith("False - ")
    assert printed.endswith("2026-03-30 03:30:00\n")


@pytest.mark.parametrize("path", sorted(set(re.findall(r"(?:scripts|docs|notebooks)/[\w./-]+\.\w+", README))))
def test_files_of_the_readme_exist(path: str) -> None:
    """What the README names is there."""
    assert (ROOT / path).exists()


@pytest.mark.parametrize("target", sorted(set(re.findall(r"`make (\w+)", README))))
def test_targets_of_the_readme_exist(target: str) -> None:
    """Commands of the README are targets of the Makefile."""
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
