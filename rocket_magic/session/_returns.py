"""The return values of a session's tasks."""

from __future__ import annotations

from typing import Any

from rocket_magic.session._registry import Registry
from rocket_magic.tasks import Task

__all__ = ["Returns"]


class Returns(dict[Any, Any]):
    """The last return value of each task; asked by task, by name or by function."""

    def __init__(self, registry: Registry) -> None:
        super().__init__()
        self._registry = registry

    def _key(self, key: Any) -> Any:
        if isinstance(key, str):
            return key
        if isinstance(key, Task):
            return key.name
        task = self._registry.get(key)
        return key if task is None else task.name

    def __getitem__(self, key: Any) -> Any:
        return super().__getitem__(self._key(key))

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__(self._key(key), value)

    def __contains__(self, key: object) -> bool:
        return super().__contains__(self._key(key))

    def rename(self, old: str, new: str) -> None:
        """Keep a task's value under its new name."""
        if super().__contains__(old) and old != new:
            super().__setitem__(new, super().pop(old))

    def get(self, key: Any, default: Any = None) -> Any:
        """The value, or the default when the task has returned none yet."""
        return super().get(self._key(key), default)
