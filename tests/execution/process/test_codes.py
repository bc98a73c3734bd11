"""Code of the user's own files: read once while the file stays as it is, executed for each import."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import Any

import pytest

from rocket_magic.execution.process import _codes
from rocket_magic.execution.process._codes import Codes


@pytest.fixture
def codes(monkeypatch: pytest.MonkeyPatch) -> Iterator[Codes]:
    """Installed in this process for the time of a test."""
    monkeypatch.setattr(SourceFileLoader, "get_code", SourceFileLoader.get_code, raising=False)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    codes = Codes()
    codes.install()
    yield codes
    monkeypatch.undo()


def _answer(path: Path) -> object:
    code = SourceFileLoader(path.stem, str(path)).get_code(path.stem)
    assert code is not None
    space: dict[str, object] = {}
    exec(code, space)
    return space["ANSWER"]


def test_a_learned_file_is_not_read_again(codes: Codes, tmp_path: Path) -> None:
    """Size and time of change say that it is still the same."""
    file = tmp_path / "own.py"
    file.write_text("ANSWER = 1")
    assert _answer(file) == 1
    assert codes.take_missed() == [str(file)]
    codes.learn(str(file))
    stamp = file.stat().st_mtime_ns
    file.write_text("ANSWER = 2")
    os.utime(file, ns=(stamp, stamp))
    assert _answer(file) == 1
    assert codes.take_missed() == []


def test_a_changed_file_is_read_and_learned_again(codes: Codes, tmp_path: Path) -> None:
    """An edit counts from the next import on."""
    file = tmp_path / "own.py"
    for number in (1, 22, 333):
        file.write_text(f"ANSWER = {number}")
        assert _answer(file) == number
        assert codes.take_missed() == [str(file)]
        codes.learn(str(file))
        assert _answer(file) == number
        assert codes.take_missed() == []


@pytest.mark.parametrize("text", ["ANSWER = = 1", "ANSWER = 1  # " + "long" * (1 << 18)])
def test_what_is_broken_or_huge_is_left_to_workers(codes: Codes, tmp_path: Path, text: str) -> None:
    """Nothing is raised while it is learned; the importer sees the error."""
    file = tmp_path / "own.py"
    file.write_text(text)
    codes.learn(str(file))
    codes.learn(str(tmp_path / "gone.py"))
    if "= =" in text:
        with pytest.raises(SyntaxError):
            _answer(file)
    else:
        assert _answer(file) == 1


def test_so_many_files_are_kept_and_no_more(
    codes: Codes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of them is memory that every fork has to take over; workers read the others, and need not tell."""
    monkeypatch.setattr(_codes, "_MOST", 1)
    answers = []
    for name in ("one.py", "two.py"):
        file = tmp_path / name
        file.write_text("ANSWER = 1")
        codes.learn(str(file))
        stamp = file.stat().st_mtime_ns
        file.write_text("ANSWER = 2")
        os.utime(file, ns=(stamp, stamp))
        answers.append(_answer(file))
    assert answers == [1, 2]
    assert codes.take_missed() == []


def test_loaders_that_compile_in_their_own_way_are_left_alone(codes: Codes, tmp_path: Path) -> None:
    """A subclass may turn source into other code."""

    class Negating(SourceFileLoader):
        def source_to_code(self, data: Any, path: Any, *_: Any, **_options: Any) -> Any:
            return compile(bytes(data).replace(b"= ", b"= -"), path, "exec")

    file = tmp_path / "own.py"
    file.write_text("ANSWER = 1")
    codes.learn(str(file))
    assert _answer(file) == 1
    code = Negating("own", str(file)).get_code("own")
    assert code is not None
    space: dict[str, object] = {}
    exec(code, space)
    assert space["ANSWER"] == -1


def test_installed_files_are_not_told(codes: Codes) -> None:
    """They are imported in the fork server by name."""
    path = sys.modules["textwrap"].__file__ if "textwrap" in sys.modules else os.__file__
    SourceFileLoader("any", str(path)).get_code("any")
    assert codes.missed == [str(path)]
    assert codes.take_missed() == []
