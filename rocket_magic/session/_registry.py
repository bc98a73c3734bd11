"""The tasks of a session by name and by function, and the rule for a taken name."""

from __future__ import annotations

import contextlib
import itertools
import threading
from collections.abc import Callable, Iterator
from typing import Any

from rocket_magic.exc import DuplicateTaskError, UnknownTaskError
from rocket_magic.tasks import Task
from rocket_magic.tasks._func import FuncTask
from rocket_magic.text import closest


class Registry:
    """Tasks by name. Safe to use from any thread; no user code runs under its lock."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._tasks: dict[str, Task] = {}
        self._by_function: dict[int, Task] = {}
        self._numbers = itertools.count(1)

    def __iter__(self) -> Iterator[Task]:
        with self._lock:
            return iter(list(self._tasks.values()))

    def __len__(self) -> int:
        return len(self._tasks)

    def names(self) -> list[str]:
        """The names, in the order the tasks were registered."""
        with self._lock:
            return list(self._tasks)

    def find(self, name: str) -> Task | None:
        """The task of that name, or None."""
        return self._tasks.get(name)

    def lookup(self, key: Any) -> Task:
        """The task of a name, function or task object.

        Raises:
            UnknownTaskError: There is none; names the closest.
        """
        task = self.get(key)
        if task is None:
            name = key if isinstance(key, str) else getattr(key, "__name__", repr(key))
            hint = closest(str(name), self._tasks)
            msg = f"there is no task {str(name)!r}{f'; did you mean {hint!r}?' if hint else ''}"
            raise UnknownTaskError(msg)
        return task

    def get(self, key: Any) -> Task | None:
        """The task of a name, function or task object, or None."""
        if isinstance(key, str):
            return self._tasks.get(key)
        if isinstance(key, Task):
            return key if self._tasks.get(key.name) is key else None
        found = self._by_function.get(id(key))
        if found is None and hasattr(key, "__func__"):  # a bound method is a new object each time
            found = next((task for task in self if getattr(task, "func", None) == key), None)
        return found

    def add(self, task: Task, policy: str) -> tuple[Task | None, Task | None]:
        """Take a task in, by the policy of `task_pre_exist` when its name is taken.

        Returns:
            The task that is registered now (None: ignored), and the one it replaced, if any.

        Raises:
            DuplicateTaskError: The name is taken and the policy is "raise".
        """
        with self._lock:
            old = self._tasks.get(task.name)
            if old is task:
                return task, None
            if old is not None and policy == "raise":
                msg = (
                    f"a task named {task.name!r} exists already; choose another name, "
                    "or set task_pre_exist to 'replace', 'rename' or 'ignore'"
                )
                raise DuplicateTaskError(msg)
            if old is not None and policy == "ignore":
                return None, None
            if old is not None and policy == "rename":
                task._name = self._free_name(task.name)  # noqa: SLF001  not registered yet: nobody knows the old one
                old = None
            task.number = next(self._numbers) if old is None else old.number
            self._tasks[task.name] = task
            if old is not None:
                self._forget_function(old)
            if isinstance(task, FuncTask) and task.func is not None:
                self._by_function[id(task.func)] = task
                _mark(task.func, task.name)
            return task, old

    def remove(self, task: Task) -> None:
        """Take a task out."""
        with self._lock:
            if self._tasks.get(task.name) is task:
                del self._tasks[task.name]
                self._forget_function(task)

    def rename(self, task: Task, name: str) -> None:
        """Give a task another name; its function still leads to it.

        Raises:
            DuplicateTaskError: Another task has that name.
        """
        with self._lock:
            other = self._tasks.get(name)
            if other is task:
                return
            if other is not None:
                msg = f"task {task.name!r} can't be renamed: another task is named {name!r}"
                raise DuplicateTaskError(msg)
            # Rebuilt, so that the order of registration stays.
            self._tasks = {name if one is task else key: one for key, one in self._tasks.items()}
            task._name = name  # noqa: SLF001  the registry is the one place where names change
            _mark(getattr(task, "func", None), name)

    def _forget_function(self, task: Task) -> None:
        func = getattr(task, "func", None)
        if func is not None and self._by_function.get(id(func)) is task:
            del self._by_function[id(func)]

    def _free_name(self, name: str) -> str:
        make: Callable[[int], str] = f"{name} - {{}}".format
        return next(text for text in map(make, itertools.count(1)) if text not in self._tasks)


def _mark(func: Any, name: str) -> None:
    """Write a task's name on its function, so that conditions may refer to the task by it."""
    if func is not None:
        with contextlib.suppress(AttributeError, TypeError):  # bound methods and builtins take no mark
            func.__rocket_magic_task__ = name
