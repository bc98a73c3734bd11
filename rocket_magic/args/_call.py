"""Floor 3: `Call`, a function together with the parameters of one run, ready to travel.

Made on the scheduler's thread, called in the run's thread or process. What was put off until then
(its `post` part) is found first, then the function is called.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rocket_magic._lazy import LazyModule
from rocket_magic.args._base import ArgumentEnv, BaseArgument, Later, prepare, settle
from rocket_magic.args._run import current_run
from rocket_magic.args._secret import mask_secrets, noted
from rocket_magic.args._signature import FunctionSpec, function_name
from rocket_magic.args._travel import explain_refusal
from rocket_magic.exc import ParameterError, TaskSetupError

if TYPE_CHECKING:
    import cloudpickle
else:
    cloudpickle = LazyModule("cloudpickle")

_NOTHING: Mapping[str, Any] = {}
_LONGEST_VALUE = 80


class Call:
    """A function and what it is called with.

    Args:
        func: What is called; may be a coroutine function, then calling gives its coroutine.
        params: Values by parameter name.
        post: What is found when the call runs, by parameter name.
        args: Values, or `Later`, given by position.
        given: The parameters before arguments became values; for drawing and for messages.
        env: What late arguments are asked with; left behind when the call travels.
        secrets: Values that must not appear in text; left behind too.
    """

    __slots__ = ("args", "env", "func", "given", "params", "post", "secrets")

    def __init__(
        self,
        func: Callable[..., Any],
        params: Mapping[str, Any] = _NOTHING,
        post: Mapping[str, Later] = _NOTHING,
        *,
        args: tuple[Any, ...] = (),
        given: Mapping[str, Any] = _NOTHING,
        env: ArgumentEnv | None = None,
        secrets: tuple[Any, ...] = (),
    ) -> None:
        self.func = func
        self.params = params
        self.post = post
        self.args = args
        self.given = given
        self.env = env
        self.secrets = secrets

    def filter_params(self, choose: Callable[[dict[str, Any]], Mapping[str, Any]]) -> None:
        """Let somebody choose among the parameters; those that are found late are shown as they are."""
        late = self.post
        chosen = dict(choose({**self.params, **late}))
        self.post = {name: value for name, value in late.items() if chosen.get(name) is value}
        self.params = {name: value for name, value in chosen.items() if name not in self.post}

    def __call__(self) -> Any:
        """Find what was put off, then call the function."""
        if not self.post and not self.args:
            return self.func(**self.params)
        home = self.env
        env = ArgumentEnv(home and home.session, home and home.task, current_run.get())
        args = [settle(value, env) for value in self.args]
        params = dict(self.params)
        for name, later in self.post.items():
            try:
                params[name] = later.value(env)
            except Exception as error:
                error.add_note(self._about(name))
                raise
        return self.func(*args, **params)

    @property
    def is_async(self) -> bool:
        """Whether calling it gives a coroutine."""
        call = getattr(self.func, "__call__", None)  # noqa: B004  an object's own __call__ may be async
        return inspect.iscoroutinefunction(self.func) or inspect.iscoroutinefunction(call)

    def describe(self) -> str | None:
        """The parameters as text, arguments unresolved and secrets masked; None when there are none."""
        if not self.given:
            return None
        return ", ".join(f"{name}={show(value)}" for name, value in self.given.items())

    def masked(self, text: str) -> str:
        """`text` (a message, a traceback) without the secret values of this run."""
        return mask_secrets(text, self.secrets) if self.secrets else text

    def __repr__(self) -> str:
        return f"<Call {function_name(self.func)}({self.describe() or ''})>"

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel as one block that any pickler takes; what can't travel is named.

        Raises:
            TaskSetupError: The function or a parameter can't travel.
        """
        for name, value in self.given.items():
            if isinstance(value, BaseArgument) and (reason := value.stays_because()):
                text = f"parameter {name!r} ({value!r}): {reason}"
                raise self._refusal(text, None)
        try:
            block = cloudpickle.dumps((self.func, dict(self.params), dict(self.post), self.args))
        except Exception as error:
            named = {**self.params, **self.post, **{f"argument {n}": a for n, a in enumerate(self.args)}}
            raise self._refusal(explain_refusal(self.func, named, error), error) from error
        return _unpacked, (block,)

    def _refusal(self, text: str, error: Exception | None) -> Exception:
        if isinstance(error, TaskSetupError):  # a call inside this call has said it already
            return error
        return TaskSetupError(f"{self._owner()} can't go to another process: {text}")

    def _owner(self) -> str:
        task = self.env.task if self.env is not None else None
        name = function_name(self.func)
        return f"task {task.name!r} ({name})" if task is not None else name

    def _about(self, name: str) -> str:
        return f"while finding parameter {name!r} ({show(self.given.get(name, ...))}) of {self._owner()}"


@dataclass(frozen=True, slots=True)
class LateCall(Later):
    """A function of an argument that is called in the run."""

    call: Call

    def value(self, env: ArgumentEnv) -> Any:
        """Call it, and ask again when it gives an argument."""
        return settle(prepare(plain_result(self.call), env, "pre"), env)


def make_call(
    func: Callable[..., Any],
    spec: FunctionSpec,
    values: Mapping[str, Any],
    env: ArgumentEnv,
    when: str,
    *,
    args: tuple[Any, ...] = (),
) -> Call:
    """Turn the arguments among `values` and `args` into values, or put them off.

    Args:
        func: What will be called.
        spec: What it takes.
        values: Values and arguments by parameter name.
        env: What arguments are resolved against.
        when: "pre" or "post", for arguments that leave it open.
        args: Values and arguments by position.
    """
    params: dict[str, Any] = {}
    post: dict[str, Later] = {}
    outer = noted.get()
    notes: list[Any] = []
    token = noted.set(notes)
    try:
        for name, value in values.items():
            if not isinstance(value, BaseArgument):
                params[name] = value
                continue
            found = _prepared(func, name, value, env, when)
            if isinstance(found, Later):
                post[name] = found
            else:
                params[name] = found
        placed = tuple(_prepared(func, n, value, env, when) for n, value in enumerate(args))
    finally:
        noted.reset(token)
    if outer is not None:
        outer.extend(notes)
    if spec.positional:
        placed += tuple(_taken(name, params, post) for name in spec.positional if name in values)
    return Call(func, params, post, args=placed, given=values, env=env, secrets=tuple(notes))


def plain_result(call: Call) -> Any:
    """Call an argument's function; it must not be a coroutine function."""
    result = call()
    if inspect.iscoroutine(result):
        result.close()
        msg = (
            f"{function_name(call.func)} is a coroutine function: the function of an argument, condition or "
            "hook must be a plain one; await inside the task instead"
        )
        raise ParameterError(msg)
    return result


def show(value: Any) -> str:
    """A value as short text on one line; drawing it never raises."""
    try:
        text = str(value) if isinstance(value, BaseArgument) else repr(value)
    except Exception as error:
        return f"<{type(value).__name__}, its repr raises {type(error).__name__}>"
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"


def _prepared(func: Callable[..., Any], name: str | int, value: Any, env: ArgumentEnv, when: str) -> Any:
    try:
        return prepare(value, env, when)
    except Exception as error:
        error.add_note(f"while finding parameter {name!r} ({show(value)}) of {function_name(func)}")
        raise


def _taken(name: str, params: dict[str, Any], post: dict[str, Later]) -> Any:
    return params.pop(name) if name in params else post.pop(name)


def _unpacked(block: bytes) -> Call:
    func, params, post, args = cloudpickle.loads(block)
    return Call(func, params, post, args=args)
