"""What Red Bird gets when it says `from pydantic import …`: pydantic 2 with pydantic 1's manners.

Only what Red Bird 0.7.1 asks for is here. `BaseModel` is a real subclass of pydantic 2's, so Red Bird's
repositories *are* models of pydantic 2. The numbers in the comments are those of REDBIRD.md section 4.
"""

from __future__ import annotations

import inspect
import os
import sys
import typing
from collections.abc import Callable, Mapping
from pathlib import Path, PurePath
from types import FunctionType, NoneType, UnionType
from typing import Any, ClassVar, get_args, get_origin

import pydantic
from pydantic import ConfigDict, PrivateAttr, ValidationError, field_validator, model_validator
from pydantic.fields import FieldInfo, ModelPrivateAttr

__all__ = ["BaseModel", "Field", "PrivateAttr", "ValidationError", "validator"]

_PLAIN = (FunctionType, property, classmethod, staticmethod, ModelPrivateAttr)


class _Const:
    """A field that accepts only its default: pydantic 1's `Field(…, const=True)` (1)."""

    def __init__(self, info: Any, value: Any) -> None:
        self.info = info
        self.value = value


def Field(default: Any = ..., *, const: bool = False, **options: Any) -> Any:  # noqa: N802  pydantic's name
    """The `Field` of pydantic 2, with `const`."""
    info: Any = pydantic.Field(default, **options)
    return _Const(info, default) if const else info


def validator(*fields: str, pre: bool = False, always: bool = False, **_: Any) -> Callable[[Any], Any]:
    """The `validator` of pydantic 1 as a `field_validator` of pydantic 2 (3)."""

    def decorate(function: Any) -> Any:
        function = getattr(function, "__func__", function)
        wants_values = len(inspect.signature(function).parameters) > 2  # noqa: PLR2004  (cls, value)

        def check(cls: type, value: Any, info: Any) -> Any:
            return function(cls, value, info.data) if wants_values else function(cls, value)

        check.__name__ = function.__name__
        proxy: Any = field_validator(*fields, mode="before" if pre else "after")(classmethod(check))
        if always:
            proxy.always_fields = fields  # read by the metaclass below
        return proxy

    return decorate


def _annotations(namespace: Mapping[str, Any]) -> dict[str, Any]:
    """The annotations of a class body that is being made, not evaluated."""
    if "__annotations__" in namespace:
        return dict(namespace["__annotations__"])
    if sys.version_info >= (3, 14):
        import annotationlib  # noqa: PLC0415  of Python 3.14

        annotate = annotationlib.get_annotate_from_class_namespace(namespace)
        if annotate is not None:
            return annotationlib.call_annotate_function(annotate, annotationlib.Format.FORWARDREF)
    return {}


def _allows_none(hint: Any) -> bool:
    """Whether a field of that hint may be left out, as in pydantic 1 (2)."""
    if isinstance(hint, str):
        return "Optional[" in hint or "None" in hint or hint.strip() in {"Any", "typing.Any"}
    if hint is Any:
        return True
    return get_origin(hint) in {typing.Union, UnionType} and NoneType in get_args(hint)


def _is_class_variable(hint: Any) -> bool:
    return "ClassVar" in hint if isinstance(hint, str) else hint is ClassVar or get_origin(hint) is ClassVar


def _is_loose(name: str, value: Any) -> bool:
    """Whether an attribute without annotation is one that pydantic 2 would refuse (4)."""
    return not (
        name.startswith("_")
        or isinstance(value, (*_PLAIN, FieldInfo))
        or type(value).__name__ == "PydanticDescriptorProxy"
        or name in {"model_config", "Config"}
    )


