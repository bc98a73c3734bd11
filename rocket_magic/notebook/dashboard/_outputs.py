"""Floor 9, dashboard: the output of a run, made harmless for a page.

Turns nbformat outputs into items that a page can only show as text or as picture: no item carries
markup that runs. `text/html` travels along, marked, for a sandboxed frame that opens on a click.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from rocket_magic.notebook._text import terminal_text

__all__ = ["output_items"]

_TEXT_LIMIT = 100_000
_PICTURE_LIMIT = 1_000_000
_HTML_LIMIT = 200_000
_ITEMS = 200
_PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")


def output_items(outputs: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One item per output: `{"kind": "text" | "error" | "picture", …}`; older ones cut with a note.

    Args:
        outputs: nbformat outputs, in order.
    """
    items = [_item(output) for output in outputs[-_ITEMS:]]
    if len(outputs) > _ITEMS:
        items.insert(0, _note(f"{len(outputs) - _ITEMS} earlier outputs are left out here."))
    return items


def _item(output: Mapping[str, Any]) -> dict[str, Any]:
    try:
        kind = output.get("output_type")
        if kind == "stream":
            stream = "stderr" if output.get("name") == "stderr" else "stdout"
            return {"kind": "text", "stream": stream} | _text(_joined(output.get("text")))
        if kind == "error":
            lines = output.get("traceback") or [f"{output.get('ename')}: {output.get('evalue')}"]
            return {"kind": "error"} | _text("\n".join(str(line).rstrip("\n") for line in lines))
        return _rich(output.get("data") or {})
    except Exception as error:  # a store of another version: one bad output must not hide the others
        return _note(f"An output could not be shown: {type(error).__name__}.")


def _rich(data: Mapping[str, Any]) -> dict[str, Any]:
    text = _text(_joined(data.get("text/plain")))
    picture = _picture(data)
    item: dict[str, Any]
    if isinstance(picture, str):
        item = {"kind": "picture", "source": picture, "alt": text["text"][:200]}
    elif picture is not None:
        item = picture | {"stream": "note"}
    else:
        item = {"kind": "text", "stream": "display"} | text
    markup = _joined(data.get("text/html"))
    if markup and item["kind"] != "picture":
        if len(markup) <= _HTML_LIMIT:
            item["html"] = markup
        else:
            item["more"] = f"HTML of {len(markup):,} characters is left out here."
    return item


def _picture(data: Mapping[str, Any]) -> str | dict[str, Any] | None:
    """A data URI; or a note when it is too large or broken; or None."""
    for mime in _PICTURES:
        if mime in data:
            encoded = "".join(_joined(data[mime]).split())
            if len(encoded) > _PICTURE_LIMIT:
                return _note(f"A picture of {len(encoded) * 3 // 4:,} bytes is too large to show here.")
            try:
                base64.b64decode(encoded, validate=True)
            except (binascii.Error, ValueError):
                return _note("A picture could not be read.")
            return f"data:{mime};base64,{encoded}"
    markup = _joined(data.get("image/svg+xml"))
    if not markup:
        return None
    if len(markup) > _PICTURE_LIMIT:
        return _note(f"A picture of {len(markup):,} characters is too large to show here.")
    return "data:image/svg+xml," + quote(markup, safe=" '()*;:@,/?=")


def _text(text: str) -> dict[str, Any]:
    """The end of a text (its newest lines) with the number of characters before it."""
    cut = max(len(text) - _TEXT_LIMIT, 0)
    return {"text": terminal_text(text[cut:])} | ({"cut": cut} if cut else {})


def _note(text: str) -> dict[str, Any]:
    return {"kind": "text", "stream": "note", "text": text}


def _joined(value: Any) -> str:
    """Text of nbformat, which may come as a list of lines."""
    if isinstance(value, (list, tuple)):
        return "".join(map(str, value))
    return "" if value is None else str(value)
