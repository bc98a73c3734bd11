"""Floor 3: `FuncArg`, a parameter that is a function's return value, and calling users' functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rocket_magic.args._base import POST, PRE, ArgumentEnv, BaseArgument, prepare
from rocket_magic.args._call import Call, LateCall, make_call, plain_result, show
from rocket_magic.args._signature import function_name, spec_of
from rocket_magic.exc import ParameterError


class FuncArg(BaseArgument):
    """The return value of a function, called anew for each run.

    Args:
        func: What is called; its own parameters may have arguments as defaults.
        *args: Given to it by position; may be arguments.
        materialize: "pre": called before the run's thread or process is started; "post": in it; None:
            as the session's `param_materialize` says.
        **kwargs: Given to it by name; may be arguments.

    Raises:
        ParameterError: `func` isn't callable, or `materialize` is neither.
    """

    def __init__(self, func: Any, *args: Any, materialize: str | None = None, **kwargs: Any) -> None:
        if not callable(func):
            msg = f"FuncArg needs a function, got {func!r}; a fixed value is SimpleArg(value)"
            raise ParameterError(msg)
        if materialize not in (None, PRE, POST):
            name = function_name(func)
            msg = f"materialize of FuncArg({name}) must be 'pre', 'post' or None, got {materialize!r}"
            raise ParameterError(msg)
        self.func = func
        self.args = args
        self.materialize = materialize
        self.kwargs = kwargs

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function itself, as if it weren't an argument."""
        return self.func(*args, **kwargs)

    def __repr__(self) -> str:
        given = [show(value) for value in self.args]
        given += [f"{name}={show(value)}" for name, value in self.kwargs.items()]
        return f"FuncArg({', '.join([function_name(self.func), *given])})"

    def _label(self) -> str:
        return function_name(self.func)

    def _prepare(self, env: ArgumentEnv, when: str) -> Any:
        made = bind(self.func, env, self.kwargs, args=self.args, when=when)
        # A function that needs what only the run knows is called there, unless it says "pre" itself.
        if (self.materialize or when) == POST or (self.materialize is None and made.post):
            return LateCall(made)
        return prepare(plain_result(made), env, when)


def argument(
    func: Callable[..., Any] | None = None, /, *args: Any, materialize: str | None = None, **kwargs: Any
) -> Any:
    """Turn a function into a `FuncArg`; a decorator, with or without parentheses.

    Args:
        func: The function, when used without parentheses.
        *args: As for `FuncArg`.
        materialize: As for `FuncArg`.
        **kwargs: As for `FuncArg`.
    """
    if func is not None:
        return FuncArg(func, *args, materialize=materialize, **kwargs)

    def decorate(func: Callable[..., Any]) -> FuncArg:
        return FuncArg(func, materialize=materialize, **kwargs)

    return decorate


def bind(
    func: Callable[..., Any],
    env: ArgumentEnv,
    given: Mapping[str, Any],
    *,
    args: tuple[Any, ...] = (),
    when: str = PRE,
) -> Call:
    """Put a condition's, hook's or argument's function together with what it takes.

    What is given wins over arguments in the signature; a parameter with neither and without a
    default takes the session parameter of its name.

    Args:
        func: The function.
        env: What arguments are resolved against.
        given: Values or arguments by parameter name.
        args: Values or arguments by position.
        when: "pre" or "post", for arguments that leave it open.
    """
    spec = spec_of(func)
    if not spec.names and not given and not args:
        return Call(func, env=env)
    placed = spec.names[: len(args)]
    values = {name: value for name, value in spec.arguments.items() if name not in placed}
    for name in spec.required:
        parameters = getattr(env.home, "parameters", {})
        if name not in values and name not in placed and name not in given and name in parameters:
            values[name] = parameters[name]
    values.update(given)
    return make_call(func, spec, values, env, when, args=args)


def call(func: Callable[..., Any], env: ArgumentEnv, given: Mapping[str, Any]) -> Any:
    """Call a user's function (of a condition, hook or argument), its arguments turned into values.

    Args:
        func: The function.
        env: What arguments are resolved against.
        given: Values that are known already, by parameter name; they win.

    Raises:
        ParameterError: Arguments ask for each other in a circle, one has no value, or `func` is a
            coroutine function.
    """
    return plain_result(bind(func, env, given))
