"""Floor 5: `CodeTask`, a task that runs source text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rocket_magic.args import Call, ParameterPlan
from rocket_magic.exc import TaskError
from rocket_magic.tasks._base import Task


class CodeTask(Task):
    """Runs Python source; parameters of the task and the batch are its variables.

    Args:
        code: The source text.
        output_variable: The variable whose value is the run's return value, if the code sets it.
        **policy: Everything `Task` takes; `name` is required.

    Raises:
        TaskError: The source has a syntax error.
    """

    __slots__ = ("code", "output_variable")

    def __init__(self, code: str, *, output_variable: str = "return_value", **policy: Any) -> None:
        try:
            compile(code, "<task>", "exec")
        except SyntaxError as error:
            msg = f"the code of task {policy.get('name')!r} is not Python: {error.msg}, line {error.lineno}"
            raise TaskError(msg) from error
        self.code = code
        self.output_variable = output_variable
        super().__init__(**policy)

    def make_call(self, batch: Mapping[str, Any], env: Any, materialize: str) -> Call:
        """The task's and the batch's parameters become variables; session parameters don't."""
        source = Source(self.code, self.output_variable, f"<task {self.name}>")
        return ParameterPlan.of(source).build({}, self.parameters, batch, env, materialize)


@dataclass(frozen=True)
class Source:
    """What a `CodeTask` calls; picklable."""

    code: str
    output_variable: str
    filename: str

    def __call__(self, **variables: Any) -> Any:
        """Run the code in one namespace of its own, so that its functions see its imports."""
        namespace = {"__name__": "__main__", **variables}
        exec(compile(self.code, self.filename, "exec"), namespace)  # noqa: S102  running its code is the task
        return namespace.get(self.output_variable)
