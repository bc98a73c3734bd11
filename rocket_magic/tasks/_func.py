"""Floor 5: `FuncTask`, a task that calls a function."""

from __future__ import annotations

import importlib.util
import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from rocket_magic._inspection import signature_of
from rocket_magic.args import ParameterPlan
from rocket_magic.args._signature import spec_of
from rocket_magic.exc import TaskError
from rocket_magic.tasks._base import Task


class FuncTask(Task):
    """Calls a function, coroutine function, bound method, partial or callable object.

    Without `func` and `path` it is a decorator: ``@FuncTask(name="report", start_cond="daily")``.

    Args:
        func: What is called. Its parameters are filled as `rocket_magic.args` describes.
        path: A Python file that holds the function instead; imported anew at each run.
        func_name: Name of the function in that file.
        cache: Import the file once and keep the function.
        sys_paths: Folders that are put on `sys.path` while the file is imported.
        **policy: Everything `Task` takes. The default name is "module:function".

    Raises:
        TaskError: Neither callable nor file.
    """

    __slots__ = ("_func", "_plan", "location")

    def __new__(cls, func: Any = None, *, path: Any = None, **policy: Any) -> Any:
        """Make a decorator when there is nothing to call yet."""
        if func is None and path is None:
            return partial(_decorate, cls, policy)
        return super().__new__(cls)

    def __init__(
        self,
        func: Any = None,
        *,
        path: str | Path | None = None,
        func_name: str = "main",
        cache: bool = False,
        sys_paths: list[str | Path] | None = None,
        **policy: Any,
    ) -> None:
        if func is not None and not callable(func):
            msg = f"a task needs something callable, got {type(func).__name__} {func!r}"
            raise TaskError(msg)
        self._func: Callable[..., Any] | None = func
        self.location: FunctionInFile | None = None
        if path is not None:
            folders = tuple(str(folder) for folder in sys_paths or ())
            self.location = FunctionInFile(str(path), func_name, folders, cache=cache)
        if func is not None:
            spec_of(func)  # a wrong signature is told of now; the plan is made for the first run
        self._plan: ParameterPlan | None = None
        if policy.get("description") is None and func is not None:
            policy["description"] = getattr(func, "__doc__", None)
        super().__init__(**policy)

    def get_default_name(self) -> str:
        """Module and function, as "module:function"; for a file its place in dots and the function's name."""
        if self.location is not None:
            return f"{self.location.module}:{self.location.name}"
        module = getattr(inside_partials(self.func), "__module__", None) or "__main__"
        return f"{module}:{callable_name(self.func)}"

    def plan(self) -> ParameterPlan:
        """The plan of the function; a file is imported for it, at each run unless cached."""
        if self._plan is not None:
            return self._plan
        if self.func is not None:
            self._plan = ParameterPlan.of(self.func)
            return self._plan
        if self.location is None:
            msg = f"task {self.name!r} has nothing to call"
            raise TaskError(msg)
        plan = ParameterPlan.of(self.location.as_call())
        if self.location.cache:
            self._plan = plan
        return plan

    def replace_function(self, func: Callable[..., Any]) -> None:
        """Call another function from the next run on; runs in flight end on the old one."""
        plan = ParameterPlan.of(func)
        self._func, self._plan = func, plan

    @property
    def func(self) -> Callable[..., Any] | None:
        """What is called; assign to call another function from the next run on. None for a file's."""
        return self._func

    @func.setter
    def func(self, func: Callable[..., Any]) -> None:
        self.replace_function(func)

    @property
    def delayed(self) -> bool:
        """Whether the function is in a file that is imported at run time."""
        return self.location is not None

    def is_delayed(self) -> bool:
        """Rocketry's other name of `delayed`."""
        return self.delayed


@dataclass(frozen=True, slots=True)
class FunctionInFile:
    """Where a function is, when it isn't imported yet.

    Attributes:
        path: The Python file.
        name: The function in it.
        folders: Put on `sys.path` while the file is imported.
        cache: Whether one import serves all runs.
    """

    path: str
    name: str
    folders: tuple[str, ...]
    cache: bool

    @property
    def module(self) -> str:
        """What a module there is called: "jobs.load" for jobs/load.py; of an absolute path its last part."""
        file = Path(self.path).with_suffix("")
        folders = [] if file.is_absolute() else [part for part in file.parts[:-1] if part != ".."]
        return ".".join([*folders, file.name])

    def as_call(self) -> FileCall:
        """Something to call with the function's signature, that imports the file where it is called."""
        return FileCall(self, signature_of(self.load()))

    def load(self) -> Callable[..., Any]:
        """Import the file anew and give the function.

        Raises:
            TaskError: No such file, or no such function in it.
        """
        file = Path(self.path)
        spec = importlib.util.spec_from_file_location(file.stem, file) if file.is_file() else None
        if spec is None or spec.loader is None:
            msg = f"there is no Python file {self.path!r} for function {self.name!r}"
            raise TaskError(msg)
        module = importlib.util.module_from_spec(spec)
        before = list(sys.path)
        sys.path[:0] = [*self.folders, str(file.parent)]
        try:
            spec.loader.exec_module(module)
        finally:
            sys.path[:] = before
        function: Callable[..., Any] | None = getattr(module, self.name, None)
        if not callable(function):
            msg = f"{self.path!r} has no function {self.name!r}"
            raise TaskError(msg)
        return function


class FileCall:
    """Calls a function in a file; the file is imported in the run's thread or process.

    Args:
        location: Where the function is.
        signature: What it takes.
    """

    def __init__(self, location: FunctionInFile, signature: inspect.Signature | None = None) -> None:
        self.location = location
        self.__name__ = location.name
        if signature is not None:
            self.__signature__ = signature

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Import and call."""
        return self.location.load()(*args, **kwargs)

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel without the signature: the parameters are settled before."""
        return FileCall, (self.location,)


def callable_name(func: Any) -> str:
    """The name people know a callable by."""
    func = inside_partials(func)
    return getattr(func, "__name__", None) or type(func).__name__


def inside_partials(func: Any) -> Any:
    """What partials are made of, in the end."""
    while isinstance(func, partial):
        func = func.func
    return func


def _decorate(cls: type[FuncTask], policy: dict[str, Any], func: Callable[..., Any]) -> Callable[..., Any]:
    cls(func, **policy)
    return func
