"""Floor 3: what a function takes, read once and remembered weakly.

The memory is keyed by the function object, so that a redefined cell's old function can go.
"""

from __future__ import annotations

import functools
import inspect
import types
import typing
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from weakref import WeakKeyDictionary

from rocket_magic._inspection import signature_of
from rocket_magic.exc import ParameterError


class ArgumentMark:
    """Root of every argument class; lets this module recognise them without importing them."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class FunctionSpec:
    """What a function takes.

    Attributes:
        names: Parameters that can be given, in order.
        positional: Those of them that can be given by position only.
        arguments: Argument objects of the signature, by parameter name.
        required: Parameters without any default.
        injectable: Parameters that a session parameter of the same name fills.
        takes_any: Whether further keywords are taken (`**kwargs`, or an unreadable signature).
        checks_itself: Whether it is a wrapper that takes further keywords, whatever it shows.
    """

    names: tuple[str, ...]
    positional: tuple[str, ...]
    arguments: dict[str, Any]
    required: tuple[str, ...]
    injectable: tuple[str, ...]
    takes_any: bool
    checks_itself: bool = False


_UNREADABLE = FunctionSpec((), (), {}, (), (), takes_any=True)
_EMPTY = FunctionSpec((), (), {}, (), (), takes_any=False)
_DISGUISES: Final = frozenset({"__signature__", "__wrapped__"})
"""What makes a callable seem to take something else than its code says."""

_functions: WeakKeyDictionary[types.FunctionType, FunctionSpec] = WeakKeyDictionary()
_methods: WeakKeyDictionary[types.FunctionType, FunctionSpec] = WeakKeyDictionary()
_partials: WeakKeyDictionary[types.FunctionType, dict[tuple[int, tuple[str, ...]], FunctionSpec]] = (
    WeakKeyDictionary()
)
_VARIABLE: Final = inspect.CO_VARARGS | inspect.CO_VARKEYWORDS


def spec_of(func: Callable[..., Any]) -> FunctionSpec:
    """Read what `func` takes.

    Args:
        func: Function, method, partial, class or callable object.

    Raises:
        ParameterError: An argument is given as a class, or an annotation that names one can't be read.
    """
    if _takes_nothing(func):
        return _EMPTY
    if isinstance(func, functools.partial):
        return _spec_of_partial(func)
    cache, key = _place(func)
    if cache is None or key is None:
        return _read(func)
    found = cache.get(key)
    if found is None:
        found = cache[key] = _read(func)
    return found


def _takes_nothing(func: Any) -> bool:
    """Whether it is a plain function without parameters: most tasks are, and they share one spec."""
    if type(func) is not types.FunctionType or func.__dict__.keys() & _DISGUISES:
        return False
    code = func.__code__
    return not (code.co_argcount or code.co_kwonlyargcount or code.co_flags & _VARIABLE)


def _spec_of_partial(func: functools.partial[Any]) -> FunctionSpec:
    """Read a partial; those that fix the same parameters of one function by plain values share a spec."""
    inner = func.func
    values = func.keywords.values()
    if (
        not isinstance(inner, types.FunctionType)
        or func.__dict__.keys() & _DISGUISES
        or any(isinstance(value, (ArgumentMark, type)) for value in values)
    ):
        return _read(func)
    known = _partials.setdefault(inner, {})
    key = (len(func.args), tuple(func.keywords))
    found = known.get(key)
    if found is None:
        found = known[key] = _read(func)
    return found


def function_name(func: Any) -> str:
    """The name people know a callable by."""
    while isinstance(func, functools.partial):
        func = func.func
    return getattr(func, "__name__", None) or type(func).__name__


def _place(
    func: Any,
) -> tuple[WeakKeyDictionary[types.FunctionType, FunctionSpec] | None, types.FunctionType | None]:
    """Where the spec is remembered; methods apart from functions, since they lack the first parameter."""
    if isinstance(func, types.FunctionType):
        return _functions, func
    if isinstance(func, types.MethodType):
        return (_methods, func.__func__) if isinstance(func.__func__, types.FunctionType) else (None, None)
    if isinstance(func, type):
        return None, None
    own = getattr(func, "__dict__", {})
    call = getattr(type(func), "__call__", None)  # noqa: B004  its function is the key, not a test
    if isinstance(call, types.FunctionType) and "__signature__" not in own and "__wrapped__" not in own:
        return _methods, call
    return None, None


def _read(func: Callable[..., Any]) -> FunctionSpec:
    try:
        parameters = signature_of(func).parameters.values()
    except (TypeError, ValueError):  # some callables written in C have no signature
        return _UNREADABLE
    fixed = set(func.keywords) if isinstance(func, functools.partial) else set()
    names, positional, required, injectable = [], [], [], []
    arguments: dict[str, Any] = {}
    takes_any = False
    for parameter in parameters:
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            takes_any = takes_any or parameter.kind is parameter.VAR_KEYWORD
            continue
        name = parameter.name
        names.append(name)
        if parameter.kind is parameter.POSITIONAL_ONLY:
            positional.append(name)
        argument = _argument_of(func, parameter)
        if argument is not None:
            arguments[name] = argument
        elif name not in fixed:
            injectable.append(name)
        if parameter.default is parameter.empty:
            required.append(name)
    return FunctionSpec(
        tuple(names),
        tuple(positional),
        arguments,
        tuple(required),
        tuple(injectable),
        takes_any,
        _wraps_loosely(func),
    )


def _wraps_loosely(func: Any) -> bool:
    """Whether it shows another function's signature (`functools.wraps`), but has a `**kwargs` of its own."""
    func = getattr(func, "__func__", func)
    code = getattr(func, "__code__", None)
    return code is not None and bool(code.co_flags & inspect.CO_VARKEYWORDS) and hasattr(func, "__wrapped__")


