"""Files behind Red Bird's repositories: made, mended and locked before the log uses them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rocket_magic.exc import RepositoryError
from rocket_magic.log._csv_file import repair_tail
from rocket_magic.log._file_lock import FileLock
from rocket_magic.log._foreign_filters import restore_copy


def prepare_files(repo: Any) -> tuple[tuple[str, ...], FileLock | None]:
    """Mend what a repository keeps in files; what was done, in words, and the lock that is held.

    Raises:
        RepositoryError: Another scheduler writes there, or the folder is missing.
    """
    names = {cls.__name__ for cls in type(repo).__mro__}
    if "CSVFileRepo" in names:
        return _prepare_csv(repo)
    if "JSONDirectoryRepo" in names:
        return _prepare_folder(Path(repo.path)), None
    return (), None


def _prepare_csv(repo: Any) -> tuple[tuple[str, ...], FileLock]:
    path = Path(repo.filename).absolute()
    if not path.parent.is_dir():
        msg = f"the folder of the log {path} does not exist: make it first"
        raise RepositoryError(msg)
    lock = FileLock(path)
    try:
        restored = restore_copy(path)
        cut = repair_tail(path)
        if not path.exists() or path.stat().st_size == 0:
            # Red Bird would make it at the first record, which is not safe beside other readers
            repo.create(if_exists="ignore")
    except OSError as error:
        lock.release()
        msg = f"can't write the log {path}: {error.strerror or error}"
        raise RepositoryError(msg) from error
    torn = f"{path.name}: the last row was torn; {cut} bytes cut, kept in {path.name}.torn" if cut else None
    return tuple(text for text in (restored, torn) if text is not None), lock


def _prepare_folder(path: Path) -> tuple[str, ...]:
    """Set aside files that a dying process left half written: one of them breaks every read."""
    path.mkdir(exist_ok=True)
    done = []
    for file in sorted(path.glob("*.json")):
        try:
            json.loads(file.read_text(encoding="utf-8"))
        except ValueError:
            file.rename(file.with_suffix(".torn"))
            done.append(f"{file.name}: half written, set aside as {file.stem}.torn")
    return tuple(done)
