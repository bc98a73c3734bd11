"""Floor 3: keeping secret values out of text.

While the parameters of a run are prepared, `Private` and `EnvArg` note the values they give. The call
remembers them and can mask them in messages; nothing global remembers a secret.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from typing import Any, Final

MASK: Final = "*****"
_SHORTEST = 4
"""Shorter texts ("1", "on") stand everywhere: masking them would destroy messages, not protect them."""
_DEEPEST = 6

noted: ContextVar[list[Any] | None] = ContextVar("rocket_magic_noted_secrets", default=None)


def note_secret(value: Any) -> None:
    """Remember a secret value for the call that is being prepared, if one is."""
    notes = noted.get()
    if notes is not None:
        notes.append(value)


def mask_secrets(text: str, secrets: Iterable[Any]) -> str:
    """Replace every secret in `text` that can be told from ordinary words.

    Args:
        text: A message, traceback or other text.
        secrets: The secret values, of any type; containers stand for what they hold.
    """
    words = {word for secret in secrets for word in _words(secret, _DEEPEST)}
    for word in sorted(words, key=len, reverse=True):
        text = text.replace(word, MASK)
    return text


def _words(value: Any, depth: int) -> set[str]:
    """The texts under which a value can appear."""
    if depth == 0 or value is None or isinstance(value, bool):
        return set()
    if isinstance(value, str):
        return _worth({value, repr(value)[1:-1]})
    if isinstance(value, bytes):
        return _worth({repr(value)[2:-1], value.decode("utf-8", "replace")})
    if isinstance(value, (int, float)):
        return _worth({str(value)})
    return {word for part in _parts(value) for word in _words(part, depth - 1)}


def _worth(words: set[str]) -> set[str]:
    return {word for word in words if len(word) >= _SHORTEST}


def _parts(value: Any) -> Iterable[Any]:
    if isinstance(value, Mapping):
        return list(value.values())
    if isinstance(value, (list, tuple, set, frozenset)):
        return value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return [getattr(value, field.name) for field in dataclasses.fields(value)]
    return ()