def _argument_of(func: Callable[..., Any], parameter: inspect.Parameter) -> Any:
    """The argument object of one parameter: its default, else one in its `Annotated[...]`."""
    default = parameter.default
    if isinstance(default, ArgumentMark):
        return default
    if _is_argument_class(default):
        raise ParameterError(_needs_call(func, parameter.name, default))
    for extra in _annotated(func, parameter):
        if _is_argument_class(extra):
            raise ParameterError(_needs_call(func, parameter.name, extra))
        if isinstance(extra, ArgumentMark):
            # A plain default beside it is what counts when the argument finds no value.
            return extra if default is parameter.empty else extra >> default
    return None


def _is_argument_class(value: Any) -> bool:
    return isinstance(value, type) and issubclass(value, ArgumentMark)


def _needs_call(func: Callable[..., Any], name: str, found: type) -> str:
    shown = found.__name__
    return (
        f"parameter {name!r} of {function_name(func)}: {shown} is the class of an argument, "
        f"not an argument; write {shown}(...)"
    )


def _annotated(func: Callable[..., Any], parameter: inspect.Parameter) -> tuple[Any, ...]:
    """The extras of `Annotated[type, *extras]`, or nothing."""
    annotation = parameter.annotation
    if isinstance(annotation, str):
        annotation = _evaluated(func, parameter.name, annotation)
    return tuple(getattr(annotation, "__metadata__", ()))


def _evaluated(func: Callable[..., Any], name: str, text: str) -> Any:
    """What an annotation's text means in the module of the function."""
    inner = innermost(func)
    module = getattr(inner, "__globals__", {})
    stub = types.SimpleNamespace(__annotations__={name: text})
    try:
        hints = typing.get_type_hints(stub, module, closure_of(inner), include_extras=True)
    except Exception as error:
        if "Annotated" not in text:
            return None  # an ordinary annotation that only a type checker understands
        msg = (
            f"parameter {name!r} of {function_name(func)}: the annotation {text!r} can't be read "
            f"({type(error).__name__}: {error}); import its names at run time, or make the argument a default"
        )
        raise ParameterError(msg) from error
    return hints[name]


def innermost(func: Any) -> Any:
    """The plain function behind partials, methods, wrappers, classes and callable objects."""
    while not isinstance(func, types.FunctionType):
        if isinstance(func, functools.partial):
            func = func.func
        elif isinstance(func, types.MethodType):
            func = func.__func__
        elif hasattr(func, "__wrapped__"):
            func = func.__wrapped__
        elif isinstance(func, type):
            return vars(func).get("__init__", func)
        else:
            call = getattr(type(func), "__call__", None)  # noqa: B004  its function is wanted, not a test
            return call if isinstance(call, types.FunctionType) else func
    return inspect.unwrap(func)


def closure_of(func: Any) -> dict[str, Any]:
    """What a function has closed over, by name."""
    code, cells = getattr(func, "__code__", None), getattr(func, "__closure__", None)
    if code is None or not cells:
        return {}
    found: dict[str, Any] = {}
    for name, cell in zip(code.co_freevars, cells, strict=True):
        try:
            found[name] = cell.cell_contents
        except ValueError:  # not assigned yet
            continue
    return found
