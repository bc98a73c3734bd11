"""The output of a run, made harmless."""

from __future__ import annotations

import base64

from rocket_magic.notebook.dashboard._outputs import output_items
from tests.dashboard.fakes import png


def test_streams_and_errors_become_text() -> None:
    """Escapes are taken out of streams and tracebacks."""
    items = output_items(
        [
            {"output_type": "stream", "name": "stdout", "text": ["a\x1b[31m", "b"]},
            {
                "output_type": "error",
                "ename": "E",
                "evalue": "x",
                "traceback": ["\x1b[0;31mTraceback\n", "E\x1b[0m: x\n"],
            },
        ]
    )
    assert items == [
        {"kind": "text", "stream": "stdout", "text": "ab"},
        {"kind": "error", "text": "Traceback\nE: x"},
    ]


def test_pictures_become_data_addresses() -> None:
    """PNG, JPEG and SVG are shown as images, where nothing in them can run."""
    svg = "<svg xmlns='http://www.w3.org/2000/svg'><script>CANARY=1</script>#</svg>"
    png_item, svg_item = output_items(
        [
            {"output_type": "display_data", "data": {"image/png": png() + "\n", "text/plain": "<Figure>"}},
            {"output_type": "display_data", "data": {"image/svg+xml": svg}},
        ]
    )
    assert png_item["source"].startswith("data:image/png;base64,iVBOR")
    assert png_item["alt"] == "<Figure>"
    assert svg_item["source"].startswith("data:image/svg+xml,")
    assert "<" not in svg_item["source"]
    assert "#" not in svg_item["source"]


def test_a_broken_or_huge_picture_is_a_note() -> None:
    """What can't be shown is told, and does not travel."""
    huge = base64.b64encode(b"x" * 2_000_000).decode()
    notes = output_items(
        [
            {"output_type": "display_data", "data": {"image/png": "no base64!"}},
            {"output_type": "display_data", "data": {"image/png": huge}},
        ]
    )
    assert [item["text"] for item in notes] == [
        "A picture could not be read.",
        "A picture of 2,000,001 bytes is too large to show here.",
    ]


def test_markup_travels_marked_beside_its_text() -> None:
    """HTML is for a sandboxed frame on a click; the text stands for it until then."""
    (item,) = output_items(
        [{"output_type": "execute_result", "data": {"text/plain": "df", "text/html": "<b>df</b>"}}]
    )
    assert item == {"kind": "text", "stream": "display", "text": "df", "html": "<b>df</b>"}


def test_scripts_and_unknown_kinds_show_their_text_only() -> None:
    """`application/javascript` and widgets are never sent."""
    (item,) = output_items(
        [
            {
                "output_type": "display_data",
                "data": {"application/javascript": "CANARY=1", "text/plain": "<Javascript>"},
            }
        ]
    )
    assert item == {"kind": "text", "stream": "display", "text": "<Javascript>"}


def test_floods_are_cut_with_a_note() -> None:
    """A long text keeps its end, a long list its newest items."""
    (item,) = output_items([{"output_type": "stream", "name": "stdout", "text": "x" * 150_000}])
    assert (len(item["text"]), item["cut"]) == (100_000, 50_000)
    items = output_items([{"output_type": "stream", "text": str(n)} for n in range(500)])
    assert items[0]["text"] == "300 earlier outputs are left out here."
    assert items[-1]["text"] == "499"


def test_a_broken_output_does_not_hide_the_others() -> None:
    """A store of another version may hold anything."""
    items = output_items(
        [{"output_type": "display_data", "data": 3}, {"output_type": "stream", "text": "ok"}]
    )
    assert [item["text"] for item in items] == ["An output could not be shown: AttributeError.", "ok"]
