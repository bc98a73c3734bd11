"""Floor 3: finding out what keeps a call from travelling to another process."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from rocket_magic._lazy import LazyModule
from rocket_magic.args._signature import closure_of, function_name, innermost

if TYPE_CHECKING:
    import cloudpickle
else:
    cloudpickle = LazyModule("cloudpickle")


def explain_refusal(func: Callable[..., Any], params: Mapping[str, Any], error: Exception) -> str:
    """Name the part that can't be pickled, the reason and a way out.

    Args:
        func: The function of the call.
        params: Its parameters by name.
        error: What pickling the whole raised.
    """
    for name, value in params.items():
        problem = _problem(value)
        if problem is not None:
            return (
                f"parameter {name!r} ({type(value).__name__}) can't be pickled ({_text(problem)}); "
                "create it in the task or in a FuncArg(..., materialize='post'), or use execution='thread'"
            )
    problem = _problem(func)
    if problem is not None:
        return (
            f"{_guilty(func)} can't be pickled ({_text(problem)}); "
            "create it inside the function, pass what is needed as parameter, or use execution='thread'"
        )
    return f"it can't be pickled as a whole ({_text(error)}); use execution='thread'"


def _guilty(func: Callable[..., Any]) -> str:
    """The global or closed-over name that a function uses and that can't be pickled."""
    inner = innermost(func)
    code = getattr(inner, "__code__", None)
    for name, value in closure_of(inner).items():
        if _problem(value) is not None:
            return f"{name!r} ({type(value).__name__}), used by {function_name(func)},"
    used = getattr(inner, "__globals__", {})
    for name in getattr(code, "co_names", ()):
        if name in used and _problem(used[name]) is not None:
            return f"global {name!r} ({type(used[name]).__name__}), used by {function_name(func)},"
    return f"the function {function_name(func)}"


def _problem(value: Any) -> Exception | None:
    try:
        cloudpickle.dumps(value)
    except Exception as error:
        return error
    return None


def _text(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
