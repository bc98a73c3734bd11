"""Our queries as the filters of somebody else's repository, and rewriting its file without risk."""

from __future__ import annotations

import contextlib
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from rocket_magic.exc import RepositoryError
from rocket_magic.log._query import Query, Test
from rocket_magic.log._redbird import load_redbird

_OPERATORS: Final = {
    "ne": "not_equal",
    "gt": "greater_than",
    "ge": "greater_equal",
    "lt": "less_than",
    "le": "less_equal",
}


def filters_of(repo: Any, query: Query) -> dict[str, Any]:
    """The query as keywords of `repo.filter_by`.

    Raises:
        RepositoryError: It takes operators, and they are known of Red Bird's repositories only.
    """
    return {test.column: _value(repo, test) for test in query}


def _value(repo: Any, test: Test) -> Any:
    if test.kind == "eq":
        return test.value
    if "redbird" not in sys.modules or not isinstance(repo, load_redbird().base.BaseRepo):
        msg = (
            f"{type(repo).__name__} is not one of Red Bird's repositories, so it can't be told to change "
            f"records by comparing {test.column}: do that with its own means"
        )
        raise RepositoryError(msg)
    oper = load_redbird().oper
    if test.kind in _OPERATORS:
        return getattr(oper, _OPERATORS[test.kind])(test.value)
    if test.kind == "in":
        return oper.in_(list(test.value))
    if test.kind == "between":
        return oper.between(*test.value)
    return test.value  # an operator already


@contextlib.contextmanager
def rewriting(repo: Any) -> Iterator[None]:
    """Let Red Bird rewrite its CSV file in place; a copy stands by until that is done."""
    if "CSVFileRepo" not in {cls.__name__ for cls in type(repo).__mro__}:
        yield
        return
    path = Path(repo.filename).absolute()
    begun, copy = path.with_name(path.name + ".copy"), _copy_of(path)
    shutil.copyfile(path, begun)
    begun.replace(copy)  # whole, or not there at all
    try:
        yield
    except BaseException:
        copy.replace(path)
        raise
    copy.unlink()


def restore_copy(path: Path) -> str | None:
    """Take the copy where rewriting was cut off; what was done, in words."""
    copy = _copy_of(path)
    if not copy.exists():
        return None
    copy.replace(path)
    return f"{path.name}: removing old records was cut off; the file is as it was before"


def _copy_of(path: Path) -> Path:
    return path.with_name(path.name + ".before")
