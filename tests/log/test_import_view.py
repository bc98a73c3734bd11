"""Red Bird loads beside pydantic 2, and nobody else notices."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest


def run(code: str, folder: Path | None = None) -> str:
    """Run code in a fresh interpreter with warnings as errors; what it printed."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(code)],
        capture_output=True, text=True, timeout=60, check=False, cwd=folder,
        # measuring coverage would import the package first
        env={name: value for name, value in os.environ.items() if not name.startswith("COV")},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_importing_the_package_does_not_import_red_bird() -> None:
    """The finder is put there, nothing heavy is loaded (DESIGN 6.5)."""
    heavy = "{'redbird', 'sqlalchemy', 'pandas', 'pymongo'}"
    assert run(f"import sys, rocket_magic, rocket_magic.log; print({heavy} & set(sys.modules))") == "set()"


def test_red_bird_stands_on_pydantic_2() -> None:
    """Repositories are models of pydantic 2 and of Red Bird."""
    print_all = """
        import rocket_magic
        import pydantic, redbird
        from redbird.repos import MemoryRepo
        repo = MemoryRepo()
        print(isinstance(repo, pydantic.BaseModel), isinstance(repo, redbird.BaseRepo))
        import inspect, redbird.base
        print("class BaseRepo" in inspect.getsource(redbird.base))
        class Holder(pydantic.BaseModel):
            repo: MemoryRepo
        print(Holder(repo=repo).repo is repo)
    """
    assert run(print_all).split() == ["True"] * 4


def test_red_bird_first_then_us() -> None:
    """A failed import of Red Bird before ours leaves nothing behind that matters."""
    code = """
        try:
            import redbird.repos
        except Exception as error:
            print(type(error).__name__)
        import rocket_magic
        from redbird.repos import MemoryRepo
        import redbird.exc, redbird.oper
        MemoryRepo().add({"x": 1})
        print(redbird.oper.__name__)
    """
    lines = run(code).split()
    assert lines[-1] == "redbird.oper"
    assert lines[0] != "redbird.oper"  # it did fail before


def test_other_threads_see_the_real_pydantic(tmp_path: Path) -> None:
    """Modules that other threads import meanwhile bind the real pydantic."""
    for n in range(300):
        (tmp_path / f"user{n}.py").write_text("from pydantic import BaseModel\n")
    code = """
        import importlib, threading
        import rocket_magic, pydantic
        from rocket_magic.log._redbird import load_redbird
        found = []
        def work(part):
            for n in range(part, 300, 3):
                found.append(importlib.import_module(f"user{n}").BaseModel is pydantic.BaseModel)
        threads = [threading.Thread(target=work, args=(part,)) for part in range(3)]
        threads += [threading.Thread(target=load_redbird) for _ in range(3)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        print(len(found), all(found))
    """
    assert run(code, tmp_path) == "300 True"


def test_our_namespace_has_all_repositories() -> None:
    """`rocket_magic.repos` offers Red Bird's repositories and ours, and says what there is not."""
    import redbird.repos

    from rocket_magic import repos

    assert repos.CSVFileRepo is redbird.repos.CSVFileRepo
    assert {"MemoryRepo", "SQLRepo", "MongoRepo", "CsvLog", "RepoHandler"} <= set(dir(repos))
    assert repos.MemoryLog().filter_by().all() == []
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = repos.Nothing


def test_constants_defaults_and_private_attributes() -> None:
    """The manners of pydantic 1 that Red Bird relies on."""
    from pydantic import ValidationError

    from rocket_magic.repos import CSVFileRepo, MemoryRepo

    with pytest.raises(ValidationError, match="ordered of MemoryRepo is always False"):
        MemoryRepo(ordered=True)
    assert MemoryRepo().id_field is None
    assert CSVFileRepo(filename="x.csv").filename == Path("x.csv")


class _Keyed(dict[str, Any]):
    """An item model that names its own key."""

    __id_field__ = "name"


def test_custom_repositories_as_red_birds_docs_teach() -> None:
    """Un-annotated attributes, `Optional` without default, a model's own id field."""
    from typing import Optional

    from rocket_magic.log._redbird import load_redbird

    base = load_redbird().repos.MemoryRepo

    class MyRepo(base):
        default_id_field = "_id"
        note: Optional[str]  # noqa: UP045  as the docs write it

    repo = MyRepo(model=_Keyed)
    assert (repo.note, repo.default_id_field, repo.id_field) == (None, "_id", "name")


def test_a_method_can_be_wrapped_as_the_retry_recipe_does() -> None:
    """`repo.emit = retry(repo.emit)` and `repo.add = retry(repo.add)` work on one repository."""
    from rocket_magic.repos import MemoryRepo

    for name in ("emit", "add"):
        repo, calls = MemoryRepo(), []
        original = getattr(repo, name)

        def wrapped(item: Any, original: Any = original, calls: list[Any] = calls) -> None:
            calls.append(item)
            original(item)

        setattr(repo, name, wrapped)
        repo.emit({"x": 1})
        assert calls == [{"x": 1}]
        assert repo.filter_by(x=1).count() == 1
    with pytest.raises(ValueError, match="no_field"):
        MemoryRepo().no_field = 1
