"""Floor 3: the configuration shown to people and changed by what they type."""

from __future__ import annotations

from typing import Any, Final, NamedTuple, cast

from rocket_magic.config._kinds import Kind
from rocket_magic.config._model import Config, kind_of, known
from rocket_magic.exc import ConfigError

_NOTHING: Final = frozenset({"", "none", "null"})


class OptionRow(NamedTuple):
    """One option, as `%rocket config` shows it."""

    name: str
    value: str
    default: str
    description: str
    differs: bool


def notebook_config(**options: Any) -> Config:
    """The configuration of a notebook's session; the options that differ from the engine's are listed in it.

    Args:
        **options: Win over the notebook's.

    Raises:
        ConfigError: As for `Config`; also a way of restarting that would replace or leave the kernel.
    """
    given = {
        "profile": "notebook",
        "execution": "thread",
        "restarting": "recall",
        "task_pre_exist": "replace",
        "silence_task_prerun": True,
        "silence_task_logging": True,
        "silence_cond_check": True,
    }
    return Config(**{**given, **known(options)})


def describe(config: Config) -> list[OptionRow]:
    """Every option with its value, the engine's default and what it means."""
    rows = []
    for name, field in Config.model_fields.items():
        kind = kind_of(name)
        value, default = kind.text(getattr(config, name)), kind.text(_default(name))
        if value != default or not _extra(name).get("legacy"):
            rows.append(OptionRow(name, value, default, field.description or "", value != default))
    return rows


def form_fields(config: Config) -> list[dict[str, Any]]:
    """The form of the configuration.

    Returns:
        One dict per option: name, kind (bool, int, float, text, choice, duration, readonly), choices,
        value and default (JSON values; durations as text), optional, description.
    """
    fields = []
    for row in describe(config):
        kind = kind_of(row.name)
        fixed = bool(_extra(row.name).get("fixed"))
        choices = kind.choices
        if row.name == "restarting" and config.profile == "notebook":
            choices = ("recall",)
        fields.append(
            {
                "name": row.name,
                "kind": "readonly" if fixed else kind.name,
                "choices": list(choices),
                "value": _form_value(kind, getattr(config, row.name)),
                "default": _form_value(kind, _default(row.name)),
                "optional": kind.optional,
                "description": row.description,
                "differs": row.differs,
            }
        )
    return fields


def set_from_text(config: Config, name: str, text: str) -> None:
    """Set an option from text that somebody typed; nothing in it is evaluated.

    Args:
        config: The configuration.
        name: The option.
        text: Its value: a word, number, duration or phrase; "" or "none" for no value.

    Raises:
        ConfigError: No such option, a refused value, or an option that only Python can set.
    """
    (name,) = known({name: text})
    kind = kind_of(name)
    if kind.name == "readonly" or _extra(name).get("fixed"):
        msg = f"config option {name!r} can't be set from text: it is {kind.rule}; set it in Python"
        raise ConfigError(msg)
    word = text.strip()
    config.update({name: None if kind.optional and word.lower() in _NOTHING else word})


def _default(name: str) -> Any:
    return Config.model_fields[name].get_default(call_default_factory=True)


def _extra(name: str) -> dict[str, Any]:
    return cast("dict[str, Any]", Config.model_fields[name].json_schema_extra or {})


def _form_value(kind: Kind, value: Any) -> Any:
    return kind.text(value) if kind.name == "duration" else kind.plain(value)
