"""The places where Red Bird calls methods of pydantic 1 on the *user's* record model, replaced.

Each patch acts only on models of pydantic 2 and hands everything else to the original, so it is right
for a Red Bird that stands on pydantic 1 too. Numbers: REDBIRD.md section 4.
"""

from __future__ import annotations

import contextlib
import importlib
import sys
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType, NoneType, UnionType
from typing import Any, Union, get_args, get_origin

import pydantic
from pydantic_core import PydanticUndefined

_MARK = "__rocket_magic_patched__"


def apply(module: ModuleType) -> None:
    """Patch a module of Red Bird that has just been loaded."""
    patch = _PATCHES.get(module.__name__)
    if patch is not None and not module.__dict__.get(_MARK, False):
        patch(module)
        setattr(module, _MARK, True)


def apply_to_loaded() -> None:
    """Patch what somebody loaded before our import view was there."""
    for name in _PATCHES:
        module = sys.modules.get(name)
        if module is not None:
            apply(module)


def _is_model(item: Any) -> bool:
    return isinstance(item, pydantic.BaseModel)


def _dump(item: Any, exclude_unset: bool) -> dict[str, Any]:
    """A record as a dict; a `dict` method of the user's own wins."""
    own = getattr(type(item), "dict", None)
    if own is not None and own is not pydantic.BaseModel.dict:
        values: dict[str, Any] = item.dict(exclude_unset=exclude_unset)
        return values
    dumped: dict[str, Any] = item.model_dump(exclude_unset=exclude_unset)
    return dumped


def _patch_base(module: ModuleType) -> None:
    repo: Any = module.BaseRepo
    original: Callable[..., Any] = repo.item_to_dict

    def item_to_dict(self: Any, item: Any, exclude_unset: bool = True) -> Any:  # (9)
        return _dump(item, exclude_unset) if _is_model(item) else original(self, item, exclude_unset)

    def emit(self: Any, record: Any) -> None:
        """Write one record; the name that the documented retry recipe wraps."""
        self.add(record)

    repo.item_to_dict = item_to_dict
    if not hasattr(repo, "emit"):
        repo.emit = emit


def _patch_csv(module: ModuleType) -> None:
    repo: Any = module.CSVFileRepo
    original: Callable[..., Any] = repo.get_headers

    def get_headers(self: Any) -> Any:  # (11)
        fields = getattr(self.model, "model_fields", None)
        return list(fields) if self.fieldnames is None and fields is not None else original(self)

    repo.get_headers = get_headers


@dataclass(frozen=True, slots=True)
class _Field:
    """A field as pydantic 1 described it."""

    type_: Any
    required: bool
    default: Any


@dataclass(frozen=True, slots=True)
class _Model:
    """A model as pydantic 1 described it."""

    __fields__: dict[str, _Field]


def _described(info: Any) -> _Field:
    hint, nullable = info.annotation, False
    if get_origin(hint) in {Union, UnionType}:
        inner = [part for part in get_args(hint) if part is not NoneType]
        nullable = len(inner) < len(get_args(hint))
        hint = inner[0] if len(inner) == 1 else Union[tuple(inner)]  # noqa: UP007  made at run time
    default = None if info.default is PydanticUndefined else info.default
    return _Field(type_=hint, required=info.is_required() and not nullable, default=default)


def _patch_expressions(module: ModuleType) -> None:
    table: Any = module.Table
    original: Callable[..., Any] = table.create_from_model

    def create_from_model(self: Any, model: Any, primary_column: Any = None) -> Any:  # (12)
        fields = getattr(model, "model_fields", None)
        if fields is not None:
            model = _Model({name: _described(info) for name, info in fields.items()})
        return original(self, model, primary_column=primary_column)

    table.create_from_model = create_from_model


def _patch_sqlalchemy(module: ModuleType) -> None:
    repo: Any = module.SQLRepo
    item_original: Callable[..., Any] = repo.item_to_dict
    data_original: Callable[..., Any] = repo.data_to_item
    with contextlib.suppress(ModuleNotFoundError):
        importlib.import_module("sqlalchemy.orm")  # (14)

    def item_to_dict(self: Any, item: Any, exclude_unset: bool = True) -> Any:  # (10)
        if not _is_model(item):
            return item_original(self, item, exclude_unset)
        # a model may know more columns than the table has, as long as nothing was put into them
        known = item.model_fields_set
        return {
            key: value
            for key, value in _dump(item, exclude_unset).items()
            if key in known or hasattr(self.model_orm, key)
        }

    def data_to_item(self: Any, row: Any) -> Any:  # (13)
        model = self.model
        if model is not dict and not hasattr(model, "model_validate"):
            return data_original(self, row)
        if getattr(model, "model_config", {}).get("from_attributes", False):
            return model.model_validate(row)
        mapper = importlib.import_module("sqlalchemy").inspect(type(row))
        return model(**{column.key: getattr(row, column.key) for column in mapper.column_attrs})

    repo.item_to_dict = item_to_dict
    repo.data_to_item = data_to_item


_PATCHES: dict[str, Callable[[ModuleType], None]] = {
    "redbird.base": _patch_base,
    "redbird.repos.csv": _patch_csv,
    "redbird.sql.expressions": _patch_expressions,
    "redbird.repos.sqlalchemy": _patch_sqlalchemy,
}
