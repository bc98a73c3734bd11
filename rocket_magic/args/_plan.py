"""Floor 3: the four levels of parameters, worked out once per function.

From the strongest: batch, task, argument objects in the signature, session (by name, also over plain
defaults); last the function's own plain defaults. A `**kwargs` function gets further parameters from
the batch and the task only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from rocket_magic.args._base import ArgumentEnv
from rocket_magic.args._call import Call, make_call
from rocket_magic.args._signature import FunctionSpec, function_name, spec_of
from rocket_magic.exc import ParameterError
from rocket_magic.text import closest


class ParameterPlan:
    """What a function takes, ready to be filled for each run.

    Keep one per task: `build` of a function without parameters then costs nothing to speak of.

    Args:
        func: Function, method, partial, class or callable object.

    Raises:
        ParameterError: Its signature names an argument wrongly.
    """

    __slots__ = ("_bare", "func", "spec")

    def __init__(self, func: Callable[..., Any]) -> None:
        self.func = func
        self.spec = spec_of(func)
        takes_nothing = not self.spec.injectable and not self.spec.arguments
        self._bare = Call(func) if takes_nothing else None

    @classmethod
    def of(cls, func: Callable[..., Any]) -> ParameterPlan:
        """The plan of a function; what it takes is read only once."""
        return cls(func)

    def combine(
        self, session_params: Mapping[str, Any], task_params: Mapping[str, Any], batch: Mapping[str, Any]
    ) -> dict[str, Any]:
        """The parameters of one run from their four levels, arguments unresolved."""
        spec = self.spec
        values: dict[str, Any] = {}
        if session_params:
            values = {name: session_params[name] for name in spec.injectable if name in session_params}
        if spec.arguments:
            values.update(spec.arguments)
        if task_params:
            values.update(task_params)
        if batch:
            values.update(batch)
        return values

    def build(
        self,
        session_params: Mapping[str, Any],
        task_params: Mapping[str, Any],
        batch: Mapping[str, Any],
        env: ArgumentEnv,
        materialize: str,
    ) -> Call:
        """Put the call of one run together.

        Args:
            session_params: The session's parameters.
            task_params: The task's.
            batch: Those of this run only.
            env: What arguments are resolved against; runs of a task may share it.
            materialize: "pre" or "post", where an argument leaves it open.

        Raises:
            ParameterError: Arguments ask for each other in a circle, or one has no value.
        """
        if self._bare is not None and not task_params and not batch:
            return self._bare
        values = self.combine(session_params, task_params, batch)
        return make_call(self.func, self.spec, values, env, materialize)

    def check(self, names: Iterable[str], owner: str = "") -> None:
        """Refuse parameters that the function doesn't take.

        A decorator may take keywords of its own out before it calls the function: what it lets through
        is seen when it runs.

        Args:
            names: Names of batch parameters.
            owner: Whose function it is, for the message ("task 'report'").

        Raises:
            ParameterError: One of them isn't taken.
        """
        if self.spec.takes_any or self.spec.checks_itself:
            return
        unknown = [name for name in names if name not in self.spec.names]
        if unknown:
            raise ParameterError(_refusal(owner or function_name(self.func), unknown, self.spec))


def combine(
    session_params: Mapping[str, Any],
    func: Callable[..., Any],
    task_params: Mapping[str, Any],
    batch: Mapping[str, Any],
) -> dict[str, Any]:
    """The parameters of one run of `func` from their four levels, arguments unresolved."""
    return ParameterPlan(func).combine(session_params, task_params, batch)


def check_batch(func: Callable[..., Any], keys: Iterable[str], owner: str = "") -> None:
    """Refuse batch parameters that `func` doesn't take.

    Raises:
        ParameterError: One of them isn't taken.
    """
    ParameterPlan(func).check(keys, owner)


def signature_arguments(func: Callable[..., Any]) -> dict[str, Any]:
    """The argument objects of a signature by parameter name: defaults and `Annotated[...]`."""
    return dict(spec_of(func).arguments)


def _refusal(owner: str, unknown: list[str], spec: FunctionSpec) -> str:
    what = "parameter" if len(unknown) == 1 else "parameters"
    close = closest(unknown[0], spec.names)
    hint = f" (did you mean {close!r}?)" if close else ""
    taken = f"it takes {', '.join(spec.names)}" if spec.names else "it takes none"
    return f"{owner} doesn't take {what} {', '.join(map(repr, unknown))}{hint}: {taken}"