class _Body:
    """A class body of Red Bird, changed until pydantic 2 takes it.

    Attributes:
        namespace: The body to make the class from.
        loose: Attributes to set on the class afterwards.
        constants: Fields with their only accepted value.
        always: Fields whose validators run for the default too.
    """

    def __init__(self, bases: tuple[type, ...], namespace: dict[str, Any]) -> None:
        self.namespace = namespace
        self.loose: dict[str, Any] = {}
        self.constants: dict[str, Any] = {}
        self.always: set[str] = set()
        for base in reversed(bases):
            self.constants |= getattr(base, "__const_fields__", {})
            self.always |= getattr(base, "__always_fields__", set())
        annotations = _annotations(namespace)
        self._take_constants()
        self._take_always()
        self._give_defaults(annotations)
        self._take_loose(annotations)

    def _take_constants(self) -> None:
        for name, value in list(self.namespace.items()):
            if isinstance(value, _Const):
                self.constants[name] = value.value
                self.namespace[name] = value.info

    def _take_always(self) -> None:
        for value in self.namespace.values():
            if type(value).__name__ == "PydanticDescriptorProxy":
                self.always |= set(getattr(value, "always_fields", ()))

    def _give_defaults(self, annotations: Mapping[str, Any]) -> None:
        for name, hint in annotations.items():
            if name.startswith("_") or _is_class_variable(hint):
                continue
            if name not in self.namespace and _allows_none(hint):
                self.namespace[name] = None
            value = self.namespace.get(name, ...)
            if name in self.always and value is not ... and not isinstance(value, FieldInfo):
                self.namespace[name] = pydantic.Field(value, validate_default=True)

    def _take_loose(self, annotations: Mapping[str, Any]) -> None:
        for name, value in list(self.namespace.items()):
            if name not in annotations and _is_loose(name, value):
                self.loose[name] = self.namespace.pop(name)


class _Meta(type(pydantic.BaseModel)):  # type: ignore[misc]  # its metaclass has no public name
    """Makes Red Bird's classes, and answers what "any pydantic model" means (7)."""

    def __new__(mcs, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **options: Any) -> _Meta:
        body = _Body(bases, namespace)
        cls: _Meta = super().__new__(mcs, name, bases, body.namespace, **options)
        type.__setattr__(cls, "__const_fields__", body.constants)
        type.__setattr__(cls, "__always_fields__", body.always)
        for key, value in body.loose.items():
            type.__setattr__(cls, key, value)
        return cls

    def __instancecheck__(cls, instance: Any) -> bool:
        return cls.__subclasscheck__(type(instance))

    def __subclasscheck__(cls, subclass: type) -> bool:
        # walking the MRO, because pydantic's own check recurses on versions up to 2.10
        wanted = pydantic.BaseModel if cls.__dict__.get("__is_root__") else cls
        return wanted in getattr(subclass, "__mro__", ())


class BaseModel(pydantic.BaseModel, metaclass=_Meta):
    """The root of Red Bird's repositories and query models."""

    __is_root__: ClassVar[bool] = True
    __const_fields__: ClassVar[dict[str, Any]] = {}
    __always_fields__: ClassVar[set[str]] = set()

    # the coercions of pydantic 1 (8)
    model_config = ConfigDict(
        arbitrary_types_allowed=True, coerce_numbers_to_str=True, protected_namespaces=(), extra="ignore"
    )

    @model_validator(mode="before")
    @classmethod
    def _take_paths(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        return {
            key: Path(os.fspath(value))
            if isinstance(value, os.PathLike) and not isinstance(value, PurePath)
            else value
            for key, value in data.items()
        }

    @model_validator(mode="after")
    def _check_constants(self) -> BaseModel:
        for name, value in type(self).__const_fields__.items():
            if getattr(self, name, value) != value:
                msg = f"{name} of {type(self).__name__} is always {value!r}, got {getattr(self, name)!r}"
                raise ValueError(msg)
        return self

    def __setattr__(self, name: str, value: Any) -> None:
        if name in type(self).__private_attributes__:
            self._make_private()  # (5)
        elif callable(value) and callable(getattr(type(self), name, None)):
            # a wrapped method of one repository, as the retry recipe for logs has it
            object.__setattr__(self, name, value)
            return
        super().__setattr__(name, value)

    def _make_private(self) -> None:
        try:
            if object.__getattribute__(self, "__pydantic_private__") is not None:
                return
        except AttributeError:
            pass
        defaults = {
            name: attribute.get_default()
            for name, attribute in type(self).__private_attributes__.items()
            if attribute.default is not _UNSET or attribute.default_factory is not None
        }
        object.__setattr__(self, "__pydantic_private__", defaults)

    def dict(self, **_: Any) -> typing.Dict[str, Any]:  # noqa: UP006  `dict` is this
        """The values as they are, nothing converted: they may be operators or slices (6)."""
        return {**self.__dict__, **(self.__pydantic_extra__ or {})}


_UNSET = ModelPrivateAttr().default
